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

export const mailboxOfVf: MessageRemedy = {
	advice: 'See what the VF asked for and what the PF answered.',
	command: 'vfctl mailbox {netdev|PF}#{vf}',
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
