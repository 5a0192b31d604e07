// Things to do that several families of messages advise, in the words of this program's own commands.
import type {MessageRemedy} from './message-entry.ts';

/** For lines of a PF driver, or of its interface. */
export const pfUp: MessageRemedy = {
	advice: 'Bring the PF up on the host; it need not have an address.',
	command: 'ip link set {netdev|PF} up',
};

/** For lines of a VF driver, which knows its PF only by what the host tells. */
export const pfUpFromVf: MessageRemedy = {
	advice: 'Bring the PF up on the host; it need not have an address. Then load the VF driver again or restart the guest.',
	command: 'ip link set {pf|PF} up',
};

/** For lines with the group `vf`. */
export const trustVf: MessageRemedy = {
	advice: 'If you trust the guest with it, trust its VF.',
	command: 'vfctl vf set {netdev|PF}#{vf} --trust on',
};

/** For lines that do not tell which VF it was. */
export const trustSomeVf: MessageRemedy = {
	advice: 'Find the VF (the guest that changed something at that time), and trust it if you want to allow it.',
	command: 'vfctl vf set {netdev|PF}#VF --trust on',
};

/** For lines with the group `vf`. */
export const showVf: MessageRemedy = {
	advice: 'See how the VF is set and who has it.',
	command: 'vfctl show {netdev|PF}#{vf}',
};

export const listVfs: MessageRemedy = {
	advice: 'See the VFs of this PF and who has them.',
	command: 'vfctl list {netdev|PF}',
};


export const spoofchkOff: MessageRemedy = {
	advice: 'If the guest sends for others on purpose (bridge, VRRP, nested guests) and you trust it, let its frames pass.',
	command: 'vfctl vf set {netdev|PF}#{vf} --spoofchk off',
};

export const vlanOff: MessageRemedy = {
	advice: 'If the guest is to tag by itself, take the port VLAN away.',
	command: 'vfctl vf set {netdev|PF}#{vf} --vlan 0',
};

export const restartVfDriver: MessageRemedy = {
	advice: 'Where the VF is used, load its driver again, or restart the guest.',
};

export const newerFirmware: MessageRemedy = {
	advice: 'Compare the firmware with the newest of the vendor of the card or server, and update it.',
	command: 'ethtool -i {netdev|PF}',
};

/** For a port that lost its link or its traffic. */
export const lookAtLink: MessageRemedy = {
	advice: 'Look at link, speed and module, and at the port of the switch.',
	command: 'ethtool {netdev|PF}',
};

export const errorCounters: MessageRemedy = {
	advice: 'Look at the counters of errors, drops and pause frames.',
	command: 'ethtool -S {netdev|PF}',
};

export const fewerVfs: MessageRemedy = {
	advice: 'Make fewer VFs.',
	command: 'vfctl vf create {netdev|PF} COUNT',
};

/** For cards whose hardware answers no more. */
export const powerCycle: MessageRemedy = {
	advice: 'Switch the server off and on again (a reboot does not take power from the slot); if it comes back, try the card in another slot, then another card.',
};

export const otherKernelLines: MessageRemedy = {
	advice: 'Read the lines of the kernel just before this one: they say why.',
	command: 'journalctl -k -b',
};

export const faultsOfBus: MessageRemedy = {
	advice: 'Look for faults of the IOMMU and the bus at that time.',
	command: 'journalctl -k -b | grep -E "DMAR|AMD-Vi|AER"',
};

export const lookAtModule: MessageRemedy = {
	advice: 'See what the module says of itself.',
	command: 'ethtool -m {netdev|PF}',
};

export const settingsAgain: MessageRemedy = {
	advice: 'See that each VF has its settings again.',
	command: 'vfctl list {netdev|PF}',
};

export const persistVfs: MessageRemedy = {
	advice: 'Let the VFs of each PF come back at boot as they are now.',
	command: 'vfctl persist on',
};

export const noNomsi: MessageRemedy = {
	advice: 'See that the kernel line has no pci=nomsi.',
	command: 'cat /proc/cmdline',
};

export const seeHolders: MessageRemedy = {
	advice: 'See who has them.',
	command: 'vfctl list {netdev|PF}',
};

export const takeVfsBack: MessageRemedy = {
	advice: 'Take them back from the guests, then try again.',
	command: 'vfctl detach GUEST VF',
};

export const coolServer: MessageRemedy = {
	advice: 'Look at fans and temperatures of the server.',
	command: 'ipmitool sdr type Temperature; ipmitool sdr type Fan',
};

export const healthReports: MessageRemedy = {
	advice: 'See what the card recorded about it.',
	command: 'devlink health show pci/{bdf|BDF}',
};

export const freeMemory: MessageRemedy = {
	advice: 'See what is free, and how much huge pages hold.',
	command: 'grep -E "MemAvailable|HugePages" /proc/meminfo',
};

export const macForLater: MessageRemedy = {
	advice: 'If you want a lasting address, set it on the host, then load the VF driver again or restart the guest.',
	command: 'vfctl vf set {pf|PF}#{vf|VF} --mac MAC',
};

export const untaggedInGuest: MessageRemedy = {
	advice: 'Use the interface untagged in the guest: the card adds and takes the tag.',
};

export const unicastInGuest: MessageRemedy = {
	advice: 'In the guest, give the interface a unicast MAC or none at all.',
};

export const fewerAddresses: MessageRemedy = {
	advice: 'Take addresses away: macvlans and bridge members in guests, and addresses put into the PF.',
	command: 'bridge fdb show dev {netdev|PF}',
};

export const orFewerVfs: MessageRemedy = {
	advice: 'Or make fewer VFs; that needs all guests of this PF to give theirs back.',
	command: 'vfctl vf create {netdev|PF} COUNT',
};

export const noMaxVfs: MessageRemedy = {
	advice: 'Find the parameter and take it away.',
	command: 'grep -r max_vfs /etc/modprobe.d /proc/cmdline',
};

export const withoutSegmentation: MessageRemedy = {
	advice: 'To find out, switch segmentation in the card off for a while.',
	command: 'ethtool -K {netdev|PF} tso off gso off',
};

export const linesOfSlot: MessageRemedy = {
	advice: 'Look for what the bus says of its slot.',
	command: 'journalctl -k -b | grep -iE "AER|pciehp|DPC|D3"',
};

export const writeFirmware: MessageRemedy = {
	advice: 'Write the firmware anew with the update tool of the vendor of the card or server, then switch the server off and on.',
};

export const portVlanFromVf: MessageRemedy = {
	advice: 'With a port VLAN, use the interface untagged. See on the host whether there is one.',
	command: 'vfctl show {pf|PF}#{vf|VF}',
};

export const vlanOffFromVf: MessageRemedy = {
	advice: 'Or let the guest tag by itself.',
	command: 'vfctl vf set {pf|PF}#{vf|VF} --vlan 0',
};

export const vfDownUp: MessageRemedy = {
	advice: 'If it matters, set the interface down and up.',
	command: 'ip link set {netdev|VF} down && ip link set {netdev|VF} up',
};

export const showsMsix: MessageRemedy = {
	advice: 'See whether the device shows MSI-X.',
	command: 'lspci -vv -s {bdf|BDF}',
};

export const pauseFrames: MessageRemedy = {
	advice: 'Look for pause frames and errors.',
	command: 'ethtool -S {netdev|PF} | grep -E "xoff|xon|err|drop|mdd"',
};

export const afterUnsuccessful: MessageRemedy = {
	advice: 'After "unsuccessful": load the driver again. All VFs of the card are gone then; see who has them first.',
	command: 'vfctl list {netdev|PF}',
};

export const listedModule: MessageRemedy = {
	advice: 'Put in a module that is listed for this card or server (some are coded for several makers).',
};

export const fewerQueuesElsewhere: MessageRemedy = {
	advice: 'If queues are missing, give ports that need few fewer of them.',
	command: 'ethtool -L {netdev|PF} combined 8',
};

export const reloadPfDriver: MessageRemedy = {
	advice: 'Load the driver again; all VFs of the card go away with it, see who has them first.',
	command: 'vfctl list {netdev|PF}',
};

/** For lines with the group `vf`. */
export const setAgain: MessageRemedy = {
	advice: 'Set it again after a second; vfctl waits and looks whether it was taken.',
	command: 'vfctl vf set {netdev|PF}#{vf} ...',
};

/** For lines with the group `vf`. */
export const updateVfDriver: MessageRemedy = {
	advice: 'Update the VF driver of the guest, and see what ran there.',
	command: 'vfctl show {netdev|PF}#{vf}',
};

/** For lines with the group `most`. */
export const noMoreThan: MessageRemedy = {
	advice: 'Make {most} or fewer.',
	command: 'vfctl vf create {netdev|PF} {most}',
};

export const speedOfLink: MessageRemedy = {
	advice: 'See the speed of the link, and ask for no more.',
	command: 'ethtool {netdev|PF}',
};

export const fewerPfQueues: MessageRemedy = {
	advice: 'Or give the PF fewer queues first.',
	command: 'ethtool -L {netdev|PF} combined 8',
};

/** For lines that may or may not have the group `vf`. */
export const trustThatVf: MessageRemedy = {
	advice: 'If you trust the guest with it, trust its VF.',
	command: 'vfctl vf set {netdev|PF}#{vf|VF} --trust on',
};
