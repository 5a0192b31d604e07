// flock(2) through the C library. Node has no call for it, and any other lock (a file that is
// there or not, a pid) outlives a process that was killed; this one the kernel frees.
import {closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync} from 'node:fs';
import {arch} from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {AppError} from '../errors.ts';
import type {LockOptions} from './host.ts';

const {O_CREAT, O_NOFOLLOW, O_RDWR} = constants;
// From <sys/file.h>: exclusive, and fail instead of waiting. Waiting in the call would block Node.
const LOCK_EX = 2;
const LOCK_NB = 4;
const retryMs = 100;

type Flock = (fd: number) => boolean;

/** Descriptors of the locks this process holds. Programs it starts inherit them, so that the lock
 * of a vfctl that was killed is only free when the `ip` or `modprobe` it had started is done too. */
export const heldLocks = new Set<number>();

/** Takes the exclusive lock on `path`, which is made when it is missing and never removed.
 * Resolves to the releasing function; rejects with LOCKED after `timeoutMs`. */
export async function takeLock(path: string, {timeoutMs, holder, onWait, signal}: LockOptions): Promise<() => Promise<void>> {
	const flock = await loadFlock();
	const deadline = performance.now() + timeoutMs;
	for (let waited = false; ;) {
		const fd = tryLock(path, flock);
		if (fd !== undefined) {
			heldLocks.add(fd);
			noteHolder(fd, holder);
			return async () => release(fd);
		}

		const other = readHolder(path);
		if (!waited) {
			waited = true;
			onWait?.(other);
		}

		if (signal?.aborted) {
			throw new AppError('INTERRUPTED', 'stopped while waiting for another vfctl', {why: `${other} is at work`});
		}

		if (performance.now() >= deadline) {
			throw new AppError('LOCKED', `another vfctl did not finish within ${timeoutMs / 1000} s`, {
				why: `${other} is at work`,
				fix: 'wait for it and try again',
				details: {holder: other},
			});
		}

		await sleep(Math.min(retryMs, Math.max(1, deadline - performance.now())));
	}
}

/** The descriptor that holds the lock, or undefined when someone else holds it. */
function tryLock(path: string, flock: Flock): number | undefined {
	const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
	try {
		// Someone may have removed the file since we opened it; a lock on it would guard nothing.
		if (flock(fd) && fstatSync(fd).ino === statSync(path, {throwIfNoEntry: false})?.ino) {
			return fd;
		}
	} catch (error) {
		closeSync(fd);
		throw error;
	}

	closeSync(fd);
	return undefined;
}

/** Only for those who wait: on a full disk, where this fails, the lock is as good without it, and
 * `vfctl recover` may be needed just then. */
function noteHolder(fd: number, holder: string): void {
	try {
		ftruncateSync(fd, 0);
		writeSync(fd, `${holder}\n`, 0);
	} catch {}
}

function release(fd: number): void {
	if (heldLocks.delete(fd)) {
		ftruncateSync(fd, 0);
		// Closing frees the lock, unless a program we started still has it.
		closeSync(fd);
	}
}

function readHolder(path: string): string {
	try {
		return readFileSync(path, 'utf8').trim() || 'another vfctl';
	} catch {
		return 'another vfctl';
	}
}

let loaded: Promise<Flock> | undefined;

async function loadFlock(): Promise<Flock> {
	loaded ??= load();
	return loaded;
}

// The processor's name in musl's library: libc.musl-x86_64.so.1 on Alpine.
const muslArchitectures: Readonly<Record<string, string>> = {x64: 'x86_64', arm64: 'aarch64', arm: 'armv7', ia32: 'x86', ppc64: 'ppc64le', riscv64: 'riscv64'};

async function load(): Promise<Flock> {
	const {default: koffi} = await import('koffi');
	const {EAGAIN, EINTR} = koffi.os.errno;
	const problems: string[] = [];
	// The last one is this process itself, which has a C library too.
	for (const name of ['libc.so.6', `libc.musl-${muslArchitectures[arch] ?? arch}.so.1`, null]) {
		try {
			const call = koffi.load(name).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;
			return fd => {
				while (call(fd, LOCK_EX | LOCK_NB) !== 0) {
					const errno = koffi.errno();
					if (errno === EAGAIN) {
						return false;
					}

					if (errno !== EINTR) {
						throw new AppError('STEP_FAILED', 'the lock of vfctl cannot be taken', {
							why: `flock(2) failed with errno ${errno}`,
							fix: 'put /var/lib/vfctl on a local file system',
						});
					}
				}

				return true;
			};
		} catch (error) {
			problems.push(error instanceof Error ? error.message : String(error));
		}
	}

	throw new AppError('BUG', 'the C library cannot be loaded, so vfctl cannot keep two of its kind apart', {why: problems.join('; ')});
}
