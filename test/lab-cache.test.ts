// What the lab keeps between runs: the newest entries, and whatever a running lab still needs.
import {existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {cacheEntry} from '../lab/cache.ts';
import {writeUses} from '../lab/state.ts';

const base = mkdtempSync(path.join(tmpdir(), 'vfctl-lab-cache-'));
process.env['VFCTL_LAB_CACHE'] = path.join(base, 'cache');
process.env['VFCTL_LAB_STATE'] = path.join(base, 'state');

test.after.always(() => {
	rmSync(base, {recursive: true});
});

async function build(key: string): Promise<string> {
	return cacheEntry({
		kind: 'images',
		key,
		report() {},
		async build(directory) {
			writeFileSync(path.join(directory, 'content'), key);
		},
	});
}

test('an entry that a running lab needs outlives newer ones; what nobody needs goes', async t => {
	// Entries of one millisecond have no order.
	const built = async (key: string, seconds: number): Promise<string> => {
		const entry = await build(key);
		utimesSync(entry, seconds, seconds);
		return entry;
	};

	const used = await built('used', 1);
	const lab = path.join(base, 'state/one');
	mkdirSync(lab, {recursive: true});
	writeUses(lab, [used]);
	const all = [used, await built('unused', 2), await built('newer', 3), await built('newest', 4)];
	t.deepEqual(all.map(entry => existsSync(entry)), [true, false, true, true]);

	rmSync(lab, {recursive: true});
	await build('last');
	t.false(existsSync(used), 'the lab is gone');
});
