// What the kernel module vfctl_fwd tells: which frames between the ports of a card it passes on, and
// why the others went to the card (docs/forward-abi.md).
import type {Bdf} from './bdf.ts';
import type {Mac} from './mac.ts';

/** Why a frame goes to the card (`card_REASON`), or everything from a port (`held`). */
export const cardReasons = {
	multicast: 'it is for many',
	unknown: 'no port of this card has that address',
	self: 'the sender has that address itself',
	duplicate: 'two ports have that address',
	spoofed: 'its source address is not the sender\'s, and spoofchk is on',
	vlan: 'it has a tag under a port VLAN, or one that is not 802.1Q, or the receiver is not known to take that VLAN',
	mtu: 'it is larger than one of the two takes',
	link: 'one end is down, or its link state is disabled',
	rate: 'the sender has a rate limit or a guaranteed rate',
	qdisc: 'the sender has a qdisc that does more than queue',
	tc: 'the sender has tc programs for what leaves',
	xdp: 'the receiver has an XDP program',
	offload: 'it needs what only a card does (time stamps, IPsec or TLS in the card), or its headers are bad',
	watched: 'the PF is promiscuous and has a trusted VF, which may listen to everything',
	vepa: 'the switch outside is to see it',
	control: 'it is LLDP or flow control, which no VF may send',
	bypass: 'its program wants the driver at once (PACKET_QDISC_BYPASS)',
	rules: 'what holds for one of the two could not be learned from the PF\'s driver',
} as const;

/** A sentence about a reason; one of a newer module has none. */
export function cardReasonText(reason: string): string {
	return Object.hasOwn(cardReasons, reason) ? cardReasons[reason as keyof typeof cardReasons] : 'a reason that this vfctl does not know';
}

/** Counters since the interface came, or since forwarding was switched on. */
export interface ForwardStats {
	/** What was passed on, as the card would have counted it: packets on the wire. */
	readonly txPackets: number;
	readonly txBytes: number;
	readonly rxPackets: number;
	readonly rxBytes: number;
	/** Frames handed over; a large one is many packets. */
	readonly passed: number;
	/** Frames that went to the card, by reason. */
	readonly card: Readonly<Record<string, number>>;
}

/** What the card lets a port do, as the PF's driver tells it. */
export interface PortRules {
	/** Addresses by which the port is found. */
	readonly macs: readonly Mac[];
	/** 0: none. */
	readonly portVlan: number;
	readonly spoofchk: boolean;
	readonly trust: boolean;
	readonly link: 'auto' | 'enable' | 'disable';
}

/** One interface of the PF or of a VF, in whatever network namespace. */
export interface ForwardPort {
	readonly vf: number | 'pf';
	readonly ifindex: number;
	/** Inode number of its network namespace. */
	readonly netnsInode: number;
	/** Why nothing from it is passed on, a name as in `cardReasons`; null: nothing holds it. */
	readonly held: string | null;
	/** Null: they could not be learned. */
	readonly rules: PortRules | null;
	readonly stats: ForwardStats;
}

/** How the module writes that a PF is in no group. */
export const noRelay = 'none';

/** Names of groups that the module takes. */
export const relayGroupName = /^(?!none$)[A-Za-z\d_-]{1,15}$/;

/** Why a frame was not relayed (`not_REASON`). */
export const relayReasons = {
	source: 'its source address is of no VF of this port, nor of the host behind it',
	duplicate: 'the address that it is for is behind two ports',
	vlan: 'it is in another VLAN than the receiver, or the receiver is not known to take that VLAN',
	link: 'one end is down, or its link state is disabled',
	mtu: 'it is larger than the other port takes',
	offload: 'the card put it together (LRO): ethtool -K PF lro off',
	vepa: 'the other card is in VEPA mode',
	rate: 'the sender asks for addresses too often',
} as const;

/** A sentence about a reason; one of a newer module has none. */
export function relayReasonText(reason: string): string {
	return Object.hasOwn(relayReasons, reason) ? relayReasons[reason as keyof typeof relayReasons] : 'a reason that this vfctl does not know';
}

/** What is relayed for a PF. */
export interface Relay {
	readonly group: string;
	/** Addresses that the card compares; 0 while the PF has no interface. */
	readonly filterLimit: number;
	/** Of these taken by the PF, its VFs and others. */
	readonly filterUsed: number;
	/** Addresses that found no room in the card. */
	readonly leftOut: number;
	/** What the card was given, each with the PF behind which it is: this one, or another of the group. */
	readonly macs: ReadonlyArray<{readonly mac: Mac; readonly home: Bdf}>;
	/** Frames relayed to VFs and to the host behind another PF, and copies of questions for an address. */
	readonly toVf: number;
	readonly toHost: number;
	readonly neighbours: number;
	/** Frames that were not, by reason. */
	readonly refused: Readonly<Record<string, number>>;
}

/** What a card's switch does with frames between VFs: delivers them itself, or sends all out to a switch
 * that reflects them (IFLA_BRIDGE_MODE; man bridge: hwmode). */
export const switchModes = ['veb', 'vepa'] as const;
export type SwitchMode = typeof switchModes[number];

/** One PF whose frames are passed on. */
export interface PfForwarding {
	readonly pf: Bdf;
	/** Of the card's switch; with `vepa` nothing is passed on. */
	readonly mode: 'veb' | 'vepa';
	/** Null: nothing is relayed, or the module is one without a relay. */
	readonly relay: Relay | null;
	/** The PF first, then VFs by number. */
	readonly ports: readonly ForwardPort[];
}
