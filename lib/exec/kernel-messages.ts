// What the kernel said about a device while a step ran, for the error text. Best effort: without
// dmesg the error is told without it.
import type {Host} from '../host/host.ts';

const shownLines = 5;

/** Seconds since boot, to be passed to `kernelMessagesSince` later; undefined when unknown. */
export function kernelTime(host: Host): number | undefined {
	const uptime = Number.parseFloat(host.files.readText('/proc/uptime') ?? '');
	return Number.isNaN(uptime) ? undefined : uptime;
}

/** The last lines of the kernel's log that name one of `names` (addresses, interfaces) and are not
 * older than `since`. */
export async function kernelMessagesSince(host: Host, since: number | undefined, names: readonly string[]): Promise<string[]> {
	try {
		const {code, stdout} = await host.runner.run(['dmesg'], {timeoutMs: 5000});
		if (code !== 0) {
			return [];
		}

		return stdout.split('\n').filter(line => isNew(line, since) && names.some(name => line.includes(name))).slice(-shownLines);
	} catch {
		return [];
	}
}

function isNew(line: string, since: number | undefined): boolean {
	const time = /^\[\s*(\d+\.\d+)\]/.exec(line)?.[1];
	// The log's clock and the uptime are not the same to the last digit.
	return since === undefined || time === undefined || Number.parseFloat(time) >= since - 0.5;
}
