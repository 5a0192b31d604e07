// What a measurement would attach, for --dry-run.
import {AppError, errorSentence} from '../../errors.ts';
import type {BenchMethod} from '../../model/bench.ts';
import type {Plan} from '../../plan/plan.ts';
import type {RunContext} from '../run-context.ts';
import type {BenchRequest} from './bench-request.ts';
import {planEnd} from './plan-end.ts';
import {devicesOf, freshInventory, planVfs, vfPfs} from './with-method.ts';

export interface PlannedMethod {
	readonly method: BenchMethod;
	readonly plans: readonly Plan[];
	/** Why a method cannot be had, or what of it can only be planned later; null when all is here. */
	readonly problem: string | null;
}

/** The plans of each method, as far as they can be made before the first one runs: two VFs of one PF
 * are chosen one after the other, and VFs that are not there yet cannot be chosen. */
export async function planBench(run: RunContext, request: BenchRequest): Promise<PlannedMethod[]> {
	const planned: PlannedMethod[] = [];
	for (const method of request.methods ?? []) {
		planned.push(await planMethod(run, request, method));
	}

	return planned;
}

async function planMethod(run: RunContext, request: BenchRequest, method: BenchMethod): Promise<PlannedMethod> {
	const plans: Plan[] = [];
	try {
		const inventory = await freshInventory(run);
		const devices = devicesOf(run, inventory, request, method);
		const bare = vfPfs(inventory, method, devices);
		if (bare.length > 0) {
			plans.push(...bare.map(name => planVfs(inventory, name, request.acceptedRisks, 2)));
			return {method, plans, problem: 'the attach of both ends is planned when there are VFs'};
		}

		// Documentation addresses (RFC 5737): the real ones are chosen when it runs.
		for (const [index, address] of ['192.0.2.1/24', '192.0.2.2/24'].entries()) {
			const {plan} = await planEnd(run, inventory, {end: request.ends[index]!, method, device: devices[index]!, address}, request);
			plans.push(plan);
		}

		return {method, plans, problem: null};
	} catch (error) {
		if (error instanceof AppError) {
			return {method, plans, problem: errorSentence(error)};
		}

		throw error;
	}
}
