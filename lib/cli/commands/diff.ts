// vfctl diff HOST.yaml | vfctl diff BEFORE [AFTER]
import {closeSync, openSync, readSync} from 'node:fs';
import {recordHeader} from '../../record/record.ts';
import type {CommandContext} from '../context.ts';

type HostFileArguments = Parameters<typeof import('./host-file.ts').runDiff>[1];

/** Compares the host with a host file, or with how it was: the first line of the file tells which.
 * Resolves to the exit status. */
export async function run(context: CommandContext, args: HostFileArguments & {after?: string | undefined}): Promise<number> {
	if (args.after !== undefined || isRecord(args.file)) {
		const {run: diff} = await import('./snapshot-diff.ts');
		return diff(context, {before: args.file, after: args.after});
	}

	const {runDiff} = await import('./host-file.ts');
	return runDiff(context, args);
}

// Standard input is a host file's: a record is too long to be piped by hand.
function isRecord(file: string): boolean {
	const first = Buffer.alloc('vfctl-record '.length);
	try {
		const descriptor = openSync(file, 'r');
		try {
			return readSync(descriptor, first) === first.length && recordHeader.startsWith(first.toString('latin1'));
		} finally {
			closeSync(descriptor);
		}
	} catch {
		// Who reads it as a host file says what is wrong with it.
		return false;
	}
}
