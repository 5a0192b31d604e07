// A program that prints as long as it is wanted.
import {AppError, errorSentence} from '../errors.ts';
import type {Host} from '../host/host.ts';

/** Hands over what it prints until the signal comes, which ends it with all it started. Resolves to
 * why it ended before, or undefined. */
export async function followProgram({runner}: Host, argv: readonly [string, ...string[]], signal: AbortSignal, take: (chunk: Uint8Array) => void): Promise<string | undefined> {
	try {
		const {code, stderr} = await runner.run(argv, {timeoutMs: Infinity, signal, onOutput: take});
		return signal.aborted ? undefined : `'${argv.join(' ')}' ended with status ${code}${stderr.trim() === '' ? '' : `: ${stderr.trim().split('\n').at(-1)}`}`;
	} catch (error) {
		if (error instanceof AppError) {
			return signal.aborted ? undefined : errorSentence(error);
		}

		throw error;
	}
}
