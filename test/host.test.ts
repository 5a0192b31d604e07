// The door to the real machine: files in temporary directories, locks between real processes,
// real programs.
import {spawn, type ChildProcess} from 'node:child_process';
import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import {realFiles} from '../lib/host/real-files.ts';
import {realRunner} from '../lib/host/real-runner.ts';

const isRoot = process.geteuid?.() === 0;
const moduleUrl = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

function temporaryRoot(t: ExecutionContext): string {
	const root = mkdtempSync(join(tmpdir(), 'vfctl-host-'));
	t.teardown(() => {
		rmSync(root, {recursive: true, force: true});
	});
	return root;
}

async function throwsCode(t: ExecutionContext, promise: Promise<unknown>, code: ErrorCode): Promise<AppError> {
	const error = await t.throwsAsync(promise, {instanceOf: AppError});
	t.is(error?.code, code, error?.message);
	return error!;
}

test('reading tells absent from present and keeps links as they are written', t => {
	const root = temporaryRoot(t);
	mkdirSync(join(root, 'sys/b'), {recursive: true});
	writeFileSync(join(root, 'sys/value'), '7\n');
	writeFileSync(join(root, 'sys/bytes'), Uint8Array.of(0, 255));
	symlinkSync('../somewhere/igb', join(root, 'sys/driver'));
	const files = realFiles(root);
	t.is(files.readText('/sys/value'), '7\n');
	t.is(files.readText('/sys/none'), undefined);
	t.is(files.readText('/sys/b'), undefined);
	t.deepEqual([...files.readBytes('/sys/bytes') ?? []], [0, 255]);
	t.is(files.readLink('/sys/driver'), '../somewhere/igb');
	t.is(files.readLink('/sys/value'), undefined);
	t.deepEqual(files.list('/sys'), ['b', 'bytes', 'driver', 'value']);
	t.deepEqual(files.list('/sys/value'), []);
	t.true(files.exists('/sys/b'));
	t.false(files.exists('/sys/c'));
});

test('an attribute is written in place, never made, never emptied; the errno is kept', async t => {
	const root = temporaryRoot(t);
	writeFileSync(join(root, 'numvfs'), 'long old content\n');
	const files = realFiles(root);
	await files.writeAttribute('/numvfs', '4');
	// No truncation: sysfs has none either, and a mistyped path cannot empty a regular file.
	t.is(readFileSync(join(root, 'numvfs'), 'utf8'), '4ong old content\n');
	await t.throwsAsync(files.writeAttribute('/absent', '4'), {code: 'ENOENT'});
	t.false(existsSync(join(root, 'absent')));
	await t.throwsAsync(files.writeAttribute('/numvfs', ''), {instanceOf: TypeError});
	symlinkSync('numvfs', join(root, 'link'));
	await t.throwsAsync(files.writeAttribute('/link', '4'), {code: 'ELOOP'});
});

test('the errno of a kernel attribute comes through', async t => {
	// oom_score_adj takes -1000 to 1000 and is the process's own.
	const error = await t.throwsAsync(realFiles().writeAttribute('/proc/self/oom_score_adj', '5000'));
	t.is((error as NodeJS.ErrnoException).code, 'EINVAL');
	await realFiles().writeAttribute('/proc/self/oom_score_adj', readFileSync('/proc/self/oom_score_adj', 'utf8'));
});

test('a file is replaced as a whole, with its mode, and leaves nothing beside it', async t => {
	const root = temporaryRoot(t);
	const files = realFiles(root);
	await files.writeFile('/etc/modprobe.d/vfctl.conf', 'one\n');
	await files.writeFile('/etc/modprobe.d/vfctl.conf', 'two\n', 0o600);
	t.is(files.readText('/etc/modprobe.d/vfctl.conf'), 'two\n');
	t.is(statSync(join(root, 'etc/modprobe.d/vfctl.conf')).mode & 0o777, 0o600);
	t.deepEqual(readdirSync(join(root, 'etc/modprobe.d')), ['vfctl.conf']);
	await files.removeFile('/etc/modprobe.d/vfctl.conf');
	await files.removeFile('/etc/modprobe.d/vfctl.conf');
	t.deepEqual(readdirSync(join(root, 'etc/modprobe.d')), []);
});

test('a link in place of a file is replaced, or refused, but not followed', async t => {
	const root = temporaryRoot(t);
	const files = realFiles(root);
	mkdirSync(join(root, 'state'));
	writeFileSync(join(root, 'victim'), 'precious\n');
	symlinkSync('../victim', join(root, 'state/file'));
	symlinkSync('../victim', join(root, 'state/log'));
	symlinkSync('../victim', join(root, 'state/lock'));
	await files.writeFile('/state/file', 'ours\n');
	await t.throwsAsync(files.appendDurably('/state/log', 'ours\n'), {code: 'ELOOP'});
	await t.throwsAsync(files.lock('/state/lock', {timeoutMs: 0, holder: 'us'}), {code: 'ELOOP'});
	t.is(readFileSync(join(root, 'victim'), 'utf8'), 'precious\n');
	t.is(readFileSync(join(root, 'state/file'), 'utf8'), 'ours\n');
});

test('appending makes a private file', async t => {
	const root = temporaryRoot(t);
	const files = realFiles(root);
	await files.appendDurably('/var/lib/vfctl/journal/000001.jsonl', 'a\n');
	await files.appendDurably('/var/lib/vfctl/journal/000001.jsonl', 'b\n');
	t.is(files.readText('/var/lib/vfctl/journal/000001.jsonl'), 'a\nb\n');
	t.is(statSync(join(root, 'var/lib/vfctl/journal/000001.jsonl')).mode & 0o777, 0o600);
});

/** What a process prints whose files can have `kib` KiB each: the kernel then refuses as on a full disk, the
 * last write half done, with EFBIG (setrlimit(2), RLIMIT_FSIZE). */
async function onFullDisk(root: string, kib: number, body: string): Promise<unknown> {
	const script = `import {realFiles} from ${moduleUrl('../lib/host/real-files.js')}; const files = realFiles(${JSON.stringify(root)}); ${body}`;
	const {code, stdout, stderr} = await realRunner().run(['bash', '-c', `ulimit -f ${kib}; exec "$0" --input-type=module -e "$1"`, process.execPath, script]);
	if (code !== 0) {
		throw new Error(stderr);
	}

	return JSON.parse(stdout);
}

test('a full disk leaves no half line for the next one to follow', async t => {
	const root = temporaryRoot(t);
	const seen = await onFullDisk(root, 1, `
		const seen = [];
		for (const [letter, length] of [['a', 600], ['b', 600], ['c', 10]]) {
			seen.push(await files.appendDurably('/journal', letter.repeat(length) + '\\n').then(() => 'written', error => error.code));
		}

		console.log(JSON.stringify(seen));
	`);
	t.deepEqual(seen, ['written', 'EFBIG', 'written']);
	t.is(readFileSync(join(root, 'journal'), 'utf8'), `${'a'.repeat(600)}\n${'c'.repeat(10)}\n`);
});

test('a full disk does not keep the lock from being taken', async t => {
	const root = temporaryRoot(t);
	t.is(await onFullDisk(root, 0, `
		const release = await files.lock('/lock', {timeoutMs: 0, holder: 'us'});
		await release();
		await (await files.lock('/lock', {timeoutMs: 0, holder: 'us'}))();
		console.log('"both"');
	`), 'both');
});

for (const [title, mode, owner] of [
	['writable by everyone', 0o777, 0],
	['writable by everyone, even when sticky', 0o1777, 0],
	['writable by another group', 0o775, 4242],
	['of another user', 0o755, -4242],
] as const) {
	(isRoot ? test : test.skip)(`a state directory ${title} is refused`, async t => {
		const root = temporaryRoot(t);
		const directory = join(root, 'var/lib/vfctl');
		mkdirSync(join(directory, 'journal'), {recursive: true});
		chownSync(directory, owner < 0 ? -owner : 0, Math.max(owner, 0));
		chmodSync(directory, mode);
		const files = realFiles(root);
		await throwsCode(t, files.writeFile('/var/lib/vfctl/x', ''), 'UNSAFE_DIRECTORY');
		await throwsCode(t, files.lock('/var/lib/vfctl/lock', {timeoutMs: 0, holder: 'us'}), 'UNSAFE_DIRECTORY');
		if (mode !== 0o1777) {
			// What lies above is judged too, but nobody can rename our entry in a sticky directory.
			await throwsCode(t, files.appendDurably('/var/lib/vfctl/journal/1', ''), 'UNSAFE_DIRECTORY');
		}
	});
}

test('a lock keeps others out, says who has it, and is free after release', async t => {
	const root = temporaryRoot(t);
	const release = await realFiles(root).lock('/lock', {timeoutMs: 0, holder: 'vfctl (pid 123, attach vm0)'});
	const waits: string[] = [];
	const error = await throwsCode(t, realFiles(root).lock('/lock', {timeoutMs: 250, holder: 'second', onWait: holder => waits.push(holder)}), 'LOCKED');
	t.regex(error.why ?? '', /attach vm0/);
	t.deepEqual(waits, ['vfctl (pid 123, attach vm0)']);
	const waiting = realFiles(root).lock('/lock', {timeoutMs: 10_000, holder: 'third'});
	await release();
	await release();
	const releaseThird = await waiting;
	t.is(readFileSync(join(root, 'lock'), 'utf8'), 'third\n');
	const stop = new AbortController();
	stop.abort();
	await throwsCode(t, realFiles(root).lock('/lock', {timeoutMs: 10_000, holder: 'fourth', signal: stop.signal}), 'INTERRUPTED');
	await releaseThird();
	t.is(readFileSync(join(root, 'lock'), 'utf8'), '');
});

/** A process that takes the lock, runs `body`, and prints a line. */
async function holderProcess(t: ExecutionContext, root: string, body = ''): Promise<ChildProcess> {
	const child = spawn(process.execPath, ['--input-type=module', '-e', `
		import {realFiles} from ${moduleUrl('../lib/host/real-files.js')};
		import {realRunner} from ${moduleUrl('../lib/host/real-runner.js')};
		await realFiles(${JSON.stringify(root)}).lock('/lock', {timeoutMs: 5000, holder: 'child ' + process.pid});
		${body}
		process.stdout.write('locked\\n');
		setInterval(() => {}, 1000);
	`], {stdio: ['ignore', 'pipe', 'inherit']});
	t.teardown(() => child.kill('SIGKILL'));
	await once(child.stdout, 'data');
	return child;
}

test('the lock of a process that is killed is free at once', async t => {
	const root = temporaryRoot(t);
	const child = await holderProcess(t, root);
	const error = await throwsCode(t, realFiles(root).lock('/lock', {timeoutMs: 200, holder: 'us'}), 'LOCKED');
	t.regex(error.why ?? '', new RegExp(`child ${child.pid}`));
	child.kill('SIGKILL');
	await once(child, 'close');
	const release = await realFiles(root).lock('/lock', {timeoutMs: 0, holder: 'us'});
	await release();
});

test('the lock of a process that is killed stays until the program it started is done', async t => {
	const root = temporaryRoot(t);
	const child = await holderProcess(t, root, 'realRunner().run([\'sleep\', \'1.5\']).catch(() => {});');
	child.kill('SIGKILL');
	await once(child, 'close');
	await throwsCode(t, realFiles(root).lock('/lock', {timeoutMs: 100, holder: 'us'}), 'LOCKED');
	const release = await realFiles(root).lock('/lock', {timeoutMs: 20_000, holder: 'us'});
	await release();
});

test('a lock file that was removed guards nothing, and nobody believes it does', async t => {
	const root = temporaryRoot(t);
	const release = await realFiles(root).lock('/lock', {timeoutMs: 0, holder: 'first'});
	rmSync(join(root, 'lock'));
	const releaseSecond = await realFiles(root).lock('/lock', {timeoutMs: 0, holder: 'second'});
	await throwsCode(t, realFiles(root).lock('/lock', {timeoutMs: 0, holder: 'third'}), 'LOCKED');
	await release();
	await releaseSecond();
});

test('programs: exit status, output, input, one language, no shell', async t => {
	const runner = realRunner();
	t.deepEqual(await runner.run(['sh', '-c', 'echo out; echo err >&2; exit 3']), {code: 3, stdout: 'out\n', stderr: 'err\n'});
	t.is((await runner.run(['cat'], {input: 'given'})).stdout, 'given');
	t.is((await runner.run(['echo', '$HOME; ls'])).stdout, '$HOME; ls\n');
	const {stdout} = await runner.run(['env']);
	t.regex(stdout, /^LC_ALL=C$/m);
	t.notRegex(stdout, /^(HOME|MODPROBE_OPTIONS|NODE_OPTIONS)=/m);
	t.is((await runner.run(['sh', '-c', 'kill -9 $$'])).code, 137);
	t.is((await runner.run(['true'], {input: 'not read'.repeat(100_000)})).code, 0);
});

test('a program that is not installed is named with its package', async t => {
	const error = await throwsCode(t, realRunner('/nonexistent').run(['ip', 'link']), 'TOOL_MISSING');
	t.regex(error.fix ?? '', /apt install iproute2/);
	t.regex(error.fix ?? '', /dnf install iproute\b/);
});

test('a program is stopped when it takes too long or prints too much', async t => {
	const late = await throwsCode(t, realRunner().run(['sleep', '60'], {timeoutMs: 100}), 'STEP_FAILED');
	t.regex(late.why ?? '', /within 0\.1 s/);
	const loud = await throwsCode(t, realRunner().run(['sh', '-c', 'yes']), 'STEP_FAILED');
	t.regex(loud.why ?? '', /32768 KiB/);
});
