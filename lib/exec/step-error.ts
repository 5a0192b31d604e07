// Errors of steps, with what was seen.
import {AppError, type ErrorFacts} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {kernelMessagesSince} from './kernel-messages.ts';

/** Where to look in the kernel's log: since when (`kernelTime`), for which names. */
export interface KernelTrace {
	since: number | undefined;
	names: readonly string[];
}

/** STEP_FAILED, with the kernel's own words about the devices when it said something. */
export async function stepFailed(host: Host, message: string, facts: ErrorFacts, trace?: KernelTrace): Promise<AppError> {
	const kernel = trace === undefined ? [] : await kernelMessagesSince(host, trace.since, trace.names);
	const why = [facts.why, kernel.length === 0 ? undefined : `the kernel said: ${kernel.join(' | ')}`].filter(part => part !== undefined).join('; ');
	return new AppError('STEP_FAILED', message, {...facts, ...(why === '' ? {} : {why}), details: {...facts.details, ...(kernel.length === 0 ? {} : {kernel})}});
}

/** The errno name of a failed file access, or undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
	const code = error instanceof AppError ? undefined : (error as {code?: unknown} | null)?.code;
	return typeof code === 'string' && /^E[A-Z\d]+$/.test(code) ? code : undefined;
}

/** Writes an attribute; an errno becomes STEP_FAILED, explained by `reasons` where they know it. */
export async function writeAttribute(host: Host, path: string, value: string, {what, reasons = {}, trace, fix}: {what: string; reasons?: Readonly<Record<string, string>>; trace: KernelTrace; fix?: string}): Promise<void> {
	try {
		await host.files.writeAttribute(path, value);
	} catch (error) {
		const errno = errnoOf(error);
		if (errno === undefined) {
			throw error;
		}

		const reason = reasons[errno] ?? commonReasons[errno];
		throw await stepFailed(host, what, {
			why: `writing '${value.trimEnd()}' to ${path} gave ${errno}${reason === undefined ? '' : `: ${reason}`}`,
			...(fix === undefined ? {} : {fix}),
			details: {errno, path},
			cause: error,
		}, trace);
	}
}

const commonReasons: Readonly<Record<string, string>> = {
	EACCES: 'the kernel does not let this process write there',
	EPERM: 'the kernel does not allow it (not root, or a locked down kernel)',
	EROFS: 'sysfs is mounted read-only, as in a container',
	ENODEV: 'the device is gone, or the driver does not take it',
	ENOENT: 'the attribute is not there: the device is gone',
};
