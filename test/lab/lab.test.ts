import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs/promises';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {LabError} from '../../lab/errors.ts';
import {Lab} from '../../lab/lab.ts';
import {cacheDirectory, repositoryDirectory, stateDirectory} from '../../lab/paths.ts';
import {poll} from '../../lab/poll.ts';
import {isAlive} from '../../lab/process.ts';
import {run} from '../../lab/run.ts';
import {exerciseGuests} from './helpers/exercise.ts';
import {leftoversOf} from './helpers/leftovers.ts';

const MAIN = path.join(repositoryDirectory, 'dist/lab/main.js');
const NAME = `test-${process.pid}`;
const PFS = ['0000:01:00.0', '0000:02:00.0'];

let lab: Lab;

test.before(async t => {
	lab = await Lab.start({name: NAME, report: line => t.log(line)});
});

test.after.always(async () => {
	await Lab.remove(NAME);
});

test('the host has two igb PFs that can have 7 VFs each', async t => {
	for (const pf of PFS) {
		const {stdout} = await lab.exec(`cd /sys/bus/pci/devices/${pf}; basename $(readlink driver); cat sriov_totalvfs sriov_numvfs`);
		t.is(stdout, 'igb\n7\n0\n');
	}
});

test('every VF is alone in its IOMMU group and has its driver', async t => {
	await lab.restore();
	await lab.exec('/lab/vfs 7');
	const {stdout} = await lab.exec(`for vf in /sys/bus/pci/devices/*/physfn; do
		cd \${vf%/physfn}; echo $(basename $(readlink driver)) $(ls iommu_group/devices | wc -l)
	done`);
	t.deepEqual(stdout.trim().split('\n'), Array.from({length: 14}, () => 'igbvf 1'));
});

test('restore gives a clean host with the right time', async t => {
	await lab.exec('/lab/vfs 2; touch /root/left-behind');
	await lab.restore();
	t.is((await lab.exec(`cat ${PFS.map(pf => `/sys/bus/pci/devices/${pf}/sriov_numvfs`).join(' ')}; ls /root`)).stdout, '0\n0\n');
	const seconds = Number((await lab.exec('date +%s')).stdout);
	t.true(Math.abs(Date.now() / 1000 - seconds) < 10);
});

test('a snapshot becomes what restore goes back to, and a named point still goes before it', async t => {
	await lab.restore('clean');
	await lab.exec('touch /root/kept');
	await lab.snapshot();
	await lab.exec('touch /root/lost');
	await lab.restore();
	t.is((await lab.exec('ls /root')).stdout, 'kept\n');
	await lab.restore('clean');
	t.is((await lab.exec('ls /root')).stdout, '');
});

test('exec passes exit code, both outputs, input and odd words', async t => {
	t.deepEqual(await lab.exec('cat; echo oops >&2; exit 7', {ok: [7], input: 'hello'}), {code: 7, stdout: 'hello', stderr: 'oops\n'});
	t.is((await lab.exec(['printf', '%s|', 'a b', `it's`, '$HOME'])).stdout, `a b|it's|$HOME|`);
	const error = await t.throwsAsync(lab.exec('echo why >&2; exit 3'));
	t.like(error, {name: 'LabError', why: 'why'});
});

test('put and get copy files and directories with their modes', async t => {
	const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'vfctl-lab-test-'));
	t.teardown(async () => fs.rm(directory, {recursive: true}));
	await fs.writeFile(path.join(directory, 'program'), '#!/bin/sh\necho ran\n', {mode: 0o755});
	await lab.put(path.join(directory, 'program'), '/opt/new/one');
	await lab.put(directory, '/opt/all');
	t.is((await lab.exec('/opt/new/one; /opt/all/program')).stdout, 'ran\nran\n');
	await lab.get('/opt/new/one', path.join(directory, 'back'));
	t.is(readFileSync(path.join(directory, 'back'), 'utf8'), '#!/bin/sh\necho ran\n');
});

test('a pulled cable takes the carrier of the PF away', async t => {
	await lab.setLink(0, false);
	await lab.waitFor('[ "$(cat /sys/class/net/eth1/carrier)" = 0 ]', {timeoutMs: 30_000});
	await lab.setLink(0, true);
	await lab.waitFor('[ "$(cat /sys/class/net/eth1/carrier)" = 1 ]', {timeoutMs: 30_000});
	t.pass();
});

test('two guests on VFs of two PFs reach each other, and give the VFs back', async t => {
	await lab.restore('guests');
	await exerciseGuests(lab, async (title, work) => {
		const start = performance.now();
		await work();
		t.log(`${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
	});
	t.pass();
});

test('two labs run side by side and know nothing of each other', async t => {
	await lab.restore('clean');
	const other = await Lab.start({name: `${NAME}-b`});
	try {
		await lab.exec('/lab/vfs 1');
		t.is((await other.exec(`cat /sys/bus/pci/devices/${PFS[0]}/sriov_numvfs`)).stdout, '0\n');
		await t.throwsAsync(Lab.start({name: other.name}), {message: /already runs/});
	} finally {
		await other.down();
	}

	t.deepEqual(leftoversOf(other.directory), []);
	t.is((await lab.exec('ls -d /sys/bus/pci/devices/*/physfn | wc -l')).stdout, '2\n');
});

test('the command line: up, exec, restore and down in processes of their own', async t => {
	const name = `${NAME}-cli`;
	t.teardown(async () => Lab.remove(name));
	const cli = async (...words: string[]) => run([process.execPath, MAIN, ...words], {ok: [0, 1, 5], timeoutMs: 300_000});
	t.regex((await cli('up', '--name', name)).stdout, /is up/);
	t.deepEqual(await cli('exec', '--name', name, 'echo out; exit 5'), {code: 5, stdout: 'out\n', stderr: ''});
	t.is((await cli('restore', '--name', name)).code, 0);
	t.is((await cli('exec', '--name', name, 'ls', '-d', '/')).stdout, '/\n');
	t.is((await cli('down', '--name', name)).code, 0);
	t.deepEqual(leftoversOf(stateDirectory(name)), []);
	t.regex((await cli('exec', '--name', name, 'true')).stderr, /there is no lab .*\n.*\n {2}fix: /);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
	test(`${signal} while a lab restores leaves nothing behind`, async t => {
		const name = `${NAME}-${signal.toLowerCase()}`;
		const directory = stateDirectory(name);
		const child = spawn(process.execPath, [MAIN, 'up', '--name', name], {stdio: 'ignore'});
		await endWhenQemuRuns(child, directory, signal);
		await poll(() => (leftoversOf(directory).length === 0 ? true : undefined), {timeoutMs: 10_000});
		t.deepEqual(leftoversOf(directory), []);
	});

	test(`${signal} during the first boot leaves no QEMU and no half entry behind`, async t => {
		const cache = await borrowedCache(['tree-', 'images-', 'kvm-']);
		t.teardown(async () => fs.rm(cache, {recursive: true}));
		const environment = {...process.env, VFCTL_LAB_CACHE: cache};
		const child = spawn(process.execPath, [MAIN, 'up', '--name', `${NAME}-boot`], {stdio: 'ignore', env: environment});
		const state = await poll(() => {
			const partial = readdirSync(cache).find(entry => entry.startsWith('.partial-clean-'));
			return partial === undefined ? undefined : path.join(cache, partial, 'state');
		}, {timeoutMs: 30_000});
		await endWhenQemuRuns(child, state ?? '', signal);
		await poll(() => (leftoversOf(state ?? '').length === 0 ? true : undefined), {timeoutMs: 10_000});
		t.deepEqual(leftoversOf(state ?? ''), []);
		t.deepEqual(readdirSync(cache).filter(entry => entry.startsWith('clean-')), []);
		t.deepEqual(leftoversOf(stateDirectory(`${NAME}-boot`)), []);
	});
}

test('a missing tool is named with its package and the command that installs it', async t => {
	const {stderr, code} = await run([process.execPath, MAIN, 'up', '--name', `${NAME}-none`], {
		ok: [1], timeoutMs: 30_000, environment: {PATH: '/nonexistent'},
	});
	t.is(code, 1);
	t.regex(stderr, /mmdebstrap is missing \(package mmdebstrap\)/);
	t.regex(stderr, /apt-get install .*mmdebstrap.*openssh-client/);
});

for (const [what, end, blamed] of [['resets out of the blue', async () => lab.qmp('system_reset'), true], ['panics', async () => lab.exec('echo c > /proc/sysrq-trigger', {ok: 'any'}), false]] as const) {
	test(`a host that ${what} is ${blamed ? '' : 'not '}put down to the emulator`, async t => {
		const deathsFile = path.join(await fs.mkdtemp(path.join(os.tmpdir(), 'vfctl-lab-deaths-')), 'deaths');
		process.env['VFCTL_LAB_DEATHS'] = deathsFile;
		try {
			await lab.restore();
			const error = await t.throwsAsync(async () => {
				await end();
				await poll(async () => (await lab.exec('true', {ok: 'any'}), undefined), {timeoutMs: 60_000, everyMs: 200});
			}, {message: /is gone/});
			t.regex((error as LabError).why ?? '', blamed ? /console ends with: ;/ : /console ends with: \[/);
			const line = await poll(() => (existsSync(deathsFile) ? readFileSync(deathsFile, 'utf8') || undefined : undefined), {timeoutMs: blamed ? 10_000 : 1000});
			t.is(line?.startsWith(`${NAME}: QEMU ended by itself with code 0`), blamed ? true : undefined, line);
		} finally {
			delete process.env['VFCTL_LAB_DEATHS'];
			await fs.rm(path.dirname(deathsFile), {recursive: true});
			await lab.restore();
		}
	});
}

test('down leaves no process, no mount and no state directory', async t => {
	await lab.down();
	t.deepEqual(leftoversOf(lab.directory), []);
});

async function endWhenQemuRuns(child: ChildProcess, directory: string, signal: NodeJS.Signals): Promise<void> {
	const pidFile = path.join(directory, 'qemu.pid');
	const pid = await poll(() => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) || undefined : undefined), {timeoutMs: 60_000, everyMs: 5});
	const ended = once(child, 'exit');
	child.kill(signal);
	await ended;
	await poll(() => (pid !== undefined && isAlive(pid) ? undefined : true), {timeoutMs: 10_000});
	if (pid === undefined || isAlive(pid)) {
		throw new Error(`QEMU ${pid} did not start, or lives on after ${signal}`);
	}
}

// A cache of its own that has only some kinds of entries of the real one.
async function borrowedCache(kinds: readonly string[]): Promise<string> {
	const cache = await fs.mkdtemp(path.join(os.tmpdir(), 'vfctl-lab-cache-'));
	for (const entry of readdirSync(cacheDirectory()).filter(name => kinds.some(kind => name.startsWith(kind)) && !name.endsWith('.lock'))) {
		await fs.symlink(path.join(cacheDirectory(), entry), path.join(cache, entry));
	}

	return cache;
}
