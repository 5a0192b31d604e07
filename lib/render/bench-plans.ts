// The plans of a measurement (--dry-run).
import type {PlannedMethod} from '../exec/bench/plan-bench.ts';
import {planJson, planText} from './plan-text.ts';

/** One plan after the other, under the method it is for. */
export function benchPlansText(methods: readonly PlannedMethod[]): string {
	if (methods.length === 0) {
		return 'nothing would be changed: without --method the ends are measured over what joins them';
	}

	return methods.flatMap(({method, plans, problem}) => [
		`${method}: attached for the measurement, and put back after it`,
		...plans.map(plan => planText(plan)),
		...problem === null ? [] : [`${method}: ${problem}`],
		'',
	]).join('\n').trimEnd();
}

/** The same as data. */
export function benchPlansJson(methods: readonly PlannedMethod[]): unknown {
	return {
		dryRun: true,
		methods: methods.map(({method, plans, problem}) => ({method, problem, plans: plans.map(plan => planJson(plan))})),
	};
}
