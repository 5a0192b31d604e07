// What `vfctl trace --json` tells of the ways between two interfaces.
import type {ExecutionContext} from 'ava';

/** One direction and way. */
export interface Flow {
	from: string;
	to: string;
	way: string;
	stages: Array<{stage: string; count: number; medianNs: number; p99Ns: number; share: number}>;
}

/** Of each direction: its way and its stages. */
export function shapes(flows: readonly Flow[]): Record<string, string[]> {
	return Object.fromEntries(flows.map(({from, to, way, stages}) => [`${from} to ${to}, ${way}`, stages.map(({stage}) => stage)]));
}

/** Stages have times, and their shares are of one whole. */
export function sane(t: ExecutionContext, flows: readonly Flow[]): void {
	for (const {stages} of flows) {
		t.true(Math.abs(stages.reduce((sum, {share}) => sum + share, 0) - 1) < 1e-6);
		for (const {count, medianNs, p99Ns} of stages) {
			t.true(count > 0 && medianNs > 0 && p99Ns >= medianNs, JSON.stringify(stages));
		}
	}
}
