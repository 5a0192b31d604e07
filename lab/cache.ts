import {existsSync, rmSync} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import {onProcessEnd} from './cleanup.ts';
import {withLock} from './lock.ts';
import {cacheDirectory} from './paths.ts';
import type {Report} from './progress.ts';
import {entriesInUse} from './state.ts';

const KEEP = 2;
const PARTIAL = '.partial-';

export type EntryOptions = {
	kind: string;
	key: string;
	report: Report;
	// Fills an empty directory; it becomes the entry only when this succeeds.
	build: (directory: string) => Promise<void>;
};

// The directory of a cache entry, built first if it is not there. Two labs that want it at once build it once.
export async function cacheEntry({kind, key, report, build}: EntryOptions): Promise<string> {
	const base = cacheDirectory();
	const entry = path.join(base, `${kind}-${key}`);
	if (await markUsed(entry)) {
		return entry;
	}

	await fs.mkdir(base, {recursive: true, mode: 0o700});
	return withLock(path.join(base, `${kind}.lock`), () => report(`waiting for another lab that builds the ${kind}`), async () => {
		if (await markUsed(entry)) {
			return entry;
		}

		await removeMatching(base, name => name.startsWith(PARTIAL + kind)); // We hold the lock: nobody builds these any more.
		const partial = path.join(base, `${PARTIAL}${kind}-${key}`);
		const forget = onProcessEnd(() => rmSync(partial, {recursive: true, force: true}));
		try {
			await fs.mkdir(partial);
			await build(partial);
			await fs.rename(partial, entry);
		} finally {
			await fs.rm(partial, {recursive: true, force: true});
			forget();
		}

		await prune(base, kind, entry);
		return entry;
	});
}

// Forgets one entry, so that the next lab builds it anew.
export async function dropEntries(kinds: readonly string[]): Promise<void> {
	const base = cacheDirectory();
	const inUse = entriesInUse();
	await removeMatching(base, name => kinds.some(kind => name.startsWith(`${kind}-`)) && !inUse.has(path.join(base, name)));
}

// The change time of an entry is the last time a lab wanted it; pruning goes by that.
async function markUsed(entry: string): Promise<boolean> {
	if (!existsSync(entry)) {
		return false;
	}

	const now = new Date();
	await fs.utimes(entry, now, now);
	return true;
}

async function prune(base: string, kind: string, justBuilt: string): Promise<void> {
	const inUse = entriesInUse();
	const names = (await fs.readdir(base)).filter(name => name.startsWith(`${kind}-`));
	const entries = await Promise.all(names.map(async name => {
		const entry = path.join(base, name);
		return {entry, usedAt: (await fs.stat(entry)).mtimeMs};
	}));
	const old = entries.sort((a, b) => b.usedAt - a.usedAt).slice(KEEP);
	for (const {entry} of old) {
		if (entry !== justBuilt && !inUse.has(entry)) {
			await fs.rm(entry, {recursive: true, force: true});
		}
	}
}

async function removeMatching(base: string, matches: (name: string) => boolean): Promise<void> {
	const names = existsSync(base) ? await fs.readdir(base) : [];
	for (const name of names.filter(matches)) {
		await fs.rm(path.join(base, name), {recursive: true, force: true});
	}
}
