// A program that prints a line for each event, as long as it is wanted.
import {AppError, errorSentence} from '../../errors.ts';
import type {Host} from '../../host/host.ts';

// What is longer says nothing that could be shown; it is cut, so that no line can fill the memory.
const mostLineLength = 4096;

/** Hands over the lines until the signal comes, which ends the program with all it started. Resolves
 * to why it ended before, or undefined. */
export async function followLines({runner}: Host, argv: readonly [string, ...string[]], signal: AbortSignal, take: (line: string) => void): Promise<string | undefined> {
	const decoder = new TextDecoder();
	let rest = '';
	try {
		const {code, stderr} = await runner.run(argv, {timeoutMs: Infinity, signal, onOutput(chunk) {
			const lines = `${rest}${decoder.decode(chunk, {stream: true})}`.split('\n');
			rest = (lines.pop() ?? '').slice(0, mostLineLength);
			for (const line of lines) {
				take(line.slice(0, mostLineLength));
			}
		}});
		return signal.aborted ? undefined : `'${argv.join(' ')}' ended with status ${code}${stderr.trim() === '' ? '' : `: ${stderr.trim().split('\n').at(-1)}`}`;
	} catch (error) {
		if (error instanceof AppError) {
			return signal.aborted ? undefined : errorSentence(error);
		}

		throw error;
	}
}
