// Waiting until the host says what it should say.
import {AppError} from '../errors.ts';
import type {Clock} from '../host/host.ts';

/** How long each kind of change may take to show, in milliseconds. */
export const budgets = {
	link: 10_000,
	// i40e takes 22 s for 64 VFs, ixgbe more than 60 s; nmstate ended at 300 s.
	numVfs: 300_000,
	/** Host drivers of new VFs: udev loads the module. */
	vfDrivers: 15_000,
	bind: 10_000,
	module: 10_000,
	vfSettings: 5000,
	/** "VF n still in reset. Try again." of i40e, and drivers that answer EAGAIN. */
	tryAgain: 15_000,
	netdev: 15_000,
	attach: 15_000,
	detach: 60_000,
	/** A guest that was asked to let go and may still do so. */
	pendingUnplug: 5000,
	/** A detach that queues behind an attach of a dead process in libvirt. */
	uncertainDetach: 120_000,
	/** A guest that finds an interface which was plugged in; under emulation it takes 20 s. */
	guestInterface: 60_000,
} as const;

const firstPauseMs = 10;

export interface WaitOptions {
	budgetMs: number;
	/** Stops the waiting with INTERRUPTED. */
	signal?: AbortSignal | undefined;
	/** Between two questions: longer for what takes minutes, or is dear to ask. */
	longestPauseMs?: number;
}

/** Asks `probe` until it answers true; false when the time is up. It is asked at least once, and
 * once more at the end. */
export async function waitUntil(clock: Clock, {budgetMs, signal, longestPauseMs = 500}: WaitOptions, probe: () => boolean | Promise<boolean>): Promise<boolean> {
	const deadline = clock.monotonicMs() + budgetMs;
	for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
		if (await probe()) {
			return true;
		}

		throwIfAborted(signal);
		const left = deadline - clock.monotonicMs();
		if (left <= 0) {
			return false;
		}

		await clock.sleep(Math.min(pause, left));
	}
}

/** Throws INTERRUPTED once the run was told to stop. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
	if (signal?.aborted) {
		throw new AppError('INTERRUPTED', 'stopped on request', {why: typeof signal.reason === 'string' ? signal.reason : 'a signal arrived'});
	}
}
