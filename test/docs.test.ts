// The documentation against the program: pages that are made from it, and every command line in them.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {errorCodes} from '../lib/errors.ts';
import {formatRecord} from '../lib/record/format.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {vfctl} from './helpers/plan-world.ts';

// The tests run from dist/test; the pages are two levels up.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md')).map(name => join('docs', name))];
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

test('the pages made from the program are what it says', t => {
	const {status, stderr} = spawnSync(process.execPath, [join(root, 'dist', 'scripts', 'make-docs.js'), '--check'], {cwd: root, encoding: 'utf8'});
	t.is(stderr, '');
	t.is(status, 0);
});

/** The host that the examples are about. */
function exampleHost(): HostRecord {
	return hostBuilder('example').bridge({name: 'br0'}).pf({card: 'xl710', bdf: '0000:03:00.0', name: 'ens6f1', vfs: 4})
		.pf({card: 'xl710', bdf: '0000:04:00.0', name: 'ens7f1', vfs: 4})
		.pool({name: 'fast', pf: 'ens7f1'}).guest({name: 'vm0'}).guest({name: 'vm1'}).record();
}

/** Command lines of a page: those in console blocks that begin with `vfctl` or `# vfctl`. */
function commandLines(page: string): string[] {
	return [...textOf(page).matchAll(/```console\n(.*?)```/gs)]
		.flatMap(([, block]) => block!.split('\n'))
		.map(line => line.replace(/^# /, '').replace(/\s+#\s.*$/, '').trim())
		.filter(line => line.startsWith('vfctl '));
}

const commandPages = pages.filter(page => commandLines(page).length > 0);

for (const page of commandPages) {
	test(`every command in ${page} can be typed like that`, async t => {
		const directory = mkdtempSync(join(tmpdir(), 'vfctl-docs-'));
		t.teardown(() => {
			rmSync(directory, {recursive: true});
		});
		for (const name of ['host.rec', 'before.rec', 'after.rec']) {
			writeFileSync(join(directory, name), formatRecord(exampleHost()));
		}

		const host = simHost(exampleHost());
		for (const line of commandLines(page)) {
			const words = line.split(/\s+/).slice(1).map(word => word.endsWith('.rec') ? join(directory, word) : word);
			const {error} = await vfctl(host, ['undo', 'vf'].includes(words[0]!) ? [...words, '--yes'] : words);
			// What an example is about may not be there; a command line that makes no sense is an error of the page.
			t.true(error === undefined || ['OPERATION_NOT_FOUND'].includes(error.code), `${line}: ${error?.code} ${error?.message}`);
		}
	});
}

test('there are commands in the pages', t => {
	t.true(commandPages.includes('README.md'));
	t.true(commandPages.includes(join('docs', 'journal.md')));
	t.true(commandPages.flatMap(page => commandLines(page)).length >= 18);
});

test('codes and files that the pages name are there', t => {
	for (const page of pages) {
		const text = textOf(page);
		for (const [, code] of text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)) {
			t.true(code! in errorCodes || /^(VFCTL|SSH|NO)_/.test(code!), `${page}: ${code}`);
		}

		for (const [, target] of text.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
			t.notThrows(() => readFileSync(join(root, dirname(page), target!)), `${page}: ${target}`);
		}
	}
});

test('the journal\'s page tells every event and outcome', t => {
	const text = textOf('docs/journal.md');
	const source = readFileSync(join(root, 'lib', 'exec', 'operation.ts'), 'utf8');
	const events = [...source.matchAll(/\{event: '([a-z-]+)'/g)].map(match => match[1]!);
	const outcomes = /type Outcome = (.*);/.exec(source)![1]!.split(' | ').map(one => one.slice(1, -1));
	t.true(events.length >= 7 && outcomes.length >= 5);
	for (const name of [...new Set(events), ...outcomes]) {
		t.true(text.includes(`| \`${name}\` |`), name);
	}
});
