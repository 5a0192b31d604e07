// Time that passes only when someone sleeps: tests of waiting loops take no time.
import type {Clock} from '../host/host.ts';

// 2026-01-01T00:00:00Z: a fixed beginning keeps output of tests and the demo the same.
const beginning = 1_767_225_600_000;

export interface SimClock extends Clock {
	/** Runs a thing once so many milliseconds have passed; at once for 0. */
	after(ms: number, effect: () => void): void;
	/** Lets time pass without a sleeper, for the duration of a simulated call. */
	pass(ms: number): void;
}

/** A clock at a fixed beginning. */
export function simClock(): SimClock {
	let elapsed = 0;
	let due: Array<{at: number; effect: () => void}> = [];

	const pass = (ms: number): void => {
		const goal = elapsed + ms;
		for (;;) {
			const next = due.filter(({at}) => at <= goal).toSorted((a, b) => a.at - b.at)[0];
			if (!next) {
				break;
			}

			due = due.filter(one => one !== next);
			elapsed = Math.max(elapsed, next.at);
			next.effect();
		}

		elapsed = goal;
	};

	return {
		now: () => beginning + Math.round(elapsed),
		monotonicMs: () => elapsed,
		async sleep(ms) {
			pass(Math.max(ms, 0));
		},
		after(ms, effect) {
			if (ms <= 0) {
				effect();
			} else {
				due.push({at: elapsed + ms, effect});
			}
		},
		pass,
	};
}
