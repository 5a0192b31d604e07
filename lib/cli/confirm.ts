// Asks before something is taken away.
import {createInterface} from 'node:readline/promises';
import {AppError} from '../errors.ts';
import type {CommandContext} from './context.ts';

/** Resolves when the admin says yes on the terminal; rejects with CONFIRMATION_NEEDED otherwise,
 * and at once where there is no terminal to ask on. */
export async function confirm({out, signal}: CommandContext, planText: string): Promise<void> {
	const refusal = new AppError('CONFIRMATION_NEEDED', 'aborted, nothing was changed', {why: 'this takes something away and was not confirmed', fix: 'add --yes'});
	if (process.stdin.isTTY !== true || out.json) {
		throw refusal;
	}

	out.note(planText);
	const terminal = createInterface({input: process.stdin, output: process.stderr});
	try {
		const answer = await terminal.question('Do this? [y/N] ', {signal});
		if (!/^y(es)?$/i.test(answer.trim())) {
			throw refusal;
		}
	} catch (error) {
		throw error instanceof AppError ? error : refusal;
	} finally {
		terminal.close();
	}
}
