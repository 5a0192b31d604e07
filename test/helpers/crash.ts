// Processes that are killed in the middle of their work on a simulated host.
import type {SimHost} from '../../lib/sim/sim-host.ts';

/**
 * Kills the process that does `work` before its change number `at` (from 1), or before the first change
 * that `at` picks. Gives the host as the next process finds it, or undefined when the work came to its end
 * alive; what fails while alive is thrown. A `beforeChange` of the host hears of the changes before the
 * crash, and is back afterwards.
 */
export async function crashAt(host: SimHost, at: number | ((what: string) => boolean), work: () => Promise<unknown>): Promise<SimHost | undefined> {
	const {beforeChange: earlier} = host.machine.options;
	let changes = 0;
	let dead = false;
	host.set({
		beforeChange(what) {
			changes++;
			// Dead is dead: from the crash on nothing is changed, neither the host nor the journal.
			dead ||= typeof at === 'number' ? changes === at : at(what);
			if (dead) {
				throw new Error('killed');
			}

			earlier?.(what);
		},
	});
	try {
		await work();
	} catch (error) {
		if (!dead) {
			throw error;
		}
	}

	const after = {beforeChange: earlier as never};
	if (dead) {
		return host.afterCrash(after);
	}

	host.set(after);
	return undefined;
}

/**
 * Kills `work` before each of its changes in turn, each time on a host of its own; `check` gets the host
 * as the next process finds it. Gives the number of changes, after which it ended alive.
 */
export async function crashEverywhere(fresh: () => SimHost | Promise<SimHost>, work: (host: SimHost) => Promise<unknown>, check: (after: SimHost, at: number) => Promise<void>): Promise<number> {
	for (let at = 1; ; at++) {
		const host = await fresh();
		const after = await crashAt(host, at, async () => work(host));
		if (after === undefined) {
			return at - 1;
		}

		await check(after, at);
	}
}
