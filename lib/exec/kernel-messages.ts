// The kernel's log, and what it said about a device while a step ran: for the error text, which is told without it
// where dmesg does not answer.
import {AppError, errorSentence} from '../errors.ts';
import type {Host} from '../host/host.ts';

const shownLines = 5;
const timeoutMs = 10_000;

/** The ring buffer as dmesg prints it, or why it cannot be read. */
export async function readKernelBuffer(host: Host): Promise<string | {why: string}> {
	return outputOf(host, ['dmesg'], timeoutMs);
}

/** What a program that reads a log prints, or why it does not. */
export async function outputOf({runner}: Host, argv: readonly [string, ...string[]], waitMs: number): Promise<string | {why: string}> {
	try {
		const {code, stdout, stderr} = await runner.run(argv, {timeoutMs: waitMs});
		return code === 0 ? stdout : {why: `${argv[0]} says: ${stderr.trim().split('\n').at(-1) || `exit status ${code}`}`};
	} catch (error) {
		if (error instanceof AppError) {
			return {why: errorSentence(error)};
		}

		throw error;
	}
}

/** Seconds since boot, to be passed to `kernelMessagesSince` later; undefined when unknown. */
export function kernelTime(host: Host): number | undefined {
	const uptime = Number.parseFloat(host.files.readText('/proc/uptime') ?? '');
	return Number.isNaN(uptime) ? undefined : uptime;
}

/** The last lines of the kernel's log that name one of `names` (addresses, interfaces) and are not
 * older than `since`. */
export async function kernelMessagesSince(host: Host, since: number | undefined, names: readonly string[]): Promise<string[]> {
	// The step has its own error to tell, whatever dmesg meets.
	const buffer = await readKernelBuffer(host).catch(() => '');
	return typeof buffer === 'string' ? buffer.split('\n').filter(line => isNew(line, since) && names.some(name => line.includes(name))).slice(-shownLines) : [];
}

function isNew(line: string, since: number | undefined): boolean {
	const time = /^\[\s*(\d+\.\d+)\]/.exec(line)?.[1];
	// The log's clock and the uptime are not the same to the last digit.
	return since === undefined || time === undefined || Number.parseFloat(time) >= since - 0.5;
}
