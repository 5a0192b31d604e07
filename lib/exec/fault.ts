// Failures on order, for the tests: VFCTL_FAULT=kill@2:after.
import process from 'node:process';
import {AppError} from '../errors.ts';

/** `before`: the step is journaled as begun and not yet applied; `after`: applied, not yet
 * journaled as done; the same for undoing. */
export type FaultPhase = 'before' | 'after' | 'undo-before' | 'undo-after';

export interface Fault {
	kind: 'fail' | 'kill';
	/** Counted from 1. */
	step: number;
	phase: FaultPhase;
}

/** Reads `kill@2:after`; throws USAGE. */
export function parseFault(text: string): Fault {
	const match = /^(fail|kill)@(\d+):(before|after|undo-before|undo-after)$/.exec(text);
	if (!match) {
		throw new AppError('USAGE', `VFCTL_FAULT='${text}' is no fault`, {fix: 'use something like fail@2:after or kill@3:undo-before'});
	}

	return {kind: match[1] as Fault['kind'], step: Number(match[2]), phase: match[3] as FaultPhase};
}

/** Fails or dies here when the fault says so. */
export async function maybeFail(fault: Fault | undefined, step: number, phase: FaultPhase): Promise<void> {
	if (fault?.step !== step || fault.phase !== phase) {
		return;
	}

	if (fault.kind === 'fail') {
		throw new AppError('STEP_FAILED', `step ${step} was told to fail`, {why: `VFCTL_FAULT asks for it (${phase})`});
	}

	process.kill(process.pid, 'SIGKILL');
	// The signal comes at once; nothing may run in between.
	await new Promise(() => {});
}
