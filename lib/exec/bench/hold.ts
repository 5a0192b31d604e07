// A change that lasts as long as something uses it: put back after it, however that ends. In the
// journal it is an operation without an end until then, so that `vfctl recover` puts back what a
// killed process left; such operations may lie within each other, newest first.
import {AppError} from '../../errors.ts';
import type {Plan} from '../../plan/plan.ts';
import {execute} from '../execute.ts';
import type {RunContext} from '../run-context.ts';

/** Runs the plan, calls `use`, puts everything back, and resolves to what `use` gave. Call it under
 * the lock. Rejects as `execute` does, or as `use` did once all is put back. */
export async function whileDone<T>(plan: Plan, context: RunContext, use: () => Promise<T>): Promise<T> {
	if (plan.actions.length === 0) {
		return use();
	}

	const over = new AppError('BENCH_FAILED', 'the measurement is over');
	let result: {value: T} | undefined;
	try {
		await execute(plan, context, {
			async confirm() {
				result = {value: await use()};
				throw over;
			},
		});
	} catch (error) {
		// `execute` rejects with what it was given as the cause, or with ROLLBACK_INCOMPLETE.
		if (result !== undefined && error instanceof AppError && error.cause === over) {
			return result.value;
		}

		throw error;
	}

	throw new Error('an operation ended that should have been put back');
}
