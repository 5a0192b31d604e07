// vfctl history
import {listOperations} from '../../exec/journal.ts';
import type {Operation} from '../../exec/operation.ts';
import {table} from '../../render/table.ts';
import type {CommandContext} from '../context.ts';
import {wholeNumber} from '../vf-settings-options.ts';

/** Shows what vfctl did on this host, newest last. */
export async function run({host, out}: CommandContext, args: {limit: string}): Promise<void> {
	const limit = wholeNumber(args.limit, 999_999_999, 'USAGE', 'a number of operations');
	const operations = listOperations(host.files);
	const shown = limit > 0 ? operations.slice(-limit) : operations;
	out.result(
		shown.length === 0 ? 'vfctl has changed nothing on this host yet' : table(['NUMBER', 'TIME', 'OUTCOME', 'OPERATION'], shown.map(operation => row(operation))),
		{operations: shown.map(operation => summary(operation))},
	);
}

function row(operation: Operation): string[] {
	const {number, header} = operation;
	return [String(number), header?.time ?? '', outcomeText(operation), header?.plan.title ?? operation.damage.join('; ')];
}

/** One operation for --json. */
export function summary(operation: Operation): Record<string, unknown> {
	const {number, header, endTime, damage} = operation;
	return {
		number,
		time: header?.time ?? null,
		endTime,
		outcome: outcomeText(operation),
		waitsUntil: operation.waiting?.deadline ?? null,
		title: header?.plan.title ?? null,
		subject: header?.plan.subject ?? null,
		commandLine: header?.commandLine ?? null,
		damage,
	};
}

function outcomeText({outcome, waiting}: Operation): string {
	return outcome ?? (waiting === null ? 'unfinished' : 'waiting');
}
