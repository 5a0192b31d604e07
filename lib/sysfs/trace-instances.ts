// Traces of the kernel, and instances of them that vfctl made.
import type {FileReader} from '../host/host.ts';

const ours = /^vfctl-(\d{1,10})$/;

/** Where tracefs is mounted, as far as we may see it. */
export function tracefsDirectory(files: FileReader): string | undefined {
	return ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find(directory => files.exists(`${directory}/trace_clock`) && files.exists(`${directory}/instances`));
}

/** Directories of instances that `vfctl trace` of a process that is gone left behind. One with the number of
 * this process is such a one too, before it makes its own. */
export function leftTraces(files: FileReader, root: string, ownPid: number): string[] {
	return files.list(`${root}/instances`).filter(name => {
		const pid = ours.exec(name)?.[1];
		return pid !== undefined && (Number(pid) === ownPid || !files.exists(`/proc/${pid}`));
	}).map(name => `${root}/instances/${name}`);
}
