// The clock of the real machine.
import {setTimeout as sleep} from 'node:timers/promises';
import type {Clock} from './host.ts';

/** Time as it passes. */
export const realClock: Clock = {
	now: () => Date.now(),
	monotonicMs: () => performance.now(),
	sleep: async ms => {
		await sleep(ms);
	},
};
