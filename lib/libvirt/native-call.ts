// A call of libvirt on another thread, with a time limit.
import type {NativeFunction} from './ffi.ts';

/** The call did not return in time. */
export class CallTimeout extends Error {
	/** It did not return after its socket was shut down either: it still uses its objects, and the
	 * process cannot end by itself. */
	readonly hangs: boolean;

	constructor(hangs: boolean) {
		super('a call of libvirt did not return in time');
		this.hangs = hangs;
	}
}

export interface NativeCall {
	readonly nativeFunction: NativeFunction;
	readonly parameters: readonly unknown[];
	readonly timeoutMs: number;
	/** Makes the call return: see unblock.ts. */
	readonly unblock: () => void;
}

// From the shutdown of a socket to the return of the call that reads from it.
const unblockMs = 2000;

/** What the function returns; rejects with CallTimeout. */
export function callNative({nativeFunction, parameters, timeoutMs, unblock}: NativeCall): Promise<unknown> {
	return new Promise((resolve, reject) => {
		let timedOut = false;
		let timer = setTimeout(() => {
			timedOut = true;
			timer = setTimeout(() => {
				reject(new CallTimeout(true));
			}, unblockMs);
			unblock();
		}, timeoutMs);
		nativeFunction.async(...parameters, (error: unknown, result: unknown) => {
			clearTimeout(timer);
			if (timedOut) {
				reject(new CallTimeout(false));
			} else if (error) {
				reject(error);
			} else {
				resolve(result);
			}
		});
	});
}

/** NULL and negative numbers are failures everywhere in libvirt. */
export function isFailure(result: unknown): boolean {
	return result === null || (typeof result === 'number' && result < 0);
}
