// The files of the real machine, or of a tree that looks like one below another root.
import {constants, existsSync, readFileSync, readdirSync, readlinkSync} from 'node:fs';
import {open} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {appendDurably, prepareDirectory, removeDurably, replaceDurably} from './durable.ts';
import {takeLock} from './flock.ts';
import type {HostFiles} from './host.ts';

/** Files of the machine; with `root`, of the tree below that directory. */
export function realFiles(root = '/'): HostFiles {
	const real = (path: string) => root === '/' ? path : join(root, path);
	return {
		readText: path => quietly(() => readFileSync(real(path), 'utf8')),
		readBytes: path => quietly(() => readFileSync(real(path))),
		readLink: path => quietly(() => readlinkSync(real(path))),
		list: path => quietly(() => readdirSync(real(path)).sort()) ?? [],
		exists: path => existsSync(real(path)),
		writeAttribute: async (path, value) => writeAttribute(real(path), value),
		writeFile: async (path, text, mode) => replaceDurably(real(path), text, {mode, root}),
		appendDurably: async (path, text) => appendDurably(real(path), text, root),
		removeFile: async path => removeDurably(real(path)),
		async lock(path, options) {
			await prepareDirectory(dirname(real(path)), root);
			return takeLock(real(path), options);
		},
	};
}

// These say that we cannot look, not that nothing is there: a host that is read while file
// descriptors run out would seem to have no devices.
const cannotLook = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

function quietly<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code === undefined || cannotLook.has(code)) {
			throw error;
		}

		return undefined;
	}
}

/** One write(2) to an attribute that is there. O_WRONLY alone: O_RDWR fails on write-only
 * attributes (drivers_probe) even for root, and without O_CREAT and O_TRUNC nothing is ever made
 * or emptied. Off the main thread: a write to sriov_numvfs can take minutes. */
async function writeAttribute(path: string, value: string): Promise<void> {
	if (value === '') {
		// Node would issue no write at all, so the kernel would never hear of it.
		throw new TypeError(`an empty write to ${path} does nothing; write a newline to clear it`);
	}

	const handle = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
	try {
		const bytes = Buffer.from(value);
		const {bytesWritten} = await handle.write(bytes, 0, bytes.length, null);
		if (bytesWritten !== bytes.length) {
			throw Object.assign(new Error(`EIO: ${path} took ${bytesWritten} of ${bytes.length} bytes`), {code: 'EIO', path, syscall: 'write'});
		}
	} finally {
		await handle.close();
	}
}
