// vfctl undo [OPERATION]
import {AppError} from '../../errors.ts';
import {listOperations} from '../../exec/journal.ts';
import {planUndoOf} from '../../exec/undo.ts';
import {requireSafeUndo} from '../../plan/undo-safety.ts';
import type {CommandContext} from '../context.ts';
import {wholeNumber} from '../vf-settings-options.ts';
import {runPlanned} from './run-plan.ts';

/** Turns a finished operation round: the newest one that changed something, or the one named. */
export async function run(context: CommandContext, {operation}: {operation: string | undefined}): Promise<void> {
	const number = operation === undefined ? newest(context) : wholeNumber(operation, 999_999_999, 'USAGE', 'the number of an operation');
	await runPlanned(context, {
		destructive: () => true,
		async plan(inventory, run) {
			const plan = await planUndoOf(run, number);
			requireSafeUndo(plan, inventory, context.options.acceptedRisks);
			return plan;
		},
	});
}

/** The newest operation that is done, no undo itself and not undone: undoing twice goes back two
 * operations, not to and fro. */
function newest({host}: CommandContext): number {
	const done = listOperations(host.files).filter(({outcome, header}) => outcome === 'done' && header !== null);
	const undone = new Set(done.map(({header}) => header?.plan.subject.operation));
	const candidate = done.findLast(({number, header}) => header?.plan.subject.command !== 'undo' && !undone.has(number));
	if (!candidate) {
		throw new AppError('OPERATION_NOT_FOUND', 'there is nothing to undo', {why: 'the journal has no finished operation that is not undone already', fix: 'vfctl history'});
	}

	return candidate.number;
}
