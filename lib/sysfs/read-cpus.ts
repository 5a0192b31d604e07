// The CPUs of a host: online, isolated, by NUMA node and by core.
import type {FileReader} from '../host/host.ts';
import {parseCpuList} from '../model/cpu-list.ts';
import type {CpuFacts} from '../model/interrupts.ts';

const cpuDirectory = '/sys/devices/system/cpu';
const nodeDirectory = '/sys/devices/system/node';

/** The CPUs. A list that cannot be read is empty: then nothing can be placed, and that is told. */
export function readCpus(files: FileReader): CpuFacts {
	const online = readList(files, `${cpuDirectory}/online`);
	return {
		online,
		isolated: readList(files, `${cpuDirectory}/isolated`),
		nodes: new Map(files.list(nodeDirectory).flatMap(name => {
			const node = /^node(\d{1,5})$/.exec(name)?.[1];
			return node === undefined ? [] : [[Number(node), readList(files, `${nodeDirectory}/${name}/cpulist`)] as const];
		})),
		siblings: new Map(online.flatMap(cpu => {
			// A CPU that is offline has no topology directory (drivers/base/topology.c).
			const siblings = readList(files, `${cpuDirectory}/cpu${cpu}/topology/thread_siblings_list`);
			return siblings.length > 1 ? [[cpu, siblings] as const] : [];
		})),
	};
}

function readList(files: FileReader, path: string): number[] {
	return parseCpuList(files.readText(path) ?? '') ?? [];
}
