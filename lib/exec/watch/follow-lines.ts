// A program that prints a line for each event, as long as it is wanted.
import type {Host} from '../../host/host.ts';
import {followProgram} from '../follow-program.ts';

// What is longer says nothing that could be shown; it is cut, so that no line can fill the memory.
const mostLineLength = 4096;

/** Hands over the lines until the signal comes. Resolves to why the program ended before, or undefined. */
export async function followLines(host: Host, argv: readonly [string, ...string[]], signal: AbortSignal, take: (line: string) => void): Promise<string | undefined> {
	const decoder = new TextDecoder();
	let rest = '';
	return followProgram(host, argv, signal, chunk => {
		const lines = `${rest}${decoder.decode(chunk, {stream: true})}`.split('\n');
		rest = (lines.pop() ?? '').slice(0, mostLineLength);
		for (const line of lines) {
			take(line.slice(0, mostLineLength));
		}
	});
}
