// Puts back what operations left behind whose process died, or whose rollback failed.
import {AppError, toAppError} from '../errors.ts';
import {parsePlan} from '../plan/plan-schema.ts';
import type {Plan} from '../plan/plan.ts';
import {incompleteError} from './execute.ts';
import {end, readBootId, readOperation, resume, unfinishedOperations} from './journal.ts';
import {isUnfinished, type Operation} from './operation.ts';
import {putBack, type UndoneStep} from './put-back.ts';
import type {RunContext} from './run-context.ts';

/** What became of one operation. */
export interface Recovered {
	number: number;
	/** Title of its plan. */
	title: string;
	/** The machine was restarted after it. */
	rebooted: boolean;
	undone: UndoneStep[];
	/** ROLLBACK_INCOMPLETE when something is left; null when all is as before the operation. */
	error: AppError | null;
}

/** Undoes every unfinished operation, newest first, from whatever state is found. Call it under
 * the lock (`recovering: true`). Stops at the first that cannot be put back: older ones lie below it. */
export async function recover(context: RunContext): Promise<Recovered[]> {
	const results: Recovered[] = [];
	for (const operation of unfinishedOperations(context.host.files).toReversed()) {
		const result = await recoverOne(context, operation);
		results.push(result);
		if (result.error !== null) {
			break;
		}
	}

	return results;
}

/** Marks an unfinished operation as given up, without touching the host: for an admin who has put
 * things right by hand. Throws OPERATION_NOT_FOUND when there is no such unfinished operation. */
export async function giveUp({host}: RunContext, number: number): Promise<void> {
	const operation = readOperation(host.files, number);
	if (!isUnfinished(operation)) {
		throw new AppError('OPERATION_NOT_FOUND', `operation ${number} is finished`, {fix: 'vfctl history'});
	}

	await resume(host, operation);
	await end(host, number, 'given-up');
}

async function recoverOne(context: RunContext, operation: Operation): Promise<Recovered> {
	const {host, reporter} = context;
	const {number, header, damage} = operation;
	if (header === null || damage.length > 0) {
		return {number, title: header?.plan.title ?? 'unknown', rebooted: false, undone: [], error: damagedError(operation)};
	}

	let plan: Plan;
	try {
		plan = parsePlan(header.plan);
	} catch (error) {
		return {number, title: String(header.plan.title), rebooted: false, undone: [], error: damagedError({...operation, damage: [toAppError(error).why ?? String(error)]})};
	}

	const rebooted = header.bootId !== null && header.bootId !== readBootId(host.files);
	reporter.planStart(plan, number);
	await resume(host, operation);
	const {undone, failed, left} = await putBack(context, {operation: number, plan, steps: new Map(operation.steps), facts: new Map(operation.facts), rebooted});
	const error = failed === undefined ? null : incompleteError(number, {left, cause: undefined, failure: toAppError(failed.error)});
	await end(host, number, error === null ? 'recovered' : 'rollback-incomplete', error?.why);
	return {number, title: plan.title, rebooted, undone, error};
}

function damagedError({number, damage}: Operation): AppError {
	return new AppError('ROLLBACK_INCOMPLETE', `the journal of operation ${number} is damaged, so it cannot be put back`, {
		why: damage.join('; '),
		fix: `look at the host, put it right by hand, then: vfctl recover --give-up ${number}`,
		details: {operation: number, damage},
	});
}
