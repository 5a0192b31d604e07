// One writer at a time, and none on top of an operation that was cut off.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {unfinishedOperations} from './journal.ts';
import type {Operation} from './operation.ts';
import {stateUnwritable} from './state-error.ts';
import {lockPath, stateDirectory} from './state-paths.ts';

export interface WithLockOptions {
	/** What this process does, for those who wait: "attach vm0 eth1". */
	holder: string;
	timeoutMs: number;
	/** Called once when another vfctl has the lock, with what that one does. */
	onWait?: (holder: string) => void;
	signal?: AbortSignal | undefined;
	/** `vfctl recover` itself runs while there are unfinished operations. */
	recovering?: boolean;
}

/** Runs `body` while holding the lock of the host. Rejects with LOCKED, or with NEEDS_RECOVERY
 * when an earlier operation did not come to an end: its process is dead, or it would hold the lock. */
export async function withLock<T>(host: Host, {holder, timeoutMs, onWait, signal, recovering = false}: WithLockOptions, body: () => Promise<T>): Promise<T> {
	const release = await host.files.lock(lockPath, {
		timeoutMs,
		holder: `vfctl (pid ${host.caller.pid}, ${holder.replace(/^vfctl /, '')})`,
		...(onWait === undefined ? {} : {onWait}),
		signal,
	}).catch((error: unknown) => {
		throw stateUnwritable(error, 'the lock of vfctl cannot be taken, so nothing was changed', stateDirectory);
	});
	try {
		if (!recovering) {
			requireNoneUnfinished(unfinishedOperations(host.files));
		}

		return await body();
	} finally {
		await release();
	}
}

/** Throws NEEDS_RECOVERY and names the first. */
export function requireNoneUnfinished(unfinished: readonly Operation[]): void {
	const [first] = unfinished;
	if (first !== undefined) {
		const title = first.header === null ? 'its first line is damaged' : `'${first.header.plan.title}' of ${first.header.time}`;
		throw new AppError('NEEDS_RECOVERY', `operation ${first.number} did not come to an end`, {
			why: first.outcome === 'rollback-incomplete' ? `it could not be put back completely (${title})` : `its process died (${title})`,
			fix: 'vfctl recover',
			details: {operations: unfinished.map(({number}) => number)},
		});
	}
}
