// Regular files that survive a power cut: replaced or appended to, then flushed to the disk
// together with the directory entries that lead to them.
import {constants} from 'node:fs';
import {lstat, mkdir, open, rename, rm, type FileHandle} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {requireSafeDirectory} from './safe-directory.ts';

const {O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_DIRECTORY, O_WRONLY} = constants;

let temporaryFiles = 0;

/** Replaces a file as a whole: after a crash it has the old content or the new one. A symbolic
 * link at `path` is replaced, not followed. */
export async function replaceDurably(path: string, text: string, {mode, root}: {mode: number | undefined; root: string}): Promise<void> {
	await prepareDirectory(dirname(path), root);
	const temporary = join(dirname(path), `.${basename(path)}.vfctl-${process.pid}-${temporaryFiles++}`);
	// Left by a dead process of the same pid.
	await rm(temporary, {force: true});
	try {
		const bits = mode ?? await presentMode(path) ?? 0o644;
		const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, bits);
		await writeAndSync(handle, text, bits);
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, {force: true});
		throw error;
	}

	await syncDirectory(dirname(path));
}

/** Permission bits of a regular file, but for those that let others write. */
async function presentMode(path: string): Promise<number | undefined> {
	const stats = await lstat(path).catch(() => undefined);
	return stats?.isFile() === true ? stats.mode & 0o755 : undefined;
}

/** Appends to a file, which is made (for us alone) when it is missing. When the disk is full nothing
 * of the text stays: half a line would spoil the next one, which may find room again. */
export async function appendDurably(path: string, text: string, root: string): Promise<void> {
	await prepareDirectory(dirname(path), root);
	const {handle, created} = await openForAppending(path);
	try {
		await appendWhole(handle, Buffer.from(text));
	} finally {
		await handle.close();
	}

	if (created) {
		await syncDirectory(dirname(path));
	}
}

/** Removes a file for good; nothing happens when it is not there. */
export async function removeDurably(path: string): Promise<void> {
	try {
		await rm(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return;
		}

		throw error;
	}

	await syncDirectory(dirname(path));
}

/** Makes `directory` and what is missing above it (0755, the state directory's own files are 0600),
 * and throws UNSAFE_DIRECTORY when others can write there. */
export async function prepareDirectory(directory: string, root: string): Promise<void> {
	const missing: string[] = [];
	for (let path = directory; !await isThere(path); path = dirname(path)) {
		missing.unshift(path);
	}

	for (const path of missing) {
		await mkdir(path, {mode: 0o755}).catch((error: NodeJS.ErrnoException) => {
			if (error.code !== 'EEXIST') {
				throw error;
			}
		});
		await syncDirectory(dirname(path));
	}

	requireSafeDirectory(directory, root);
}

async function isThere(path: string): Promise<boolean> {
	return lstat(path).then(() => true, (error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') {
			return false;
		}

		throw error;
	});
}

async function openForAppending(path: string): Promise<{handle: FileHandle; created: boolean}> {
	try {
		return {handle: await open(path, O_WRONLY | O_APPEND | O_NOFOLLOW), created: false};
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
			throw error;
		}
	}

	return {handle: await open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CREAT | O_EXCL, 0o600), created: true};
}

async function appendWhole(handle: FileHandle, bytes: Uint8Array): Promise<void> {
	const {size} = await handle.stat();
	let written = 0;
	try {
		while (written < bytes.length) {
			written += (await handle.write(bytes, written)).bytesWritten;
		}
	} catch (error) {
		// Not when somebody else has appended since: that line is theirs.
		const now = await handle.stat();
		if (written > 0 && now.size === size + written) {
			await handle.truncate(size);
		}

		throw error;
	}

	await handle.sync();
}

async function writeAndSync(handle: FileHandle, text: string, mode: number): Promise<void> {
	try {
		await handle.writeFile(text);
		// The umask has no say in what a configuration file looks like.
		await handle.chmod(mode);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** Flushes a directory, so that a new or renamed entry survives a power cut. */
async function syncDirectory(path: string): Promise<void> {
	const handle = await open(path, O_RDONLY | O_DIRECTORY);
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
