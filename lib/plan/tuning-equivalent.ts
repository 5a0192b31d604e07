// The shell lines of actions on interrupts, receive queues, huge pages and steering rules.
import {cpuMask} from '../model/cpu-list.ts';
import {quote} from '../model/shell-word.ts';
import type {SetFeatureAction, SetHugepagesAction, SetIrqAffinityAction, SetRpsAction, SetSteerAction} from './tuning-actions.ts';
import {featureCommand, steerCommand} from './steer-command.ts';

/** Shell lines equivalent to the action. */
export function tuningEquivalent(action: SetIrqAffinityAction | SetRpsAction | SetHugepagesAction | SetFeatureAction | SetSteerAction): string[] {
	switch (action.kind) {
		case 'set-irq-affinity': {
			return [`echo ${action.to} > /proc/irq/${action.irq}/smp_affinity_list`];
		}

		case 'set-rps': {
			const {place: {netns, name}, queue, to} = action;
			const line = `echo ${cpuMask(to)} > ${quote(rpsFile(name, queue))}`;
			return [netns === null ? line : `ip netns exec ${quote(netns.name)} sh -c ${quote(line)}`];
		}

		case 'set-hugepages': {
			return [`echo ${action.to} > ${hugepagesFile(action)}`];
		}

		case 'set-feature': {
			return [featureCommand(action).map(word => quote(word)).join(' ')];
		}

		case 'set-steer': {
			return steerCommand(action).map(words => words.map(word => quote(word)).join(' '));
		}
	}
}

/** Net-sysfs shows only the interfaces of the namespace it was mounted in. */
export function rpsFile(netdev: string, queue: number): string {
	return `/sys/class/net/${netdev}/queues/rx-${queue}/rps_cpus`;
}

/** nr_hugepages of a size, of one node or of all (Documentation/admin-guide/mm/hugetlbpage.rst). */
export function hugepagesFile({sizeKiB, node}: Pick<SetHugepagesAction, 'sizeKiB' | 'node'>): string {
	return `${node === null ? '/sys/kernel/mm' : `/sys/devices/system/node/node${node}`}/hugepages/hugepages-${sizeKiB}kB/nr_hugepages`;
}
