// vfctl explain as it is typed, on real logs of the lab and on played hosts.
import {spawn, spawnSync} from 'node:child_process';
import {appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {parseRecord} from '../lib/record/parse.ts';
import {formatRecord} from '../lib/record/format.ts';

// The tests run from dist/test; the sources are two levels up.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = join(root, 'dist', 'vfctl.cjs');
const logs = join(root, 'test', 'fixtures', 'logs');
const hosts = join(root, 'test', 'fixtures', 'hosts');
const directory = mkdtempSync(join(tmpdir(), 'vfctl-explain-'));
const said = '[   12.345678] igbvf 0000:02:10.2: PF still in reset state. Is the PF interface up?';

test.after.always(() => {
	rmSync(directory, {recursive: true});
});

function explain(args: readonly string[], input: string | Uint8Array = '') {
	const {status, stdout, stderr} = spawnSync(process.execPath, [program, 'explain', ...args], {input, encoding: 'utf8'});
	return {status, stdout, stderr};
}

function json(args: readonly string[], input: string | Uint8Array = ''): any {
	return JSON.parse(explain([...args, '--json'], input).stdout);
}

function file(name: string, content: string | Uint8Array): string {
	const path = join(directory, name);
	writeFileSync(path, content);
	return path;
}

/** A record of the lab whose kernel said this. */
function recordWith(dmesg: string): string {
	const record = parseRecord(readFileSync(join(hosts, 'lab.rec'), 'utf8'), 'lab.rec');
	return file('host.rec', formatRecord({...record, commands: record.commands.map(command => command.argv[0] === 'dmesg' ? {...command, stdout: dmesg} : command)}));
}

test('a healthy guest with a VF: nothing to explain, no line unknown', t => {
	t.deepEqual(explain([join(logs, 'guest-boot.txt')]), {status: 0, stdout: 'nothing to explain\n', stderr: ''});
});

test('healthy hosts: only what looks bad and is harmless', t => {
	const host = json([join(logs, 'host-boot.txt')]);
	t.deepEqual(host.explained.map(({id}: {id: string}) => id), ['kvm.unhandled-msr']);
	const withGuest = json([join(logs, 'host-guest-on-vf.json')]);
	t.deepEqual([...new Set(withGuest.explained.map(({severity}: {severity: string}) => severity))], ['harmless']);
	t.true(withGuest.explained.length >= 5);
	for (const view of [host, withGuest]) {
		t.deepEqual(view.todo, []);
		t.is(view.unknown.count, 0);
	}

	t.is(explain([join(logs, 'host-guest-on-vf.json')]).status, 0);
});

test('a host where things went wrong: what, why, and what to do', t => {
	const {status, stdout} = explain([join(logs, 'host-story.txt')]);
	t.is(status, 11);
	t.regex(stdout, /^error: igbvf 0000:02:10\.2: PF still in reset state/m);
	t.regex(stdout, /^ {2}part: {2}igbvf 0000:02:10\.2: PF still resetting$/m);
	t.regex(stdout, /^error: igb 0000:01:00\.0: 3 VFs already enabled/m);
	t.regex(stdout, /What to do, most likely first:\n {1}1\. Bring the PF up/);
	t.regex(stdout, /vfctl vf create 0000:01:00\.0 5$/m);
	const shell = json([join(logs, 'host-story-shell.txt')]);
	t.true(shell.explained.some(({id}: {id: string}) => id === 'libvirt.vf-only'));
});

test('a line, a file, standard input and a packed file say the same', t => {
	const expected = json([said]);
	t.like(expected.explained[0], {number: 1, id: 'intel-vf.pf-in-reset', severity: 'error', count: 1, fields: {bdf: '0000:02:10.2', driver: 'igbvf'}, first: {stamp: '12.345678', secondsSinceBoot: 12.345678}, partOf: [], log: null});
	for (const [args, input] of [[[file('plain.log', `${said}\r\n`)]], [['-'], said], [[file('packed.log.gz', gzipSync(`${said}\n`))]]] as const) {
		const {explained, todo} = json(args, input);
		t.deepEqual({explained, todo}, {explained: expected.explained, todo: expected.todo});
	}
});

test('a line longer than a name of a file can be is a line, and a word of that length no file', t => {
	const long = `qemu-system-x86_64: -device vfio-pci,host=0000:01:10.4${',x=y'.repeat(80)}: vfio 0000:01:10.4: failed to setup container for group 11: memory listener initialization failed: Region pc.ram: vfio_container_dma_map(0x5638558cfe30, 0x0, 0x4000000, 0x7fcb41200000) = -12 (Cannot allocate memory)`;
	t.deepEqual(json([long]).explained.map(({id, fields}: {id: string; fields: Record<string, string>}) => [id, fields['bdf']]), [['qemu.dma-map-no-memory', '0000:01:10.4']]);
	const word = explain(['x'.repeat(5000)]);
	t.is(word.status, 2);
	t.regex(word.stderr, /is no file/);
});

test('what is no log is refused with words', t => {
	for (const [argument, says] of [['/no/such/file', /is no file/], [directory, /is a directory/], [file('system.journal', 'LPKSHHRH and more'), /journalctl --file/]] as const) {
		const {status, stderr} = explain([argument]);
		t.is(status, 2);
		t.regex(stderr, says);
	}

	t.is(explain(['-', '--since', 'soon']).status, 2);
});

test('a group, a node and a profile of AppArmor: whose they are, the host tells', t => {
	const host = recordWith('[    0.000000] Linux version 6.12\n[  122.8] audit: type=1400 audit(1795331669.041:3): apparmor="DENIED" operation="open" class="file" profile="libvirt-354bb327-60ff-4830-be63-383d45e421a4" name="/dev/vfio/9" pid=753 comm="qemu-system-x86" requested_mask="wr" denied_mask="wr" fsuid=64055 ouid=64055\n');
	const [denied] = json(['--host', host]).explained;
	t.like(denied, {id: 'access.apparmor-vfio', fields: {guest: 'vm0', bdf: '0000:01:10.0', pf: 'eth1', vf: '0'}});
	t.is(denied.remedies[0].command, 'vfctl attach vm0 0000:01:10.0');
	// Nothing is made up where the host knows nothing.
	const [unknown] = json([said.replace(/.*/s, 'qemu-system-x86_64: failed to open /dev/vfio/77: Device or resource busy')]).explained;
	t.is(unknown.fields.bdf, undefined);
});

test('a file of sysfs names its device', t => {
	const [refused] = json(['tee: /sys/class/net/ens6f1/device/sriov_numvfs: Numerical result out of range']).explained;
	t.is(refused.fields.netdev, 'ens6f1');
	t.is(refused.remedies[0].command, 'vfctl list ens6f1; cat /sys/class/net/ens6f1/device/sriov_totalvfs');
	t.is(json(['tee: /sys/bus/pci/devices/0000:3b:00.0/sriov_numvfs: Device or resource busy']).explained[0].remedies[0].command, 'vfctl list 0000:3b:00.0; vfctl vf create 0000:3b:00.0 COUNT');
});

test('a host\'s own log: PF, VF and guest come from the host', t => {
	const host = recordWith('[    0.000000] Linux version 6.12\n[   12.345678] igbvf 0000:02:10.2: PF still in reset state. Is the PF interface up?\n[   13.000000] DMAR: [DMA Read NO_PASID] Request device [01:10.0] fault addr 0xfee00000 [fault reason 0x06] PTE Read access is not set\n');
	const view = json(['--host', host]);
	const byId = (id: string) => view.explained.find((one: {id: string}) => one.id === id);
	t.like(byId('intel-vf.pf-in-reset'), {log: 'kernel', fields: {bdf: '0000:02:10.2', pf: 'eth2', vf: '1'}});
	t.like(byId('dmar.fault-not-mapped').fields, {bdf: '0000:01:10.0', pf: 'eth1', vf: '0'});
	t.true(view.todo.some(({command}: {command: string | null}) => command === 'ip link set eth2 up'));
	t.deepEqual(view.notRead.map(({log}: {log: string}) => log), ['libvirt']);
	t.is(explain(['--host', host]).status, 11);
	t.regex(explain(['--host', host]).stdout, /VF 1 of eth2/);
});

test('nothing of a hostile log reaches the terminal', t => {
	const {stdout} = explain(['-'], `${said}\u001B]0;owned\u0007\u001B[2J\u009B31m \u202E\n\0\0\n`);
	// eslint-disable-next-line no-control-regex
	t.notRegex(stdout, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
	t.regex(stdout, /PF still in reset state/);
});

test('--since on a file: older lines are passed by', t => {
	const log = file('since.log', ['2026-11-21T00:00:00+00:00', '2026-11-22T00:00:00+00:00'].map(time => `${time} hv1 kernel: ${said.slice(15)}\n`).join(''));
	t.is(json([log, '--since', '2026-11-21 12:00']).explained[0].count, 1);
	t.is(json([log]).explained[0].count, 2);
	t.deepEqual(json([log, '--since', '2026-11-23']).explained, []);
});

test('--follow tells what a file gets, also after it was rotated and emptied, and ends with a signal', async t => {
	const log = file('grows.log', `${said}\n`);
	const child = spawn(process.execPath, [program, 'explain', log, '--follow', '--json'], {stdio: ['ignore', 'pipe', 'inherit']});
	let printed = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		printed += text;
	});
	const ended = new Promise<number | null>(resolve => {
		child.on('close', resolve);
	});
	const printedAll = async (text: string) => {
		for (const deadline = Date.now() + 60_000; !printed.includes(text);) {
			if (Date.now() > deadline) {
				throw new Error(`'${text}' was not printed; this was: ${printed}`);
			}

			await new Promise(resolve => {
				setTimeout(resolve, 20);
			});
		}
	};

	try {
		await printedAll('"withoutTime"');
		appendFileSync(log, said.replace('02:10.2', '02:10.3').slice(0, 40));
		appendFileSync(log, `${said.replace('02:10.2', '02:10.3').slice(40)}\n`);
		await printedAll('"bdf": "0000:02:10.3"');
		renameSync(log, `${log}.1`);
		appendFileSync(`${log}.1`, `${said.replace('02:10.2', '02:10.4')}\n`);
		// Longer than what comes after it was emptied: a file that is as long as before looks the same.
		writeFileSync(log, `${said.replace('02:10.2', '02:10.5')}\n${'another line\n'.repeat(100)}`);
		await printedAll('"bdf": "0000:02:10.4"');
		await printedAll('"bdf": "0000:02:10.5"');
		writeFileSync(log, `${said.replace('02:10.2', '02:10.6')}\n`);
		await printedAll('"bdf": "0000:02:10.6"');
	} finally {
		child.kill('SIGTERM');
	}

	t.is(await ended, 11);
});

test('--follow on standard input tells each line as it comes', t => {
	const {status, stdout} = explain(['-', '--follow'], [said, said, '[ 13.000000] igbvf 0000:02:10.2: PF still resetting', said.replace('02:10.2', '02:10.3')].join('\n'));
	t.is(status, 11);
	t.is(stdout.match(/^error: igbvf/gm)?.length, 2);
	t.regex(stdout, /^again at 12\.345678: igbvf 0000:02:10\.2: PF still in reset state.*\(2 times\)$/m);
	t.notRegex(stdout, /PF still resetting/);
});

test('without the kernel\'s log it is not said that nothing is wrong', t => {
	const record = parseRecord(readFileSync(join(hosts, 'lab.rec'), 'utf8'), 'lab.rec');
	const blind = file('blind.rec', formatRecord({...record, commands: record.commands.map(command => command.argv[0] === 'dmesg' ? {...command, code: 1, stdout: '', stderr: 'dmesg: read kernel buffer failed: Operation not permitted'} : command)}));
	const {status, stdout} = explain(['--host', blind]);
	t.is(status, 8);
	t.regex(stdout, /^not read: kernel: dmesg says: .*Operation not permitted$/m);
});

test('an interface that was renamed goes by its name of today', t => {
	const view = json(['--host', recordWith('[    0.000000] Linux\n[    9.000000] igb 0000:01:00.0 enp1s0: Link Speed was downgraded by SmartSpeed\n')]);
	t.like(view.explained[0].fields, {bdf: '0000:01:00.0', netdev: 'eth1'});
});
