// Where words leave vfctl: results to standard output, progress and notes to standard error.
import {stripVTControlCharacters} from 'node:util';

export interface Output {
	readonly json: boolean;
	/** Colour and moving progress are wanted. */
	readonly fancy: boolean;
	/** The result of a command: `text` for people, `value` for --json. `line`: one of many, as they
	 * come; one object a line then. */
	result(text: string, value: unknown, form?: 'document' | 'line'): void;
	/** Aborted when nobody reads the results any more. */
	readonly closed?: AbortSignal;
	/** A line on standard error, for people only: warnings, what is waited for. */
	note(text: string): void;
}

export interface OutputOptions {
	json: boolean;
	color: boolean;
}

/** Output of this process. Control characters of text from outside (guest names, kernel
 * messages) are removed, so that they cannot drive the terminal. */
export function processOutput({json, color}: OutputOptions): Output {
	// listr2 moves lines on standard output, so both must be a terminal; one that does not tell its
	// width (a serial console) would get a line for each character.
	const fancy = color && !json && process.stderr.isTTY === true && process.stdout.isTTY === true && process.stdout.columns >= 20;
	return {
		json,
		fancy,
		result(text, value, form = 'document') {
			process.stdout.write(json ? `${JSON.stringify(value, undefined, form === 'line' ? undefined : 2)}\n` : withNewline(printable(text)));
		},
		closed: closed.signal,
		note(text) {
			if (!json) {
				process.stderr.write(withNewline(printable(text)));
			}
		},
	};
}

let guarded = false;
let lost = false;
const closed = new AbortController();

/** Keeps the process alive when nobody reads on (`| head`, a broken ssh connection) or the disk of
 * a redirected output is full: a change to the host must not die half way of that. */
export function guardStreams(): void {
	if (guarded) {
		return;
	}

	guarded = true;
	process.stderr.on('error', () => {});
	process.stdout.on('error', (error: NodeJS.ErrnoException) => {
		closed.abort('nobody reads the output');
		// A reader who has seen enough is no failure; a result that is lost is one.
		if (error.code !== 'EPIPE') {
			lost = true;
			process.stderr.write(`error: the result cannot be written: ${error.message}\n`);
		}
	});
}

/** Whether a result was lost, once the streams have said so. */
export async function resultIsLost(): Promise<boolean> {
	await new Promise(resolve => {
		setImmediate(resolve);
	});
	return lost;
}

/** The text without control characters other than newline and tab. */
export function printable(text: string): string {
	return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '\uFFFD');
}

function withNewline(text: string): string {
	return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
