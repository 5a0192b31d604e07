// vfctl diff HOST.yaml | vfctl diff BEFORE [AFTER]
import {recordHeader} from '../../record/record.ts';
import type {CommandContext} from '../context.ts';
import {firstBytes} from '../first-bytes.ts';

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

// Standard input, and any other pipe, is a host file's: a record is too long to be piped by hand.
function isRecord(file: string): boolean {
	const length = 'vfctl-record '.length;
	try {
		const first = firstBytes(file, length);
		return first.length === length && recordHeader.startsWith(first.toString('latin1'));
	} catch {
		// Who reads it as a host file says what is wrong with it.
		return false;
	}
}
