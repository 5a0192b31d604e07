// Which source a build is of: the list of tried ones, and Debian's revisions.
import {readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import {headersRevision, kernelRevision, packageVersion, revisionNotes} from '../lib/model/debian-revision.ts';
import {parseSemanticPatch} from '../lib/model/semantic-patch.ts';
import {parseSourceLock, sourceLockText, triedSource, untriedNote} from '../lib/model/source-lock.ts';

const path = 'kernel-module/sources.lock.json';
const sources = parseSourceLock(readFileSync(path, 'utf8'), path);

test('the lock file names the kernels of both labs, and every file that a patch is for', t => {
	const touched = ['igb', 'ixgbe'].flatMap(driver => readdirSync(`kernel-module/cocci/${driver}`).filter(name => name.endsWith('.cocci'))
		.map(name => `${driver}/${parseSemanticPatch(name, readFileSync(`kernel-module/cocci/${driver}/${name}`, 'utf8')).file}`));
	t.true(touched.length > 3);
	for (const series of ['6.1', '6.12']) {
		const source = sources.find(one => one.package === `linux-source-${series}`);
		t.true(source?.version.startsWith(`${source.kernelVersion}-`), series);
		t.deepEqual(Object.keys(source!.files).toSorted(), [...new Set(touched)].toSorted(), series);
	}

	t.is(sourceLockText(sources), readFileSync(path, 'utf8'));
});

test('a source is tried when all files of the build are those of one entry', t => {
	const [first, second] = sources;
	t.is(triedSource(sources, first!.files), first);
	const igb = {'igb/igb_main.c': second!.files['igb/igb_main.c']!};
	t.is(triedSource(sources, igb), second, 'one driver alone');
	t.is(triedSource(sources, {...first!.files, ...igb}), undefined, 'files of two entries');
	t.is(triedSource(sources, {...igb, 'igb/other.c': 'a'.repeat(64)}), undefined);
	t.is(triedSource(sources, {}), undefined);
	t.is(triedSource([], igb), undefined);
	t.regex(untriedNote(sources, igb), /igb\/igb_main\.c\); it was with: linux-source-6\.1 6\.1\./);
});

test('a damaged lock file is told with its place', t => {
	for (const text of ['', '{', 'null', '{"version":2,"sources":[]}', JSON.stringify({version: 1, sources: [{...sources[0], files: {'../evil': 'a'.repeat(64)}}]}), JSON.stringify({version: 1, sources: [{...sources[0], compiled: 'today'}]})]) {
		t.throws(() => parseSourceLock(text, 'x.json'), {message: 'x.json is damaged', code: 'NO_KERNEL_SOURCE'}, text);
	}
});

test('revisions of headers, of the kernel that runs, and of an installed package', t => {
	t.is(headersRevision('#ifndef X\n#define LINUX_PACKAGE_ID " Debian 6.1.192-2"\n'), '6.1.192-2');
	t.is(headersRevision('#define LINUX_PACKAGE_ID ""\n'), undefined);
	t.is(kernelRevision('#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-10-12)'), '6.12.117-1');
	t.is(kernelRevision('#45-Ubuntu SMP PREEMPT_DYNAMIC Fri Aug 30 12:02:04 UTC 2024'), undefined);
	const status = 'Package: linux-source\nStatus: install ok installed\nVersion: 6.1.1\n\nPackage: linux-source-6.1\nStatus: install ok installed\nPriority: optional\nVersion: 6.1.192-2\nDescription: x\n Package: linux-source-6.2\n\nPackage: linux-source-6.2\nStatus: deinstall ok config-files\nVersion: 6.2-1\n';
	t.is(packageVersion(status, 'linux-source-6.1'), '6.1.192-2');
	t.is(packageVersion(status, 'linux-source'), '6.1.1');
	t.is(packageVersion(status, 'linux-source-6.2'), undefined, 'removed');
	t.is(packageVersion(status, 'linux-source-6.3'), undefined);
});

test('revisions that differ are told; those that are not known say nothing', t => {
	t.deepEqual(revisionNotes({source: '6.1.192-2', headers: '6.1.192-2', running: '6.1.192-2'}), []);
	t.deepEqual(revisionNotes({source: undefined, headers: '6.1.192-2', running: undefined}), []);
	t.deepEqual(revisionNotes({source: '6.1.192-1', headers: undefined, running: '6.1.192-2'}), []);
	const notes = revisionNotes({source: '6.1.192-1', headers: '6.1.192-2', running: '6.1.190-1'});
	t.is(notes.length, 2);
	t.regex(notes[0]!, /^the source is Debian's 6\.1\.192-1, the headers are of 6\.1\.192-2/);
	t.regex(notes[1]!, /^the kernel that runs is Debian's 6\.1\.190-1, the headers are of 6\.1\.192-2/);
});
