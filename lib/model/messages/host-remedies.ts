// Things to do about a host that several families of messages advise.
import type {MessageRemedy} from './message-entry.ts';

/** For what only a better firmware cures. */
export const updateFirmware: MessageRemedy = {
	advice: 'Update the firmware of the machine.',
	command: 'dmidecode -s bios-version',
};

/** For modules that Secure Boot refuses. */
export const signModule: MessageRemedy = {
	advice: 'Sign it and enroll the key; the firmware asks for the password at the next boot.',
	command: 'vfctl driver install --sign-key KEY --sign-cert CERT; mokutil --import CERT.der',
};

/** The last resort without interrupt remapping: vfctl wants the risk named. */
export const unsafeInterrupts: MessageRemedy = {
	advice: 'Only where every guest is trusted as root of the host is, VFIO can be told to do without.',
	command: 'echo 1 > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts; vfctl attach {guest|GUEST} VF --accept-risk unsafe-interrupts',
};

/** For devices that do not come back from D3. */
export const keepAwake: MessageRemedy = {
	advice: 'Keep unused devices of vfio-pci awake: option disable_idle_d3=1.',
	command: 'echo "options vfio-pci disable_idle_d3=1" > /etc/modprobe.d/vfio-pci-d3.conf',
};

/** For VFs that are missing after a boot. */
export const vfsAtBoot: MessageRemedy = {
	advice: 'Let them be made at every boot, from a host file.',
	command: 'vfctl export > host.yaml; vfctl persist on --host-file host.yaml',
};
