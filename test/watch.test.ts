// vfctl watch: what happens on a simulated host, told line by line; bursts, missing sources, ends.
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setImmediate as nextTurn} from 'node:timers/promises';
import test from 'ava';
import {run} from '../lib/cli/commands/watch.ts';
import {followLines} from '../lib/exec/watch/follow-lines.ts';
import {changesOf} from '../lib/exec/watch/watch-links.ts';
import {realHost} from '../lib/host/real-host.ts';
import {Folder, type FoldedEvent} from '../lib/model/watch/fold.ts';
import type {WatchEvent} from '../lib/model/watch/watch-event.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {parseLinkLine} from '../lib/sysfs/parse-link-line.ts';
import {parseUeventLine} from '../lib/sysfs/parse-uevent-line.ts';
import {done, hosts} from './helpers/plan-world.ts';

interface Told {
	source: string;
	severity: string;
	about: string[];
	text: string;
	more: number;
}

const quietStreams: NonNullable<SimOptions['streams']> = {ip() {}, udevadm() {}, virsh() {}, journalctl() {}, dmesg() {}};

/** What watch tells while these things happen, one after the other, ten seconds of the host's clock between. */
async function watched(host: SimHost, steps: ReadonlyArray<() => unknown>, pfs: readonly string[] = []): Promise<Told[]> {
	const stop = new AbortController();
	const told: Told[] = [];
	const {clock} = host;
	// A simulated sleep takes no turn of the event loop, and what else is to run needs some.
	const yielding = {...host, clock: {now: () => clock.now(), monotonicMs: () => clock.monotonicMs(), async sleep(ms: number) {
		await nextTurn();
		await clock.sleep(ms);
	}}};
	const pass = async () => {
		for (const until = clock.monotonicMs() + 10_000; clock.monotonicMs() < until && !stop.signal.aborted;) {
			await nextTurn();
		}
	};

	const watching = run({
		host: yielding, signal: stop.signal, commandLine: ['vfctl', 'watch'],
		options: {connect: 'qemu:///system', dryRun: false, yes: false, acceptedRisks: [], lockTimeoutMs: 0},
		out: {json: true, fancy: false, note() {}, result(_, value) {
			told.push(value as Told);
		}},
	}, {pfs}).finally(() => {
		stop.abort();
	});
	watching.catch(() => {});
	await pass();
	for (const step of steps) {
		await step();
		await pass();
	}

	stop.abort();
	await watching;
	return told;
}

const texts = (told: readonly Told[], ...sources: string[]) => told.filter(({source}) => sources.includes(source)).map(({text}) => text);

test('a guest is given a VF, gives it back, and stops', async t => {
	const host = simHost(hosts['usual']!(), {streams: quietStreams});
	const told = await watched(host, [
		() => done(host, 'attach vm0 pf0#1 --vlan 42'),
		() => done(host, 'detach vm0 pf0#1'),
	]);
	const said = texts(told, 'state');
	t.true(said.includes('guest vm0: devices: none -> 0000:03:10.2 (it was given a device of the host)'), said.join('\n'));
	t.true(said.includes('guest vm0: devices: 0000:03:10.2 -> none (it gave a device of the host back)'), said.join('\n'));
	t.true(said.includes('pf0#1: VF setting vlan: 0 -> 42 (the card tags its frames, and shows it no other VLAN)'));
	// No event told of the driver here, so that the look at the state does.
	t.true(said.some(text => text.startsWith('pf0#1: driver: ixgbevf -> vfio-pci')));
});

test('what libvirt tells of guests is told as it comes, with its reason, and not twice', async t => {
	let virsh: ((text: string) => void) | undefined;
	let words: readonly string[] = [];
	const host = simHost(hosts['taken']!(), {streams: {...quietStreams, virsh(print, argv) {
		virsh = print;
		words = argv;
	}}});
	const inventory = (name: string) => host.openLibvirt('qemu:///system').then(async libvirt => (await libvirt.listDomains()).find(one => one.name === name));
	t.truthy(await inventory('vm0'));
	const told = await watched(host, [
		() => virsh?.('event \'lifecycle\' for domain \'vm0\': Resumed Unpaused\nevent \'lifecycle\' for dom'),
		() => virsh?.('ain \'vm0\': Suspended Paused\nevent \'lifecycle\' for domain \'vm0\': Resumed Unpaused\n'),
		() => virsh?.('event \'device-removal-failed\' for domain \'vm0\': hostdev0\nevent \'rtc-change\' for domain \'vm0\': 1\n\nnonsense\n'),
		() => virsh?.('event \'lifecycle\' for domain \'it\'s: a vm\': Stopped Crashed\n'),
	]);
	t.deepEqual(words, ['virsh', '--connect', 'qemu:///system', 'event', '--all', '--loop']);
	t.deepEqual(told.filter(({source}) => source === 'guest').map(({severity, text}) => `${severity} ${text}`), [
		'harmless guest vm0: suspended (paused)', 'harmless guest vm0: resumed (unpaused)', 'warning guest vm0: did not give back its device hostdev0', 'warning guest it\'s: a vm: stopped (crashed)',
	]);
	// Whoever watches a PF is told of the guests that have its VFs.
	t.deepEqual(told.find(({source}) => source === 'guest')?.about.slice(0, 3), ['guest vm0', '0000:03:10.0', 'pf0#0']);
	t.deepEqual(told.filter(({source}) => source === 'watch').map(({text}) => text), ['watching everything']);
});

test('what links, drivers and logs say is told as it comes, and not twice', async t => {
	let link: ((text: string) => void) | undefined;
	let uevent: ((text: string) => void) | undefined;
	let log: ((text: string) => void) | undefined;
	const host = simHost(hosts['usual']!(), {streams: {
		...quietStreams,
		ip(print) {
			link = print;
		},
		udevadm(print) {
			uevent = print;
		},
		journalctl() {},
		dmesg(print) {
			log = print;
		},
	}});
	const index = host.files.readText('/sys/class/net/pf0/ifindex')!.trim();
	const mac = host.files.readText('/sys/class/net/pf0/address')!.trim();
	const line = (flags: string, state: string) => `${index}: pf0: <${flags}> mtu 1500 qdisc mq state ${state} group default \\    link/ether ${mac} brd ff:ff:ff:ff:ff:ff\n`;
	const told = await watched(host, [
		() => {
			// Cut anywhere.
			const text = line('NO-CARRIER,BROADCAST,MULTICAST,UP', 'DOWN');
			link?.(text.slice(0, 20));
			link?.(text.slice(20));
		},
		() => {
			link?.(line('BROADCAST,MULTICAST,UP,LOWER_UP', 'UP'));
			link?.(line('BROADCAST,MULTICAST,UP,LOWER_UP', 'UP'));
		},
		() => {
			link?.(line('BROADCAST,MULTICAST', 'DOWN'));
			link?.('not a line of ip\n');
		},
		async () => {
			await host.files.writeAttribute('/sys/bus/pci/devices/0000:03:10.4/driver/unbind', '0000:03:10.4');
			uevent?.('monitor will print the received events for:\nKERNEL - the kernel uevent\n\nKERNEL[7.5] unbind   /devices/pci0000:00/0000:00:02.0/0000:03:10.4 (pci)\n');
		},
		() => {
			log?.('[ 7365.123456] ixgbe 0000:03:00.0 pf0: VF 1 requested invalid api version 6\n');
		},
	]);
	t.deepEqual(texts(told, 'link'), ['pf0 has lost its link: cable, switch, or what is behind it', 'pf0 has a link', 'pf0 was set down']);
	t.deepEqual(texts(told, 'device'), ['pf0#2 (0000:03:10.4) was let go by ixgbevf']);
	t.deepEqual(texts(told, 'state').filter(text => /driver|link|set up/.test(text)), []);
	t.is(texts(told, 'log').length, 1);
	t.regex(texts(told, 'log')[0]!, /pf0: VF 1 requested invalid api version 6 {3}The driver of VF 1 asked/);
	t.deepEqual(told.find(({source}) => source === 'link')?.about.slice(0, 2), ['pf0', '0000:03:00.0']);
});

test('only some PFs: what is about others is not told', async t => {
	let link: ((text: string) => void) | undefined;
	const host = simHost(hosts['usual']!(), {streams: {...quietStreams, ip(print) {
		link = print;
	}}});
	const down = (name: string) => `${host.files.readText(`/sys/class/net/${name}/ifindex`)!.trim()}: ${name}: <BROADCAST,MULTICAST> mtu 9000 qdisc mq state DOWN group default \\    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n`;
	const told = await watched(host, [
		() => {
			link?.(down('pf0'));
			link?.(down('pf1'));
		},
		() => done(host, 'attach vm0 pf0#1'),
	], ['pf1']);
	t.true(texts(told, 'link').some(text => text.startsWith('pf1 ')));
	t.false(texts(told, 'link').some(text => text.startsWith('pf0 ')));
	t.deepEqual(texts(told, 'state').filter(text => /vm0|pf0/.test(text)), []);
	await t.throwsAsync(watched(host, [], ['nic9']), {message: /nic9/});
});

test('a source that cannot be had is told of once, and the others go on', async t => {
	const host = simHost(hosts['no-libvirt']!(), {missingTools: ['udevadm', 'journalctl', 'dmesg'], streams: {ip() {}}});
	const told = await watched(host, [() => done(host, 'vf set pf0#0 --vlan 7')]);
	const said = texts(told, 'watch');
	t.is(said.filter(text => text.startsWith('guests are not watched')).length, 1, said.join('\n'));
	t.is(said.filter(text => text.startsWith('drivers are only looked at now and then')).length, 1);
	t.is(said.filter(text => text.startsWith('the kernel\'s log cannot be followed')).length, 1);
	t.false(said.some(text => text.startsWith('links')));
	t.true(texts(told, 'state').some(text => text.startsWith('pf0#0: VF setting vlan: 0 -> 7')));
});

test('it ends when nobody reads on', async t => {
	const host = simHost(hosts['usual']!(), {streams: quietStreams});
	const closed = new AbortController();
	let lines = 0;
	await run({
		host, signal: new AbortController().signal, commandLine: ['vfctl', 'watch'],
		options: {connect: 'qemu:///system', dryRun: false, yes: false, acceptedRisks: [], lockTimeoutMs: 0},
		out: {json: false, fancy: false, closed: closed.signal, note() {}, result() {
			lines++;
			closed.abort();
		}},
	}, {pfs: []});
	t.is(lines, 1);
});

// Bursts

function folded(mostPerSecond?: number): {folder: Folder; told: FoldedEvent[]; clock: {ms: number}} {
	const told: FoldedEvent[] = [];
	const clock = {ms: 0};
	return {told, clock, folder: new Folder({now: () => clock.ms, tell: event => told.push(event), ...mostPerSecond === undefined ? {} : {mostPerSecond}})};
}

const event = (text: string, more: Partial<WatchEvent> = {}): WatchEvent => ({source: 'log', severity: 'warning', about: [], text, ...more});

test('the same ten thousand times is two lines; what goes on is told ever more seldom', t => {
	const {folder, told, clock} = folded();
	for (let second = 0; second < 200; second++) {
		for (let count = 0; count < 10_000; count++) {
			folder.add(event('DMAR fault'));
		}

		clock.ms += 1000;
		folder.flush();
	}

	folder.flush(true);
	t.deepEqual(told.slice(0, 3).map(({more}) => more), [0, 9999, 100_000]);
	t.true(told.length < 10);
	t.is(told.reduce((sum, {more}) => sum + Math.max(more, 1), 0), 2_000_000, 'every one is counted');
});

test('ten thousand different things in a second: some are told, all are counted, little is kept', t => {
	const {folder, told, clock} = folded(40);
	for (let second = 0; second < 5; second++) {
		for (let count = 0; count < 10_000; count++) {
			folder.add(event(`fault at ${second} ${count}`));
		}

		clock.ms += 1000;
		folder.flush();
	}

	t.is(told.filter(({more}) => more === 0).length, 200);
	t.is(told.reduce((sum, {more}) => sum + Math.max(more, 1), 0), 50_000);
	t.is(told.length, 205);
});

test('a thing that comes now and then is told each time', t => {
	const {folder, told, clock} = folded();
	for (let times = 0; times < 5; times++) {
		folder.add(event('link lost'));
		folder.add(event('VF 1 asked', {key: 'asked'}));
		clock.ms += 5000;
		folder.flush();
	}

	t.is(told.length, 10);
	t.true(told.every(({more}) => more === 0));
});

// Lines

for (const [line, expected] of [
	['5: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000\\    link/ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff', {deleted: false, index: 5, name: 'eth1', up: true, link: true, mtuBytes: 1500, master: null, mac: '52:54:00:00:00:01'}],
	['Deleted 9: v0@v1: <BROADCAST,MULTICAST> mtu 9000 qdisc noop master br0 state DOWN group default \\    link/ether 52:54:00:00:00:02 brd ff:ff:ff:ff:ff:ff', {deleted: true, index: 9, name: 'v0', up: false, link: false, mtuBytes: 9000, master: 'br0', mac: '52:54:00:00:00:02'}],
	// AF_BRIDGE: a port has left its bridge; the interface is still there.
	['Deleted 9: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 4 \\    link/ether 52:54:00:00:00:02', undefined],
	['nonsense', undefined],
	['', undefined],
	[`5: ${'x'.repeat(100)}: <UP> mtu 1 group default`, undefined],
] as const) {
	test(`a line of ip monitor: ${line.slice(0, 60)}`, t => {
		t.deepEqual(parseLinkLine(line), expected);
	});
}

for (const [line, expected] of [
	['KERNEL[7365.123456] bind     /devices/pci0000:00/0000:00:02.0/0000:01:10.0 (pci)', {action: 'bind', bdf: '0000:01:10.0'}],
	['KERNEL[1.5] remove   /devices/pci0000:00/0000:01:10.0 (pci)', {action: 'remove', bdf: '0000:01:10.0'}],
	['KERNEL[1.5] add      /devices/pci0000:00/0000:00:02.0/0000:01:10.0/net/eth3 (net)', undefined],
	['UDEV  [1.5] bind     /devices/pci0000:00/0000:01:10.0 (pci)', undefined],
	['KERNEL[1.5] add      /devices/pci0000:00 (pci)', undefined],
	['KERNEL - the kernel uevent', undefined],
] as const) {
	test(`a line of udevadm monitor: ${line}`, t => {
		t.deepEqual(parseUeventLine(line), expected as never);
	});
}

test('an interface that was set down has not lost its link besides', t => {
	const was = parseLinkLine('5: a: <UP,LOWER_UP> mtu 1500 qdisc mq state UP group default \\    link/ether 52:54:00:00:00:01')!;
	t.deepEqual(changesOf(was, {...was, up: false, link: false}).map(({text}) => text), ['was set down']);
	t.deepEqual(changesOf(was, {...was, name: 'b', master: 'br0'}).map(({text}) => text), ['was a until now', 'is in br0']);
	t.deepEqual(changesOf(was, was), []);
});

// The real thing: `ip` and `udevadm` of this machine, and the program itself.

test('lines of the real ip monitor, in a network namespace of its own', async t => {
	const script = 'ip -o monitor link & pid=$!; for i in $(seq 100); do ip link add wtest$i type bridge; sleep 0.05; grep -q wtest /proc/net/dev && kill -0 $pid && ip link set wtest$i up && ip link set wtest$i mtu 1400 && ip link del wtest$i; [ $i -ge 10 ] && break; done; sleep 0.2; kill $pid';
	const {stdout, status, stderr} = spawnSync('unshare', ['--net', '--map-root-user', 'bash', '-c', script], {encoding: 'utf8'});
	if (status !== 0 && /unshare/.test(stderr)) {
		t.log(stderr);
		t.pass('no namespaces here');
		return;
	}

	const lines = stdout.split('\n').map(line => parseLinkLine(line)).filter(line => line !== undefined);
	t.true(lines.some(({name, up}) => /^wtest\d+$/.test(name) && up), stdout);
	t.true(lines.some(({deleted}) => deleted), stdout);
	t.true(lines.some(({mtuBytes}) => mtuBytes === 1400), stdout);
});

test('a program that floods is cut into lines of bounded length, and ended with what it started', async t => {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-watch-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const program = join(directory, 'flood');
	writeFileSync(program, `#!/bin/sh\necho $$ > ${directory}/pid\nhead -c 3000000 /dev/zero | tr '\\0' x\necho\nwhile :; do echo line; done\n`);
	chmodSync(program, 0o755);
	const stop = new AbortController();
	let lines = 0;
	let longest = 0;
	const why = await followLines(realHost(), [program], stop.signal, line => {
		longest = Math.max(longest, line.length);
		if (++lines === 100_000) {
			stop.abort();
		}
	});
	t.is(why, undefined);
	t.true(longest <= 4096);
	const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
	t.throws(() => process.kill(pid, 0), {code: 'ESRCH'});
	t.regex(await followLines(realHost(), ['false'], new AbortController().signal, () => {}) ?? '', /'false' ended with status 1/);
	t.regex(await followLines(realHost(), ['vfctl-no-such-program'], new AbortController().signal, () => {}) ?? '', /not installed/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	test(`the program ends cleanly with ${signal}, and prints one object a line`, async t => {
		const child = spawn(process.execPath, ['dist/vfctl.cjs', 'watch', '--json'], {stdio: ['ignore', 'pipe', 'pipe']});
		let output = '';
		for await (const chunk of child.stdout) {
			output += String(chunk);
			if (output.includes('\n') && !child.killed) {
				child.kill(signal);
			}
		}

		if (child.exitCode === null && child.signalCode === null) {
			await once(child, 'exit');
		}

		t.is(child.exitCode, 0);
		const [first] = output.trim().split('\n').map(line => JSON.parse(line) as Told);
		t.like(first, {source: 'watch', text: 'watching everything', more: 0});
		t.false(spawnSync('ps', ['-eo', 'ppid,args'], {encoding: 'utf8'}).stdout.split('\n').some(line => line.trim().startsWith(`${child.pid} `)));
	});
}
