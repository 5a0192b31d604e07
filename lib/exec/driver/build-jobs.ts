// How many compilers may run at once.
import type {FileReader} from '../../host/host.ts';
import {parseCpuList} from '../../model/cpu-list.ts';

/** One for each CPU that is online. */
export function readCpus(files: FileReader): number {
	const online = parseCpuList(files.readText('/sys/devices/system/cpu/online')?.trim() ?? '');
	return Math.max(1, online?.length ?? 1);
}
