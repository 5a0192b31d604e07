// --confirm-within: what is not confirmed is put back.
import {createInterface} from 'node:readline';
import {AppError} from '../errors.ts';
import {awaitConfirm} from '../exec/await-confirm.ts';
import type {CommandContext} from './context.ts';

const longestSeconds = 86_400;

/** Milliseconds of `60s`, `5m`, `1h` or `90` (seconds); throws USAGE. */
export function parseDuration(text: string): number {
	const [, digits, unit = 's'] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
	const seconds = Number(digits) * {s: 1, m: 60, h: 3600, '': 1}[unit as 's' | 'm' | 'h' | ''];
	if (!(seconds >= 1 && seconds <= longestSeconds)) {
		throw new AppError('USAGE', `'${text}' is not a time to wait`, {why: 'it must be 1 second to 24 hours', fix: 'give it as 60s, 5m or 1h'});
	}

	return seconds * 1000;
}

/** Waits for `vfctl confirm` from any session, or Enter on this terminal. Throws NOT_CONFIRMED. */
export async function awaitWord(context: CommandContext, operation: number, budgetMs: number): Promise<void> {
	const {host, out, signal} = context;
	const {stdin} = process;
	const here = stdin.isTTY === true && !out.json;
	let answered = false;
	// The change may have cut the session that this was typed in.
	context.ignoreHangup?.();
	out.note(`everything is done. It is put back in ${budgetMs / 1000} s unless it is confirmed: vfctl confirm ${operation}${here ? ', or Enter here' : ''}`);
	// Not as a terminal, which would take Ctrl-C for itself.
	const lines = here ? createInterface({input: stdin, terminal: false}) : undefined;
	const ignore = () => {};
	stdin.on('error', ignore);
	lines?.once('line', () => {
		answered = true;
	});
	try {
		await awaitConfirm(host, operation, {budgetMs, signal, answered: () => answered});
	} finally {
		lines?.close();
		stdin.off('error', ignore);
	}
}
