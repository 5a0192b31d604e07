// vfctl confirm [OPERATION]
import {AppError} from '../../errors.ts';
import {confirmOperation} from '../../exec/await-confirm.ts';
import {unfinishedOperations} from '../../exec/journal.ts';
import type {CommandContext} from '../context.ts';
import {wholeNumber} from '../vf-settings-options.ts';

/** Keeps what an `apply --confirm-within` did that waits for it. */
export async function run({host, out}: CommandContext, args: {operation: string | undefined}): Promise<void> {
	const wanted = args.operation === undefined ? undefined : wholeNumber(args.operation, 999_999_999, 'USAGE', 'the number of an operation');
	if (host.caller.uid !== 0) {
		throw new AppError('NOT_ROOT', 'confirming a change needs root', {why: `vfctl runs as user ${host.caller.uid}`, fix: 'sudo vfctl confirm'});
	}

	const operation = await confirmOperation(host, wanted, unfinishedOperations(host.files).map(({number}) => number));
	out.result(`operation ${operation} is confirmed`, {operation, confirmed: true});
}
