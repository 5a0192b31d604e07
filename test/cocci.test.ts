// Each semantic patch of kernel-module/ on a small piece of code of the shape that it is for.
// `before.c` and `after.c` are ours; that the patches fit the real drivers is test/driver-build*.test.ts.
import {cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {execFileSync} from 'node:child_process';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {hasIdentifier, missingCalls, parseSemanticPatch} from '../lib/model/semantic-patch.ts';

const patches = 'kernel-module/cocci';
const cases = 'test/kernel-module';

for (const driver of readdirSync(cases)) {
	for (const name of readdirSync(path.join(cases, driver))) {
		// A second case of a patch has a suffix: 40-versions-known is a tree that 40-versions leaves alone.
		const patch = [name, name.replace(/-[a-z]+$/, '')].map(stem => path.join(patches, driver, `${stem}.cocci`)).find(file => existsSync(file))!;
		const directory = path.join(cases, driver, name);
		test(`${driver}: ${name}`, t => {
			const [before, after] = ['before.c', 'after.c'].map(file => path.join(directory, file)) as [string, string];
			const {patched, hooks} = apply(patch, before);
			if (existsSync(after)) {
				t.is(patched, readFileSync(after, 'utf8'));
				t.deepEqual(missingCalls(patched, hooks), []);
			} else {
				t.is(patched, readFileSync(before, 'utf8'), 'a tree that is left alone');
			}
		});
	}
}

test('every semantic patch has a case', t => {
	for (const driver of readdirSync(patches)) {
		for (const file of readdirSync(path.join(patches, driver))) {
			t.true(existsSync(path.join(cases, driver, file.replace('.cocci', ''), 'before.c')), `${driver}/${file}`);
		}
	}
});

function apply(patch: string, source: string): {patched: string; hooks: readonly string[]} {
	const directory = mkdtempSync(path.join(tmpdir(), 'vfctl-cocci-'));
	try {
		const file = path.join(directory, 'driver.c');
		cpSync(source, file);
		const {hooks, unless} = parseSemanticPatch(path.basename(patch), readFileSync(patch, 'utf8'));
		if (unless === null || !hasIdentifier(readFileSync(file, 'utf8'), unless)) {
			execFileSync('spatch', ['--very-quiet', '--sp-file', patch, '--in-place', file], {stdio: ['ignore', 'ignore', 'inherit']});
		}

		return {patched: readFileSync(file, 'utf8'), hooks};
	} finally {
		rmSync(directory, {recursive: true});
	}
}
