// One line about an action on namespaces, interrupts, queues, huge pages or steering rules.
import type {NetdevPlace} from '../model/netns.ts';
import type {SteerMatch, SteerRule, SteerTarget} from '../model/steer-rule.ts';
import type {MoveNetdevAction, MovePlace, NetnsNetworkAction} from '../plan/netns-actions.ts';
import type {SetFeatureAction, SetHugepagesAction, SetIrqAffinityAction, SetRpsAction, SetSteerAction} from '../plan/tuning-actions.ts';
import {guestIpText} from './guest-ip-text.ts';

type TuningAction = MoveNetdevAction | NetnsNetworkAction | SetIrqAffinityAction | SetRpsAction | SetHugepagesAction | SetFeatureAction | SetSteerAction;

/** What the action does. */
export function tuningText(action: TuningAction): string {
	switch (action.kind) {
		case 'move-netdev': {
			const {from, to} = action;
			return from.netns?.inode === to.netns?.inode ? `rename ${movePlaceText(from)} to ${to.name}` : `move ${movePlaceText(from)} of ${action.bdf} to ${to.netns === null ? `the host${to.name === null ? '' : ` as ${to.name}`}` : movePlaceText(to)}`;
		}

		case 'netns-network': {
			const {place, from, to} = action;
			return `set ${placeText(place)}: ${[...to.mac === null || to.mac === from.mac ? [] : [to.mac], guestIpText(to), to.up ? 'up' : 'down'].join(', ')}`;
		}

		case 'set-irq-affinity': {
			return `let CPUs ${action.to} take interrupt ${action.irq} of ${action.bdf} (were ${action.from})`;
		}

		case 'set-rps': {
			return `spread queue ${action.queue} of ${placeText(action.place)} over CPUs ${action.to || 'none'} (were ${action.from || 'none'})`;
		}

		case 'set-hugepages': {
			return `keep ${action.to} huge pages of ${sizeText(action.sizeKiB)}${action.node === null ? '' : ` on NUMA node ${action.node}`} (were ${action.from})`;
		}

		case 'set-feature': {
			return `switch ${action.feature} of ${action.netdev} ${action.to}`;
		}

		case 'set-steer': {
			return action.to === null ? `remove steering rule ${action.location} of ${action.netdev}` : `${action.from === null ? 'add' : 'change'} steering rule ${action.location} of ${action.netdev}: ${steerRuleText(action.to)}`;
		}
	}
}

/** `eth1v0 in blue`; the namespace of the host is not named. */
export function placeText({netns, name}: NetdevPlace): string {
	return netns === null ? name : `${name} in ${netns.name}`;
}

/** The same of a place whose name may not be known yet. */
export function movePlaceText({netns, name}: MovePlace): string {
	return placeText({netns, name: name ?? 'its interface'});
}

/** `2 MiB`. */
export function sizeText(kiB: number): string {
	return kiB % 1_048_576 === 0 ? `${kiB / 1_048_576} GiB` : kiB % 1024 === 0 ? `${kiB / 1024} MiB` : `${kiB} KiB`;
}

/** `tcp4 to 10.0.0.1/32 port 80 -> VF 2`. */
export function steerRuleText(rule: SteerRule): string {
	return `${steerMatchText(rule)} -> ${targetText(rule.target)}`;
}

/** `tcp4 to 10.0.0.1/32 port 80`. */
export function steerMatchText({flow, sourceMac, destinationMac, etherType, vlan, vlanPriority, sourceIp, destinationIp, sourcePort, destinationPort}: SteerMatch): string {
	const side = (word: string, mac: string | undefined, ip: string | undefined, port: number | undefined) => {
		const parts = [...mac === undefined ? [] : [mac], ...ip === undefined ? [] : [ip], ...port === undefined ? [] : [`port ${port}`]];
		return parts.length === 0 ? [] : [`${word} ${parts.join(' ')}`];
	};

	return [
		flow,
		...etherType === undefined ? [] : [`type 0x${etherType.toString(16).padStart(4, '0')}`],
		...vlan === undefined ? [] : [`VLAN ${vlan}`],
		...vlanPriority === undefined ? [] : [`VLAN priority ${vlanPriority}`],
		...side('from', sourceMac, sourceIp, sourcePort),
		...side('to', destinationMac, destinationIp, destinationPort),
	].join(' ');
}

/** `VF 2 queue 0`. */
export function targetText(target: SteerTarget): string {
	switch (target.kind) {
		case 'drop': {
			return 'drop';
		}

		case 'queue': {
			return `queue ${target.queue}`;
		}

		case 'vf': {
			return `VF ${target.vf}${target.queue === null ? '' : ` queue ${target.queue}`}`;
		}
	}
}
