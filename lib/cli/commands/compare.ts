// vfctl compare BEFORE AFTER
import {exitStatuses} from '../../errors.ts';
import {compareRecords} from '../../record/compare.ts';
import type {CommandContext} from '../context.ts';
import {readRecord} from '../open-host.ts';

/** Tells what differs between two records, leaving out what changes by itself; resolves to the
 * exit status. */
export async function run({out}: CommandContext, {before, after}: {before: string; after: string}): Promise<number> {
	const differences = compareRecords(await readRecord(before), await readRecord(after));
	out.result(
		differences.length === 0 ? 'the two records tell the same' : differences.map(({path, before: old, after: now}) => `${path}\n  - ${old ?? '(nothing)'}\n  + ${now ?? '(nothing)'}`).join('\n'),
		{differences},
	);
	return differences.length === 0 ? exitStatuses.ok : exitStatuses.differs;
}
