// What shells and tee print when a write to sysfs is refused. `echo` does not name the file, so that the
// texts go through the files it may have been. Errors: drivers/pci/iov.c sriov_numvfs_store,
// drivers/base/bus.c bind_store and unbind_store, drivers/pci/pci-driver.c new_id_store.
import type {MessageEntry} from './message-entry.ts';

// bash, zsh and busybox say `write error: `, dash `echo: I/O error`, tee names the file.
const said = (error: string): RegExp => new RegExp(String.raw`(?:write error: |(?:tee: |cannot write to )'?(?<path>\/sys\/[\w.:/-]{5,160})'?: )(?<error>${error})`, 'i');

export const shellMessages: readonly MessageEntry[] = [
	{
		id: 'shell.write-no-memory',
		severity: 'error',
		pattern: said('Cannot allocate memory'),
		meaning: 'A write to {path|a file of sysfs} was refused: no memory. Of sriov_numvfs that means no address space for the VFs, not a lack of RAM.',
		cause: 'The VF BARs got no addresses ("not enough MMIO resources for SR-IOV"), or the VFs would need bus numbers that the port does not have ("out of range of [bus ..]"). The kernel\'s log of the same moment says which.',
		remedies: [
			{advice: 'Read the kernel\'s line.', command: 'dmesg | grep -E "SR-IOV|can\'t enable|VF BAR|no space" | tail -5'},
			{advice: 'In the firmware setup switch on SR-IOV and "Above 4G Decoding"; then kernel option pci=realloc (for bus numbers pci=assign-busses).'},
			{advice: 'Ask for fewer VFs.', command: 'vfctl vf create {netdev|PF} COUNT'},
		],
		source: 'drivers/pci/iov.c sriov_enable (-ENOMEM)',
		examples: [
			'-bash: echo: write error: Cannot allocate memory',
			'tee: /sys/bus/pci/devices/0000:3b:00.0/sriov_numvfs: Cannot allocate memory',
		],
	},
	{
		id: 'shell.write-busy',
		severity: 'error',
		pattern: said('Device or resource busy'),
		meaning: 'A write to {path|a file of sysfs} was refused: something is in use.',
		cause: 'sriov_numvfs: VFs exist, and the count can only be changed from 0; or a VF is with a guest; or the driver of the PF refuses (flow rules, RDMA, switchdev). bind: the device has a driver already, or a driver refused it as busy.',
		remedies: [
			{advice: 'Let vfctl change the count: it goes through 0 only when no VF has a user.', command: 'vfctl list {netdev|PF}; vfctl vf create {netdev|PF} COUNT'},
			{advice: 'Of bind: see which driver it has, and let vfctl change it.', command: 'vfctl bind VF vfio-pci'},
		],
		source: 'drivers/pci/iov.c sriov_numvfs_store (-EBUSY)',
		examples: [
			'-bash: echo: write error: Device or resource busy',
			'tee: /sys/class/net/ens6f1/device/sriov_numvfs: Device or resource busy',
		],
	},
	{
		id: 'shell.write-out-of-range',
		severity: 'error',
		pattern: said('(?:Numerical result out of range|Result not representable)'),
		meaning: 'A write to {path|a file of sysfs} was refused: the number is too high.',
		cause: 'More VFs were asked for than the PF can have: sriov_totalvfs. That count is 0 when SR-IOV is off in the card\'s firmware, and smaller when the driver lowered it.',
		remedies: [
			{advice: 'See how many the PF can have.', command: 'vfctl list {netdev|PF}; cat /sys/class/net/{netdev|PF}/device/sriov_totalvfs'},
			{advice: 'If it is 0 or too few, change it in the card\'s firmware setup or with the vendor\'s tool (mlxconfig, nvmupdate).'},
		],
		source: 'drivers/pci/iov.c sriov_numvfs_store (-ERANGE)',
		examples: [
			'-bash: echo: write error: Numerical result out of range',
			'root@px1:~# bash: echo: write error: Numerical result out of range',
			'tee: /sys/class/net/eth2/device/sriov_numvfs: Numerical result out of range',
		],
	},
	{
		id: 'shell.write-no-such-file',
		severity: 'error',
		pattern: said('No such file or directory'),
		meaning: 'A write to {path|a file of sysfs} was refused: something that it needs is not there.',
		cause: 'sriov_numvfs: the PF has no driver, or a driver that makes no VFs this way. The file itself is there, otherwise the shell would have said so when it opened it.',
		remedies: [
			{advice: 'See which driver the PF has, and what the kernel said.', command: 'lspci -ks PF; dmesg | grep -E "cannot configure SR-IOV|does not support SR-IOV" | tail -3'},
			{advice: 'Load the network driver of the card.'},
		],
		source: 'drivers/pci/iov.c sriov_numvfs_store (-ENOENT)',
		examples: ['-bash: echo: write error: No such file or directory'],
	},
	{
		id: 'shell.write-no-device',
		severity: 'error',
		pattern: said('No such device'),
		meaning: 'A write to {path|a file of sysfs} was refused: no such device there.',
		cause: 'bind: the driver does not take this device: it is not in its list and driver_override does not name the driver; or the address is wrong (it needs the domain: 0000:3b:10.0). unbind: the device is not with that driver.',
		remedies: [
			{advice: 'Let vfctl do it: it sets driver_override for this one device, binds, and looks at the outcome.', command: 'vfctl bind VF vfio-pci'},
			{advice: 'Do not use new_id instead: it takes every device of that kind, those of the host too.'},
		],
		source: 'drivers/base/bus.c bind_store, unbind_store (-ENODEV)',
		examples: [
			'-bash: echo: write error: No such device',
			'tee: /sys/bus/pci/drivers/vfio-pci/bind: No such device',
		],
	},
	{
		id: 'shell.write-invalid',
		severity: 'error',
		pattern: said('Invalid argument'),
		meaning: 'A write to {path|a file of sysfs} was refused: the text is not valid there.',
		cause: 'sriov_numvfs: not a number, or a driver that takes only some counts. bind: the driver looked at the device and refused it (vfio-pci: no IOMMU group, or a PF with VFs). driver_override: a name that is too long. new_id: an ID that a driver has already, or not two hexadecimal numbers.',
		remedies: [
			{advice: 'Read what the kernel said.', command: 'dmesg | tail -5'},
			{advice: 'When vfio-pci refuses: see that an IOMMU is in use.', command: 'vfctl iommu'},
		],
		source: 'drivers/pci/iov.c, drivers/base/dd.c device_driver_attach (-EINVAL)',
		examples: [
			'bash: echo: write error: Invalid argument',
			'tee: /sys/bus/pci/drivers/vfio-pci/bind: Invalid argument',
		],
	},
	{
		id: 'shell.write-exists',
		severity: 'error',
		pattern: said('File exists'),
		meaning: 'A write to {path|a file of sysfs} was refused: it is there already.',
		cause: 'new_id: the driver has that kind of device in its list, from before. The device is taken when it is probed, without writing the ID again.',
		remedies: [
			{advice: 'Use driver_override for this one device instead; vfctl does.', command: 'vfctl bind VF vfio-pci'},
			{advice: 'Take the ID out again, so that no other device of that kind is caught.', command: 'echo "VENDOR DEVICE" > /sys/bus/pci/drivers/vfio-pci/remove_id'},
		],
		source: 'drivers/pci/pci-driver.c new_id_store (-EEXIST)',
		examples: ['bash: echo: write error: File exists', 'tee: /sys/bus/pci/drivers/vfio-pci/new_id: File exists'],
	},
	{
		id: 'shell.write-not-permitted',
		severity: 'error',
		pattern: said('Operation not permitted'),
		meaning: 'A write to {path|a file of sysfs} was refused: not permitted.',
		cause: 'sriov_numvfs: VFs of this PF are with guests. Otherwise a locked-down kernel (Secure Boot), a container without the right, or a namespace that does not own the device.',
		remedies: [
			{advice: 'See who has the VFs, and whether the kernel is locked down.', command: 'vfctl list PF; cat /sys/kernel/security/lockdown; dmesg | tail -5'},
		],
		source: 'drivers/pci/iov.c pci_sriov_configure_simple and PF drivers (-EPERM)',
		examples: ['bash: echo: write error: Operation not permitted'],
	},
	{
		id: 'shell.write-unsupported',
		severity: 'error',
		pattern: said('(?:Operation not supported|Function not implemented)'),
		meaning: 'A write to {path|a file of sysfs} was refused: this device or driver cannot do that.',
		cause: 'sriov_numvfs: the driver of the PF cannot make VFs now (an XDP program, too many traffic classes, a mode of the card) or was built without SR-IOV. reset: the device has no reset of its own.',
		remedies: [{advice: 'Read what the driver said.', command: 'dmesg | tail -5'}],
		source: 'PF drivers (-EOPNOTSUPP, -ENOSYS)',
		examples: ['bash: echo: write error: Operation not supported', 'bash: echo: write error: Function not implemented'],
	},
	{
		id: 'shell.write-again',
		severity: 'warning',
		pattern: said('Resource temporarily unavailable'),
		meaning: 'A write to {path|a file of sysfs} was refused for now.',
		cause: 'The driver of the PF is in a reset or has not finished the last change.',
		remedies: [{advice: 'Wait some seconds and try again; see what the driver says if it stays so.', command: 'dmesg | tail -5'}],
		source: 'PF drivers (-EAGAIN)',
		examples: ['bash: echo: write error: Resource temporarily unavailable'],
	},
	{
		id: 'shell.write-io-error',
		severity: 'error',
		pattern: /(?:write error: Input\/output error|echo: echo: I\/O error|echo: I\/O error)/,
		meaning: 'A write to a file of sysfs failed.',
		cause: 'dash (sh) says "I/O error" whatever the reason was; from other shells it is the device or its firmware that did not answer.',
		remedies: [
			{advice: 'With sh, do it again in bash to see the reason.', command: 'bash -c "echo COUNT > /sys/bus/pci/devices/PF/sriov_numvfs"'},
			{advice: 'Read what the driver said.', command: 'dmesg | tail -5'},
		],
		source: 'dash src/bltin/printf.c echocmd',
		examples: ['sh: 1: echo: echo: I/O error', 'bash: echo: write error: Input/output error'],
	},
	{
		id: 'shell.open-denied',
		severity: 'error',
		pattern: /(?:cannot create )?(?<path>\/sys\/[\w.:/-]{5,160}): Permission denied/,
		meaning: 'You may not write {path}.',
		cause: 'It needs root. "sudo echo N > FILE" does not help: the shell opens the file before sudo runs. Of root: the file is read-only in that place (a driver without SR-IOV, a container, a security module).',
		remedies: [
			{advice: 'Use root\'s shell, or tee.', command: 'echo N | sudo tee {path}'},
			{advice: 'Or let vfctl do it.', command: 'sudo vfctl vf create PF COUNT'},
		],
		source: 'shell, open(2) (EACCES)',
		examples: [
			'bash: /sys/class/net/ens6f1/device/sriov_numvfs: Permission denied',
			'sh: 6: cannot create /sys/bus/pci/devices/0000:3b:00.0/sriov_numvfs: Permission denied',
		],
	},
	{
		id: 'shell.sysfs-missing',
		severity: 'error',
		pattern: /(?:bash|zsh|sh|cat|ls)(?:: \d+)?: (?:cannot (?:create|open|access) )?'?(?<path>\/sys\/(?:class\/net|bus\/pci)\/[\w.:/-]{5,160})'?: (?:No such file or directory|Directory nonexistent)/,
		meaning: 'There is no {path}.',
		cause: 'Of sriov_numvfs: the device has no SR-IOV (it is a VF, another function, or SR-IOV is off in the firmware of card or machine), or there is no device of that name. Of a driver: its module is not loaded.',
		remedies: [
			{advice: 'See which PFs there are.', command: 'vfctl list'},
			{advice: 'See whether the card shows SR-IOV at all.', command: 'lspci -vvs ADDRESS | grep -A8 SR-IOV'},
		],
		source: 'drivers/pci/iov.c sriov_pf_attrs_are_visible; shell, open(2) (ENOENT)',
		examples: [
			'bash: /sys/class/net/ens6f1/device/sriov_numvfs: No such file or directory',
			"ls: cannot access '/sys/bus/pci/drivers/vfio-pci': No such file or directory",
			'sh: 1: cannot create /sys/bus/pci/drivers/vfio-pci/bind: Directory nonexistent',
		],
	},
];
