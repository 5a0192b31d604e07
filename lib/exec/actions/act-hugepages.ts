// Huge pages.
import {AppError} from '../../errors.ts';
import {pageSizeWord, persistentPages, usedPages, type HugepagePool} from '../../model/hugepages.ts';
import type {SetHugepagesAction} from '../../plan/tuning-actions.ts';
import {hugepagesFile} from '../../plan/tuning-equivalent.ts';
import {readPool} from '../../sysfs/read-hugepages.ts';
import {stepFailed, writeAttribute} from '../step-error.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

const gibiKiB = 1_048_576;
// Each try moves and compacts memory anew, so a later one may find what the first did not.
const tries = 3;

/** Writes nr_hugepages and reads back how many pages the kernel found. */
export const setHugepages: ActionHandler<SetHugepagesAction> = {
	async observe({host}, action) {
		const pool = readPool(host.files, action);
		const seen = pool && persistentPages(pool);
		return compare(seen === action.from, seen === action.to, pool === undefined ? `${hugepagesFile(action)} is not there` : `there are ${seen} pages`);
	},

	async apply(context, action) {
		const {sizeKiB, to} = action;
		const before = await readNow(context, action);
		requireUnused(context, before, action);
		const what = `${to} huge pages of ${pageSizeWord(sizeKiB)} cannot be had`;
		let seen = before;
		for (let left = tries; left > 0 && persistentPages(seen) !== to; left--) {
			await writeAttribute(context.host, hugepagesFile(action), String(to), {what, trace: {since: undefined, names: []}});
			seen = await readNow(context, action);
		}

		if (persistentPages(seen) !== to) {
			throw await stepFailed(context.host, what, {
				why: `the kernel found ${persistentPages(seen)}: the rest of the free memory is not in pieces of that size`,
				fix: sizeKiB >= gibiKiB
					? `take at most ${persistentPages(seen)}, or add hugepagesz=${pageSizeWord(sizeKiB)} hugepages=${to} to the kernel command line and reboot: only at boot is memory in one piece`
					: `take at most ${persistentPages(seen)}; or free memory, 'echo 1 > /proc/sys/vm/compact_memory', and try again; or set them early, at boot (--persist)`,
				details: {wanted: to, got: persistentPages(seen)},
			});
		}

		if (seen.surplus > before.surplus) {
			context.note(`${seen.surplus} huge pages of ${pageSizeWord(sizeKiB)} are still in use; the kernel takes them away when they are freed`);
		}
	},
};

async function readNow({host}: ActionContext, action: SetHugepagesAction): Promise<HugepagePool> {
	const pool = readPool(host.files, action);
	if (pool === undefined) {
		throw await stepFailed(host, `huge pages of ${pageSizeWord(action.sizeKiB)} cannot be set`, {why: `${hugepagesFile(action)} is not there`});
	}

	return pool;
}

/** Someone may have taken pages since they were counted. While putting back nothing is refused:
 * the pages then go when they are freed. */
function requireUnused({signal}: ActionContext, pool: HugepagePool, {sizeKiB, to}: SetHugepagesAction): void {
	const used = usedPages(pool);
	if (signal !== undefined && to < persistentPages(pool) && to < used) {
		throw new AppError('MEMORY_IN_USE', `${used} huge pages of ${pageSizeWord(sizeKiB)} are in use, so ${to} are too few`, {
			why: 'the kernel would take the pages away behind the backs of their users as soon as they free them',
			fix: 'stop what uses them: vfctl dpdk hugepages',
			details: {used},
		});
	}
}
