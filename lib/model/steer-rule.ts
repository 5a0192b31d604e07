// Rules of a card that steer received flows: `ethtool --config-nfc` (man ethtool, flow-type).
import type {Mac} from './mac.ts';

/** Protocols of `flow-type`. */
export const flowTypes = ['ether', 'ip4', 'tcp4', 'udp4', 'sctp4', 'ip6', 'tcp6', 'udp6', 'sctp6'] as const;

export type FlowType = typeof flowTypes[number];

/** What happens to the flow. `vf` is the index of a VF of the PF, without a queue its first. */
export type SteerTarget =
	| {readonly kind: 'drop'}
	| {readonly kind: 'queue'; readonly queue: number}
	| {readonly kind: 'vf'; readonly vf: number; readonly queue: number | null};

/** One rule. What is missing matches everything. */
export interface SteerRule {
	readonly flow: FlowType;
	readonly sourceMac?: Mac;
	readonly destinationMac?: Mac;
	/** 0x0800 as a number. */
	readonly etherType?: number;
	/** VLAN id. */
	readonly vlan?: number;
	/** Addresses in CIDR notation. */
	readonly sourceIp?: string;
	readonly destinationIp?: string;
	readonly sourcePort?: number;
	readonly destinationPort?: number;
	readonly target: SteerTarget;
}
