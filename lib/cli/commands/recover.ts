// vfctl recover
import {AppError} from '../../errors.ts';
import {unfinishedOperations} from '../../exec/journal.ts';
import {giveUp, recover, type Recovered} from '../../exec/recover.ts';
import type {CommandContext} from '../context.ts';
import {wholeNumber} from '../vf-settings-options.ts';
import {withoutLibvirt} from '../without-libvirt.ts';
import {underLock} from './run-plan.ts';

/** Puts back what operations left whose process died. With `giveUp` only marks one as put right
 * by hand. With `boot` libvirt is not asked: an operation that needs it waits. */
export async function run(given: CommandContext, args: {giveUp: string | undefined; boot: boolean}): Promise<void> {
	const context = args.boot ? withoutLibvirt(given) : given;
	const {host, out, options} = context;
	const number = args.giveUp === undefined ? undefined : wholeNumber(args.giveUp, 999_999_999, 'USAGE', 'the number of an operation');
	if (options.dryRun) {
		const unfinished = unfinishedOperations(host.files);
		if (number !== undefined) {
			if (!unfinished.some(operation => operation.number === number)) {
				throw new AppError('OPERATION_NOT_FOUND', `operation ${number} is not one that waits to be put back`, {why: `those are: ${unfinished.map(operation => operation.number).join(', ') || 'none'}`, fix: 'vfctl history'});
			}

			out.result(`operation ${number} would be marked as put right by hand`, {dryRun: true, changed: true, givenUp: number});
			return;
		}

		out.result(
			unfinished.map(({number, header}) => `operation ${number} would be put back: ${header?.plan.title ?? 'unknown'}`).join('\n') || 'nothing to recover',
			{dryRun: true, changed: unfinished.length > 0, operations: unfinished.map(({number}) => number)},
		);
		return;
	}

	await underLock(context, async run => {
		if (number !== undefined) {
			await giveUp(run, number);
			out.result(`operation ${number} is marked as put right by hand`, {dryRun: false, changed: true, givenUp: number});
			return;
		}

		const results = await recover(run);
		const failed = results.find(({error}) => error !== null)?.error;
		if (failed instanceof AppError) {
			throw failed;
		}

		out.result(results.length === 0 ? 'nothing to recover' : results.map(result => line(result)).join('\n'), {dryRun: false, changed: results.length > 0, recovered: results});
	}, {recovering: true});
}

function line({number, title, rebooted, undone}: Recovered): string {
	const notes = undone.filter(({note}) => note !== null).map(({note}) => note);
	return `operation ${number} was put back: ${title}${rebooted ? ' (the host was restarted since)' : ''}${notes.length > 0 ? `; ${notes.join('; ')}` : ''}`;
}
