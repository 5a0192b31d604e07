// Runs a plan: each step is checked, journaled, done, verified and journaled again. When a step
// fails or the run is stopped, everything is put back.
import {AppError, errorSentence, toAppError} from '../errors.ts';
import type {Action} from '../plan/action.ts';
import type {Plan} from '../plan/plan.ts';
import {apply, observe} from './actions/handlers.ts';
import {maybeFail} from './fault.ts';
import {begin, end, mark} from './journal.ts';
import type {StepState} from './operation.ts';
import {putBack} from './put-back.ts';
import {reconnecting} from './reconnecting.ts';
import {actionContext, type RunContext} from './run-context.ts';
import {errnoOf} from './step-error.ts';
import {throwIfAborted} from './wait.ts';

export interface Executed {
	/** Number of the operation in the journal. */
	number: number;
	outcome: 'done';
}

export interface ExecuteOptions {
	/** Called when all steps are done, before the operation ends: resolves to keep them, rejects to
	 * have everything put back (await-confirm.ts). */
	confirm?: ((operation: number) => Promise<void>) | undefined;
}

/** Runs the plan. Call it under the lock. Rejects with the error of the step that failed, with
 * `details.rolledBack: true` once everything is as before; or with ROLLBACK_INCOMPLETE. */
export async function execute(plan: Plan, context: RunContext, {confirm}: ExecuteOptions = {}): Promise<Executed> {
	const {host, reporter, signal} = context;
	throwIfAborted(signal);
	const operation = await begin(host, plan, context.commandLine);
	reporter.planStart(plan, operation);
	const steps = new Map<number, StepState>();
	const facts = new Map<string, string>();
	try {
		for (const [index, action] of plan.actions.entries()) {
			throwIfAborted(signal);
			await runStep(context, {operation, step: index + 1, action, steps, facts});
		}

		await confirm?.(operation);
		await end(host, operation, 'done');
	} catch (error) {
		throw await rollBack(context, {operation, plan, steps, facts}, asStepError(error));
	}

	return {number: operation, outcome: 'done'};
}

interface Step {
	operation: number;
	step: number;
	action: Action;
	steps: Map<number, StepState>;
	facts: Map<string, string>;
}

async function runStep(context: RunContext, {operation, step, action, steps, facts}: Step): Promise<void> {
	const {host, reporter, fault} = context;
	reporter.stepStart(step, action);
	try {
		const handler = actionContext(context, {operation, step, facts, uncertain: false, stoppable: true});
		const seen = await observe(handler, action);
		if (seen !== 'from') {
			throw new AppError('PLAN_STALE', `the host changed since the plan was made: step ${step} does not fit any more`, {
				why: seen === 'to' ? 'it is done already, by someone else' : seen.other,
				fix: 'run the command again; it plans anew',
				details: {step, seen},
			});
		}

		// From here on the step counts as begun, even if writing that down fails half way.
		steps.set(step, 'begun');
		await mark(host, operation, {event: 'step-begin', step});
		await maybeFail(fault, step, 'before');
		await apply(handler, action);
		await maybeFail(fault, step, 'after');
		await mark(host, operation, {event: 'step-done', step});
		steps.set(step, 'done');
	} catch (error) {
		reporter.stepFailed(step, action, error);
		throw error;
	}

	reporter.stepDone(step, action);
}

/** Puts everything back and returns the error to throw. */
async function rollBack(context: RunContext, {operation, plan, steps, facts}: {operation: number; plan: Plan; steps: Map<number, StepState>; facts: Map<string, string>}, cause: AppError): Promise<AppError> {
	const {host} = context;
	// What failed may have been the connection.
	const {libvirt, close} = reconnecting(context);
	const {failed, left} = await putBack({...context, libvirt}, {operation, plan, steps, facts, rebooted: false});
	await close();
	if (failed === undefined) {
		try {
			await end(host, operation, 'rolled-back', cause.message);
		} catch {
			// Without an end `vfctl recover` will look at it again, and find everything in place.
		}

		return withDetails(cause, {rolledBack: true, operation});
	}

	// An operation without an end counts as unfinished all the same.
	await end(host, operation, 'rollback-incomplete', cause.message).catch(() => {});
	return incompleteError(operation, {left, cause, failure: toAppError(failed.error)});
}

/** ROLLBACK_INCOMPLETE: which steps are left, why, and what to do. */
export function incompleteError(operation: number, {left, cause, failure}: {left: readonly number[]; cause: AppError | undefined; failure: AppError}): AppError {
	const steps = left.length === 1 ? `step ${left[0]} is` : `steps ${left.toReversed().join(', ')} are`;
	return new AppError('ROLLBACK_INCOMPLETE', `operation ${operation} could not be put back: ${steps} left as it was`, {
		why: [failure.message, failure.why, cause === undefined ? undefined : `it was put back because: ${errorSentence(cause)}`].filter(part => part !== undefined).join('; '),
		fix: 'vfctl recover',
		details: {operation, left, rolledBack: false, failure: {code: failure.code, message: failure.message, why: failure.why, details: failure.details}, ...(cause === undefined ? {} : {cause: {code: cause.code, message: cause.message, why: cause.why}})},
		cause: failure,
	});
}

/** A file error that no handler explained is still a failed step, not a bug. */
function asStepError(error: unknown): AppError {
	const errno = errnoOf(error);
	return errno === undefined ? toAppError(error) : new AppError('STEP_FAILED', 'a step failed', {why: (error as Error).message, details: {errno}, cause: error});
}

function withDetails(error: AppError, details: Record<string, unknown>): AppError {
	const {code, message, why, fix} = error;
	return new AppError(code, message, {...(why === undefined ? {} : {why}), ...(fix === undefined ? {} : {fix}), details: {...error.details, ...details}, cause: error.cause ?? error});
}
