// A change that is put back unless an admin confirms it: whoever cut the own connection by it
// cannot confirm.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {mark, readBootId, readOperation} from './journal.ts';
import {lockPath} from './state-paths.ts';
import {waitUntil} from './wait.ts';

export interface AwaitConfirmOptions {
	budgetMs: number;
	/** SIGINT and SIGTERM: nobody will confirm any more. */
	signal?: AbortSignal | undefined;
	/** True once the admin has said yes right here. */
	answered: () => boolean;
}

/** Waits, holding the lock, until the operation is confirmed here or by `vfctl confirm`. Rejects
 * with NOT_CONFIRMED when the time is up or the process is told to stop. */
export async function awaitConfirm(host: Host, operation: number, {budgetMs, signal, answered}: AwaitConfirmOptions): Promise<void> {
	const deadline = new Date(host.clock.now() + budgetMs).toISOString();
	await mark(host, operation, {event: 'await-confirm', deadline, bootId: readBootId(host.files)});
	// Asked once more at the very end: what was confirmed in time counts.
	const isConfirmed = () => answered() || readOperation(host.files, operation).confirmed;
	const confirmed = await waitUntil(host.clock, {budgetMs}, () => isConfirmed() || signal?.aborted === true) && isConfirmed();
	if (!confirmed) {
		throw new AppError('NOT_CONFIRMED', 'the change was not confirmed, so everything was put back', {
			why: signal?.aborted === true ? `it was stopped (${String(signal.reason)}) before anybody confirmed it` : `nobody confirmed it within ${budgetMs / 1000} s`,
			fix: 'when the change is right, run the command again and then: vfctl confirm',
		});
	}
}

// The process that waits looks twice a second, and writes one more line.
const answerBudgetMs = 10_000;

/** Confirms the operation that waits, or the one of that number, and resolves to its number once
 * the process that waits has taken note. Throws OPERATION_NOT_FOUND, or NOT_CONFIRMED when it is
 * too late. */
export async function confirmOperation(host: Host, wanted: number | undefined, operations: readonly number[]): Promise<number> {
	const number = wanted ?? operations.findLast(candidate => readOperation(host.files, candidate).waiting !== null);
	if (number === undefined) {
		throw new AppError('OPERATION_NOT_FOUND', 'no operation waits to be confirmed', {why: 'only apply --confirm-within waits, and what was not confirmed in time is put back', fix: 'vfctl history'});
	}

	const {waiting, outcome, header} = readOperation(host.files, number);
	if (waiting === null) {
		throw new AppError('OPERATION_NOT_FOUND', `operation ${number} does not wait to be confirmed`, {why: outcome === null ? 'it is at work, or its process died' : `it ended as '${outcome}'${header === null ? '' : `: ${header.plan.title}`}`, fix: 'vfctl history'});
	}

	await requireWaiter(host, number);
	await mark(host, number, {event: 'confirmed'});
	await waitUntil(host.clock, {budgetMs: answerBudgetMs}, () => readOperation(host.files, number).waiting === null);
	const after = readOperation(host.files, number);
	if (after.outcome !== 'done') {
		throw new AppError('NOT_CONFIRMED', `operation ${number} was not confirmed in time`, {
			why: after.waiting === null ? `it is put back, and ended as '${after.outcome ?? 'unfinished'}'` : 'the process that waited for it does not answer',
			fix: after.waiting === null ? 'vfctl history' : 'vfctl recover',
		});
	}

	return number;
}

/** The process that waits holds the lock: whoever gets it knows that it is gone. */
async function requireWaiter(host: Host, number: number): Promise<void> {
	let release: () => Promise<void>;
	try {
		release = await host.files.lock(lockPath, {timeoutMs: 0, holder: `vfctl (pid ${host.caller.pid}, confirm)`});
	} catch (error) {
		if (error instanceof AppError && error.code === 'LOCKED') {
			return;
		}

		throw error;
	}

	await release();
	throw new AppError('NOT_CONFIRMED', `operation ${number} cannot be confirmed any more`, {why: 'the process that waited for it is gone', fix: 'vfctl recover puts it back'});
}
