// The CPUs of a synthetic host.
import {cpuListText} from '../model/cpu-list.ts';
import type {Machine} from './machine.ts';

export interface CpuShape {
	count: number;
	/** NUMA nodes with equal parts of the CPUs. */
	nodes: number;
	/** Threads of a core; the second threads come after all first ones of a node, as on Intel's. */
	threadsPerCore: number;
	offline: readonly number[];
	isolated: readonly number[];
}

export const usualCpus: CpuShape = {count: 2, nodes: 1, threadsPerCore: 1, offline: [], isolated: []};

/** Puts /sys/devices/system/cpu and node. */
export function buildCpus({tree}: Machine, {count, nodes, threadsPerCore, offline, isolated}: CpuShape): void {
	const all = Array.from({length: count}, (_, cpu) => cpu);
	const directory = '/sys/devices/system/cpu';
	tree.putValue(`${directory}/possible`, cpuListText(all));
	tree.putValue(`${directory}/online`, cpuListText(all.filter(cpu => !offline.includes(cpu))));
	tree.putValue(`${directory}/isolated`, cpuListText(isolated));
	const perNode = count / nodes;
	const cores = perNode / threadsPerCore;
	for (let node = 0; node < nodes; node++) {
		const own = all.slice(node * perNode, (node + 1) * perNode);
		tree.putValue(`/sys/devices/system/node/node${node}/cpulist`, cpuListText(own.filter(cpu => !offline.includes(cpu))));
		for (const [index, cpu] of own.entries()) {
			if (threadsPerCore > 1 && !offline.includes(cpu)) {
				tree.putValue(`${directory}/cpu${cpu}/topology/thread_siblings_list`, cpuListText(own.filter((other, at) => at % cores === index % cores && !offline.includes(other))));
			}
		}
	}
}

/** CPUs near a function: local_cpulist (pci_dev_show_local_cpu). */
export function localCpus({tree}: Machine, numaNode: number): string {
	return tree.value(numaNode < 0 ? '/sys/devices/system/cpu/online' : `/sys/devices/system/node/node${numaNode}/cpulist`);
}
