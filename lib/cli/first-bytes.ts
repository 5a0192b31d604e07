// The beginning of a file that a command was given, to see what it is.
import {closeSync, openSync, readSync, statSync} from 'node:fs';

/** The first bytes, fewer where the file ends; none of a pipe, which would lose what is read here: `vfctl diff <(...)`.
 * Throws what Node.js throws. */
export function firstBytes(path: string, count: number): Buffer {
	if (!statSync(path).isFile()) {
		return Buffer.alloc(0);
	}

	const bytes = Buffer.alloc(count);
	const descriptor = openSync(path, 'r');
	try {
		return bytes.subarray(0, readSync(descriptor, bytes, 0, count, 0));
	} finally {
		closeSync(descriptor);
	}
}
