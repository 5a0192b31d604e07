// The ethtool commands of steering rules and feature flags (man ethtool, --config-nfc, --features).
import {parsePrefix} from '../model/ip.ts';
import type {SteerRule, SteerTarget} from '../model/steer-rule.ts';
import type {SetFeatureAction, SetSteerAction} from './tuning-actions.ts';

type Words = [string, ...string[]];

/** The commands of a change: a rule at a location that has one is taken away first. */
export function steerCommand({netdev, location, from, to}: SetSteerAction): Words[] {
	return [
		...from === null ? [] : [deleteRuleCommand(netdev, location)],
		...to === null ? [] : [addRuleCommand(netdev, location, to)],
	];
}

/** Takes the rule at a location away. */
export function deleteRuleCommand(netdev: string, location: number): Words {
	return ['ethtool', '--config-nfc', netdev, 'delete', String(location)];
}

/** Puts a rule at a location. ethtool's masks are inverted: bits that are set do not matter. */
export function addRuleCommand(netdev: string, location: number, rule: SteerRule): Words {
	const {flow, sourceMac, destinationMac, etherType, sourceIp, destinationIp, sourcePort, destinationPort, target} = rule;
	const ether = flow === 'ether';
	const word = (name: string, value: string | number | undefined): string[] => value === undefined ? [] : [name, String(value)];
	return [
		'ethtool', '--config-nfc', netdev, 'flow-type', flow,
		...word('src', sourceMac), ...word(ether ? 'dst' : 'dst-mac', destinationMac),
		...word('proto', etherType === undefined ? undefined : hex(etherType)),
		...addressWords('src-ip', sourceIp), ...addressWords('dst-ip', destinationIp),
		...word('src-port', sourcePort), ...word('dst-port', destinationPort),
		...tagWords(rule), ...targetWords(target), 'loc', String(location),
	];
}

// Names that `--features` takes of those that `--show-features` shows.
const featureWords = {'ntuple-filters': 'ntuple'} as const;

/** Switches a feature flag. */
export function featureCommand({netdev, feature, to}: SetFeatureAction): Words {
	return ['ethtool', '--features', netdev, featureWords[feature], to];
}

// `action -1` is RX_CLS_FLOW_DISC; `vf` and `queue` are in ethtool since 4.1.
function targetWords(target: SteerTarget): string[] {
	switch (target.kind) {
		case 'drop': {
			return ['action', '-1'];
		}

		case 'queue': {
			return ['action', String(target.queue)];
		}

		case 'vf': {
			return ['vf', String(target.vf), 'queue', String(target.queue ?? 0)];
		}
	}
}

// The drop eligible bit between priority and id is never looked at, unless both are: i40e knows
// the whole tag alone (I40E_VLAN_SRC_MASK).
function tagWords({vlan, vlanPriority}: SteerRule): string[] {
	if (vlan === undefined && vlanPriority === undefined) {
		return [];
	}

	const free = vlan === undefined ? '0x1fff' : vlanPriority === undefined ? '0xf000' : undefined;
	return ['vlan', hex(((vlanPriority ?? 0) << 13) | (vlan ?? 0)), ...free === undefined ? [] : ['m', free]];
}

function addressWords(name: string, text: string | undefined): string[] {
	const prefix = text === undefined ? undefined : parsePrefix(text);
	if (prefix === undefined) {
		return [];
	}

	const {family, address, length} = prefix;
	const bits = family === 4 ? 32 : 128;
	return [name, address, ...length === bits ? [] : ['m', wildcard(family, length)]];
}

/** `0.0.0.255` for /24. */
function wildcard(family: 4 | 6, length: number): string {
	const [size, groups] = family === 4 ? [8, 4] : [16, 8];
	const parts = Array.from({length: groups}, (_, index) => (1 << (size - Math.min(size, Math.max(0, length - index * size)))) - 1);
	return parts.map(part => family === 4 ? String(part) : part.toString(16)).join(family === 4 ? '.' : ':');
}

function hex(value: number): string {
	return `0x${value.toString(16).padStart(4, '0')}`;
}
