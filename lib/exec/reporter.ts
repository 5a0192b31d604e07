// How a run tells what it does. lib/render implements it; lib/exec prints nothing.
import type {Action} from '../plan/action.ts';
import type {Plan} from '../plan/plan.ts';

export interface Reporter {
	/** A plan starts; `operation` is its number in the journal. */
	planStart(plan: Plan, operation: number): void;
	/** Steps count from 1. */
	stepStart(step: number, action: Action): void;
	stepDone(step: number, action: Action): void;
	stepFailed(step: number, action: Action, error: unknown): void;
	/** `action` is what undoes the step. */
	undoStart(step: number, action: Action): void;
	/** `note` says why nothing had to be done, or null. */
	undoDone(step: number, action: Action, note: string | null): void;
	undoFailed(step: number, action: Action, error: unknown): void;
	/** Something the admin should know that is no failure. */
	note(text: string): void;
}

/** Says nothing. */
export const silentReporter: Reporter = {
	planStart() {},
	stepStart() {},
	stepDone() {},
	stepFailed() {},
	undoStart() {},
	undoDone() {},
	undoFailed() {},
	note() {},
};
