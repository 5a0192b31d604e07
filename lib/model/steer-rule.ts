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

/** What a rule looks at. What is missing matches everything. */
export interface SteerMatch {
	readonly flow: FlowType;
	/** `ether` only: ethtool has no source MAC for the others. */
	readonly sourceMac?: Mac;
	readonly destinationMac?: Mac;
	/** 0x0800 as a number; `ether` only. */
	readonly etherType?: number;
	/** VLAN id. */
	readonly vlan?: number;
	/** Priority bits of the VLAN tag, 0-7. */
	readonly vlanPriority?: number;
	/** Addresses in CIDR notation. */
	readonly sourceIp?: string;
	readonly destinationIp?: string;
	readonly sourcePort?: number;
	readonly destinationPort?: number;
}

/** One rule. */
export interface SteerRule extends SteerMatch {
	readonly target: SteerTarget;
}

const matchFields = ['flow', 'sourceMac', 'destinationMac', 'etherType', 'vlan', 'vlanPriority', 'sourceIp', 'destinationIp', 'sourcePort', 'destinationPort'] as const satisfies ReadonlyArray<keyof SteerMatch>;

/** Fields that a rule compares, but for the flow type. */
export function matchedFields(match: SteerMatch): Array<Exclude<keyof SteerMatch, 'flow'>> {
	return matchFields.filter((field): field is Exclude<typeof field, 'flow'> => field !== 'flow' && match[field] !== undefined);
}

/** Two rules look for the same packets. */
export function sameMatch(a: SteerMatch, b: SteerMatch): boolean {
	return matchFields.every(field => a[field] === b[field]);
}

/** Two rules do the same to a packet: a VF without a queue is its queue 0. */
export function sameTarget(a: SteerTarget, b: SteerTarget): boolean {
	switch (a.kind) {
		case 'drop': {
			return b.kind === 'drop';
		}

		case 'queue': {
			return b.kind === 'queue' && a.queue === b.queue;
		}

		case 'vf': {
			return b.kind === 'vf' && a.vf === b.vf && (a.queue ?? 0) === (b.queue ?? 0);
		}
	}
}

export function sameRule(a: SteerRule, b: SteerRule): boolean {
	return sameMatch(a, b) && sameTarget(a.target, b.target);
}
