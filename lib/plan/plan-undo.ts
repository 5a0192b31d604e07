// Plans the undoing of an operation that was done.
import {AppError} from '../errors.ts';
import type {Action} from './action.ts';
import {inverseAll} from './inverse.ts';
import type {Plan} from './plan.ts';

/** A finished operation, as the journal tells it. */
export interface FinishedOperation {
	number: number;
	plan: Plan;
	outcome: string | null;
	/** The actions that were done and not put back. */
	done: readonly Action[];
	/** The operation that has undone this one already, or null. */
	undoneBy: number | null;
}

/** The plan that undoes an operation; throws PLAN_STALE when there is nothing to undo. */
export function planUndo({number, plan, outcome, done, undoneBy}: FinishedOperation): Plan {
	if (undoneBy !== null || outcome !== 'done') {
		throw new AppError('PLAN_STALE', `operation ${number} has nothing to undo`, {
			why: undoneBy === null ? `it ended as '${outcome ?? 'unfinished'}': ${plan.title}` : `operation ${undoneBy} has undone it`,
			fix: 'vfctl history',
		});
	}

	return {
		version: 1,
		subject: {...withoutLeaves(plan.subject), command: 'undo', operation: number},
		title: `undo operation ${number}: ${plan.title}`,
		actions: inverseAll(done),
		warnings: [],
		risks: [],
	};
}

/** Undoing a detach gives the device back: nothing leaves the guest by it. Nor is undoing an attach one. */
function withoutLeaves({leaves: _leaves, attaches: _attaches, ...subject}: Plan['subject']): Plan['subject'] {
	return subject;
}
