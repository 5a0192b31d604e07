// Interrupts and receive queues on simulated hosts: what is read, planned, refused, done and undone.
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {readInterruptFacts} from '../lib/exec/read-interrupt-facts.ts';
import {cpuListText, parseCpuMask} from '../lib/model/cpu-list.ts';
import {toBdf} from '../lib/model/bdf.ts';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {formatRecord} from '../lib/record/format.ts';
import {parseRecord} from '../lib/record/parse.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {fireInterrupt} from '../lib/sim/interrupt-text.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {parseInterrupts} from '../lib/sysfs/parse-interrupts.ts';
import {readIrqbalance} from '../lib/sysfs/read-irqbalance.ts';
import {crashEverywhere} from './helpers/crash.ts';
import {vfctl} from './helpers/plan-world.ts';

/** Two cards on two nodes of eight threads, with two VFs each; all interfaces of VFs are down. */
const twoNodes = (cpus = {}) => hostBuilder('two-nodes', {cpus: {count: 16, nodes: 2, threadsPerCore: 2, ...cpus}})
	.pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2, numaNode: 0})
	.pf({card: 'xl710', bdf: '0000:83:00.0', name: 'pf1', vfs: 2, numaNode: 1, vfDrivers: {1: 'vfio-pci'}})
	.guest({name: 'vm0'});

const worlds: Readonly<Record<string, () => HostRecord>> = {
	'two-nodes': () => twoNodes().record(),
	offline: () => twoNodes({offline: [3, 12], isolated: [6, 7]}).record(),
	big: () => hostBuilder('big', {cpus: {count: 128, nodes: 2, threadsPerCore: 2}}).pf({card: 'e810', bdf: '0000:3b:00.0', name: 'ens1f0', vfs: 64, numaNode: 1}).record(),
	'no-node': () => hostBuilder('no-node', {cpus: {count: 4}}).pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', vfs: 2}).record(),
	idle: () => hostBuilder('idle', {cpus: {count: 2}}).pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', up: false, vfs: 1, vfDrivers: {0: null}}).record(),
};

const worldOf = (name: string) => simHost(worlds[name]!());

/** CPUs of the interrupts of a device, in the order of their numbers. */
async function cpusOf(host: SimHost, bdf: string): Promise<Array<string | null>> {
	const facts = await readInterruptFacts(host, [toBdf(bdf)]);
	return facts.devices.get(toBdf(bdf))!.interrupts.map(({wanted}) => wanted);
}

async function run(host: SimHost, line: string) {
	const answer = await vfctl(host, line.split(' '));
	if (answer.error) {
		throw new Error(`${line}: ${answer.error.code} ${answer.error.message} (${answer.error.why})`);
	}

	return answer;
}

const rps = (host: SimHost, netdev: string, queue = 0) => cpuListText(parseCpuMask(host.files.readText(`/sys/class/net/${netdev}/queues/rx-${queue}/rps_cpus`)!)!);

// Spreading

test('interrupts go round the CPUs of the device\'s node', async t => {
	const host = worldOf('two-nodes');
	await run(host, 'tune irq pf0');
	t.deepEqual(await cpusOf(host, '0000:03:00.0'), Array.from({length: 17}, (_, index) => String(index % 8)));
	await run(host, 'tune irq pf1');
	t.deepEqual(await cpusOf(host, '0000:83:00.0'), Array.from({length: 17}, (_, index) => String(8 + (index % 8))));
});

for (const [what, world, line, bdf, cpus] of [
	['named CPUs', 'two-nodes', 'tune irq pf0 --cpus 1,9', '0000:03:00.0', ['1', '9']],
	['all CPUs', 'two-nodes', 'tune irq pf0 --spread all', '0000:03:00.0', Array.from({length: 16}, (_, cpu) => String(cpu))],
	['one thread of each core', 'two-nodes', 'tune irq pf1 --spread one-per-core', '0000:83:00.0', ['8', '9', '10', '11']],
	['offline and isolated CPUs left out', 'offline', 'tune irq pf0', '0000:03:00.0', ['0', '1', '2', '4', '5']],
	['an unknown node', 'no-node', 'tune irq eth1', '0000:01:00.0', ['0', '1', '2', '3']],
	['128 CPUs', 'big', 'tune irq ens1f0', '0000:3b:00.0', Array.from({length: 64}, (_, cpu) => String(64 + cpu))],
] as const) {
	test(`spread over: ${what}`, async t => {
		const host = worldOf(world);
		const before = await cpusOf(host, bdf);
		const {json} = await run(host, line);
		t.true(json['changed'] as boolean);
		const after = await cpusOf(host, bdf);
		t.deepEqual(after, after.map((_, index) => cpus[index % cpus.length]!));
		t.false((await run(host, line)).json['changed'] as boolean, 'a second run is an empty plan');
		await run(host, 'undo --yes');
		t.deepEqual(await cpusOf(host, bdf), before);
	});
}

test('several devices continue round the CPUs', async t => {
	const host = worldOf('no-node');
	for (const name of ['eth2', 'eth3']) {
		await host.runner.run(['ip', 'link', 'set', 'dev', host.files.list('/sys/class/net').includes(name) ? name : 'eth0', 'up']);
	}

	for (const vf of ['0000:02:10.0', '0000:02:10.2', '0000:01:10.0', '0000:01:10.2']) {
		for (const name of host.files.list(`/sys/bus/pci/devices/${vf}/net`)) {
			await host.runner.run(['ip', 'link', 'set', name, 'up']);
		}
	}

	await run(host, 'tune irq eth1#0-1 eth1');
	const vfs = host.files.list('/sys/bus/pci/devices').filter(name => host.files.exists(`/sys/bus/pci/devices/${name}/physfn`));
	t.is(vfs.length, 2);
	const all = [...await cpusOf(host, vfs[0]!), ...await cpusOf(host, vfs[1]!), ...await cpusOf(host, '0000:01:00.0')];
	t.deepEqual(all, all.map((_, index) => String(index % 4)));
	t.false((await run(host, 'tune irq eth1#0 eth1#1 eth1')).json['changed'] as boolean);
});

test('64 VFs in one command: each interrupt has one CPU of the node, evenly', async t => {
	const host = worldOf('big');
	for (const name of host.files.list('/sys/class/net').filter(one => /v\d+$/.test(one))) {
		await host.runner.run(['ip', 'link', 'set', name, 'up']);
	}

	const {json} = await run(host, 'tune irq ens1f0#0-63');
	t.is((json['plan'] as {actions: unknown[]}).actions.length, 64 * 5);
	const loads = new Map<string, number>();
	for (const vf of host.files.list('/sys/bus/pci/devices').filter(name => host.files.exists(`/sys/bus/pci/devices/${name}/physfn`))) {
		for (const cpu of await cpusOf(host, vf)) {
			loads.set(cpu!, (loads.get(cpu!) ?? 0) + 1);
		}
	}

	t.deepEqual([...loads.keys()].map(Number).toSorted((a, b) => a - b), Array.from({length: 64}, (_, cpu) => 64 + cpu));
	t.true([...loads.values()].every(load => load === 5));
});

test('a dry run and a plan on a record change nothing', async t => {
	const host = worldOf('two-nodes');
	const before = await captureHost(host);
	const {text} = await run(host, 'tune irq pf0 --dry-run');
	t.regex(text, /echo 0 > \/proc\/irq\/\d+\/smp_affinity_list/);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
	t.deepEqual(await cpusOf(host, '0000:03:00.0'), Array.from({length: 17}, () => '0-15'));
});

// What is refused

for (const [what, world, line, code, says] of [
	['a CPU that is offline', 'offline', 'tune irq pf0 --cpus 2-3', 'BAD_CPUS', /CPU 3 is not online/],
	['a CPU that is not there', 'two-nodes', 'tune irq pf0 --cpus 16', 'BAD_CPUS', /CPU 16/],
	['no CPU list', 'two-nodes', 'tune irq pf0 --cpus 0;reboot', 'BAD_CPUS', /no list of CPUs/],
	['none is for RPS alone', 'two-nodes', 'tune irq pf0 --cpus none', 'BAD_CPUS', /no list/],
	['RPS on an isolated CPU', 'offline', 'tune rps pf0 --cpus 5-6', 'BAD_CPUS', /CPU 6 is isolated/],
	['RPS on an offline CPU', 'offline', 'tune rps pf0 --cpus 3', 'BAD_CPUS', /not online/],
	['a device that is not there', 'two-nodes', 'tune irq pf9', 'VF_NOT_FOUND', /pf9/],
	['a VF that is not there', 'two-nodes', 'tune irq pf0#0-5', 'VF_NOT_FOUND', /no VF 2/],
	['a VF on vfio-pci that nobody uses', 'two-nodes', 'tune irq pf1#1', 'UNSUPPORTED', /vfio-pci/],
	['RPS of a VF on vfio-pci', 'two-nodes', 'tune rps pf1#1', 'UNSUPPORTED', /no receive queues/],
	['a queue that is not there', 'two-nodes', 'tune rps pf0 --queue 99', 'UNSUPPORTED', /queue 99/],
	['a queue that is no number', 'two-nodes', 'tune rps pf0 --queue x', 'USAGE', /queue/],
	['an interface that was never up', 'idle', 'tune irq eth1', 'UNSUPPORTED', /ip link set dev eth1 up/],
	['no driver', 'idle', 'tune irq eth1#0', 'UNSUPPORTED', /no driver/],
] as const) {
	test(`refused: ${what}`, async t => {
		const host = worldOf(world);
		const before = await captureHost(host);
		const {error} = await vfctl(host, line.split(' '));
		t.is(error?.code, code, error?.message);
		t.regex(`${error?.message}: ${error?.why}: ${error?.fix}`, says);
		t.truthy(error?.fix);
		t.deepEqual(compareRecords(before, await captureHost(host)), []);
		t.false(host.files.exists('/var/lib/vfctl/journal/1.jsonl'));
	});
}

test('devices without interrupts beside others are told and passed over', async t => {
	const host = worldOf('two-nodes');
	const {notes} = await run(host, 'tune irq pf1 pf1#1');
	t.regex(notes.join('\n'), /pf1#1 has no interrupts to place now: it is on vfio-pci/);
});

test('odd CPUs that were named are told', async t => {
	const {notes} = await run(worldOf('offline'), 'tune irq pf1 --cpus 6');
	t.regex(notes.join('\n'), /CPU 6 is isolated/);
	t.regex(notes.join('\n'), /NUMA node of pf1/);
});

for (const [errno, says] of [['EPERM', /managed/], ['EIO', /managed/], ['EINVAL', /online/], ['ENOSPC', /no interrupt vector left/], ['EBUSY', /moved/]] as const) {
	test(`the kernel refuses with ${errno}: explained, and everything is put back`, async t => {
		const host = worldOf('two-nodes');
		const before = await cpusOf(host, '0000:03:00.0');
		host.set({writeFailures: [{path: /smp_affinity_list$/, value: /^4$/, errno, times: 1}]});
		const {error} = await vfctl(host, ['tune', 'irq', 'pf0']);
		t.is(error?.code, 'STEP_FAILED');
		t.regex(error?.why ?? '', says);
		t.true(error?.details['rolledBack'] as boolean);
		t.deepEqual(await cpusOf(host, '0000:03:00.0'), before);
	});
}

test('managed interrupts stay where the kernel put them', async t => {
	const host = worldOf('two-nodes');
	const irqs = host.files.list('/sys/bus/pci/devices/0000:03:00.0/msi_irqs');
	for (const irq of irqs) {
		host.machine.tree.put(`/sys/kernel/debug/irq/irqs/${irq}`, {kind: 'text', text: `handler:  handle_edge_irq\ndstate:   0x37408200\n            IRQD_ACTIVATED\n${irq === irqs[0] ? '' : '            IRQD_AFFINITY_MANAGED\n'}`});
	}

	const {notes, json} = await run(host, 'tune irq pf0 --cpus 5');
	t.is((json['plan'] as {actions: unknown[]}).actions.length, 1);
	t.regex(notes.join('\n'), /16 interrupts of pf0 stay: the kernel places them/);
	t.regex((await run(host, 'tune show pf0')).text, /\(managed\)/);
	host.machine.tree.put(`/sys/kernel/debug/irq/irqs/${irqs[0]}`, {kind: 'text', text: 'IRQD_AFFINITY_MANAGED\n'});
	t.regex((await vfctl(host, ['tune', 'irq', 'pf0'])).error?.why ?? '', /managed/);
});

test('something that moves interrupts at once is noticed', async t => {
	const host = worldOf('two-nodes');
	const [irq] = host.files.list('/sys/bus/pci/devices/0000:03:00.0/msi_irqs');
	const {writeAttribute} = host.files;
	host.files.writeAttribute = async (path, value) => {
		await writeAttribute(path, value);
		if (path === `/proc/irq/${irq}/smp_affinity_list`) {
			host.machine.tree.putValue(path, '7');
		}
	};

	const {error} = await vfctl(host, ['tune', 'irq', 'pf0']);
	t.is(error?.code, 'ROLLBACK_INCOMPLETE');
	t.regex(JSON.stringify(error?.details), /something else moves interrupts/);
});

// Numbers that are given out anew

test('undo leaves a number alone that the device has no more', async t => {
	const host = worldOf('two-nodes');
	await run(host, 'tune irq pf0 pf1 --cpus 2');
	const irqs = host.files.list('/sys/bus/pci/devices/0000:03:00.0/msi_irqs');
	// The driver is bound anew, and another device gets the numbers.
	host.machine.tree.remove(`${host.machine.tree.find('/sys/bus/pci/devices/0000:03:00.0')!.path}/msi_irqs`);
	for (const irq of irqs) {
		host.machine.tree.putValue(`/proc/irq/${irq}/smp_affinity_list`, '9');
	}

	const {notes, json} = await run(host, 'undo --yes');
	t.true(json['changed'] as boolean);
	t.regex(notes.join('\n'), /nothing to put back: 0000:03:00\.0 has no interrupt/);
	t.true(irqs.every(irq => host.files.readText(`/proc/irq/${irq}/smp_affinity_list`) === '9\n'));
	t.true((await cpusOf(host, '0000:83:00.0')).every(cpus => cpus === '0-15'));
});

test('what somebody else placed since is not undone over their heads', async t => {
	const host = worldOf('two-nodes');
	await run(host, 'tune irq pf0 --cpus 2');
	const [irq] = host.files.list('/sys/bus/pci/devices/0000:03:00.0/msi_irqs');
	await host.files.writeAttribute(`/proc/irq/${irq}/smp_affinity_list`, '11');
	const {error} = await vfctl(host, ['undo', '--yes']);
	t.is(error?.code, 'PLAN_STALE');
	t.is(host.files.readText(`/proc/irq/${irq}/smp_affinity_list`), '11\n');
});

test('killed at any moment: recover puts everything back', async t => {
	const line = ['tune', 'irq', 'pf0', '--cpus', '1,9'];
	const before = await cpusOf(worldOf('two-nodes'), '0000:03:00.0');
	const changes = await crashEverywhere(() => worldOf('two-nodes'), async host => vfctl(host, line), async (after, at) => {
		const {error} = await vfctl(after, ['recover']);
		t.is(error, undefined, `change ${at}`);
		const now = await cpusOf(after, '0000:03:00.0');
		t.true(JSON.stringify(now) === JSON.stringify(before) || now.every((cpus, index) => cpus === ['1', '9'][index % 2]), `change ${at}: ${JSON.stringify(now)}`);
	});
	t.true(changes > 16);
});

// RPS

test('RPS of all queues, of one, off, and undone', async t => {
	const host = worldOf('two-nodes');
	await run(host, 'tune rps pf0');
	t.is(rps(host, 'pf0', 0), '0-7');
	t.is(rps(host, 'pf0', 15), '0-7');
	t.false((await run(host, 'tune rps pf0')).json['changed'] as boolean);
	await run(host, 'tune rps pf0 --cpus 9 --queue 3');
	t.is(rps(host, 'pf0', 3), '9');
	t.is(rps(host, 'pf0', 4), '0-7');
	await run(host, 'undo --yes');
	t.is(rps(host, 'pf0', 3), '0-7');
	await run(host, 'tune rps pf0 --cpus none');
	t.is(rps(host, 'pf0', 3), '');
});

test('RPS over 128 CPUs', async t => {
	const host = worldOf('big');
	await run(host, 'tune rps ens1f0#5 --cpus 0,31-33,127');
	t.is(host.files.readText('/sys/class/net/ens1f0v5/queues/rx-0/rps_cpus'), '80000000,00000000,00000003,80000001\n');
});

test('the kernel leaves CPUs out: noticed by reading back', async t => {
	const host = worldOf('two-nodes');
	// isolcpus with flags that /sys/devices/system/cpu/isolated does not show.
	const {writeAttribute} = host.files;
	host.files.writeAttribute = async (path, value) => writeAttribute(path, path.endsWith('rps_cpus') && value === 'ff' ? 'f' : value);
	const {error} = await vfctl(host, ['tune', 'rps', 'pf0']);
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /CPUs 0-3 after the write/);
	t.is(rps(host, 'pf0'), '');
});

// Reading

test('tune show: what is there, also from a record of the host', async t => {
	const host = worldOf('two-nodes');
	const [irq] = host.files.list('/sys/bus/pci/devices/0000:03:00.0/msi_irqs').map(Number);
	await run(host, 'tune irq pf0 --cpus 9');
	fireInterrupt(host.machine, irq!, 4711);
	const {text, json} = await run(host, 'tune show');
	t.regex(text, /^pf0: 0000:03:00\.0, ixgbe, NUMA node 0 \(CPUs 0-7\)$/m);
	t.regex(text, new RegExp(`^${irq} +9 +9 +9:4711 +pf0-TxRx-0$`, 'm'));
	t.regex(text, /^receive queues 0-15: RPS off$/m);
	const devices = json['devices'] as Array<{name: string; interrupts: Array<{counts: object}>}>;
	t.deepEqual(devices.map(({name}) => name), ['pf0', 'pf0#0', 'pf0#1', 'pf1', 'pf1#0']);
	t.deepEqual(devices[0]!.interrupts[0]!.counts, {9: 4711});
	const played = simHost(parseRecord(formatRecord(await captureHost(host))));
	t.deepEqual((await run(played, 'tune show')).json, {...json, host: 'record'});
});

test('names of handlers are those of old: numbers come from the device', async t => {
	const host = worldOf('two-nodes');
	const text = host.files.readText('/proc/interrupts')!;
	host.machine.tree.put('/proc/interrupts', {kind: 'text', text: text.replaceAll('pf0', 'gone')});
	const {json} = await run(host, 'tune show pf0');
	const [{interrupts}] = json['devices'] as [{interrupts: Array<{action: string}>}];
	t.is(interrupts.length, 17);
	t.is(interrupts[0]!.action, 'gone-TxRx-0');
});

for (const [what, text, expected] of [
	['as x86 writes it', '           CPU0       CPU1       \n 37:          0         12  IR-PCI-MSIX-0000:01:00.0   2-edge      eth1-rx-1\nNMI:  0  0  x\n', [[37, {0: 0, 1: 12}, 'eth1-rx-1']]],
	['as Arm writes it', '           CPU0       CPU2       \n 52:         10          0  ITS-PCI-MSI-0000:01:00.0   0 Edge      eth1-TxRx-0\n', [[52, {0: 10, 2: 0}, 'eth1-TxRx-0']]],
	['an older kernel', '           CPU0       CPU1       \n 25:          1          2   PCI-MSI 524288-edge      virtio0-config, other\n', [[25, {0: 1, 1: 2}, 'virtio0-config, other']]],
	['a guest\'s', '           CPU0       \n120:          7  IR-PCI-MSIX-0000:01:10.0   0-edge      vfio-msix[0](0000:01:10.0)\n', [[120, {0: 7}, 'vfio-msix[0](0000:01:10.0)']]],
	['no handler left', '           CPU0       \n120:          7  IR-PCI-MSIX-0000:01:10.0   0-edge\n', [[120, {0: 7}, null]]],
	['a line cut off', '           CPU0       CPU1       \n 37:          0', [[37, {}, null]]],
	['more columns than CPUs', '           CPU0       \n 37:  1  2  3  PCI-MSIX-0000:01:00.0   2-edge      x\n', [[37, {}, 'x']]],
	['a record without counts', ' 24:  IR-PCI-MSI-0000:00:1f.2    0-edge      ahci\n', [[24, {}, 'ahci']]],
	['a terminal\'s escapes', '           CPU0       \n 37:  1  PCI-MSIX-0000:01:00.0   2-edge      \u001B[2Jx\n', [[37, {0: 1}, '\u001B[2Jx']]],
	['nothing', '', []],
	['nonsense', 'CPU0\n::::\n9999999999: 1\n-1: 2\n x: 3\n', []],
] as const) {
	test(`/proc/interrupts: ${what}`, t => {
		t.deepEqual([...parseInterrupts(text)].map(([irq, {counts, action}]) => [irq, Object.fromEntries(counts), action]), expected.map(one => [...one]) as unknown as Array<[number, Record<string, number>, string | null]>);
	});
}

test('nonsense in sysfs is no interrupt', async t => {
	const host = worldOf('two-nodes');
	const path = `${host.machine.tree.find('/sys/bus/pci/devices/0000:03:00.0')!.path}`;
	for (const name of ['../../x', 'x', '-1', '99999999', '1e3']) {
		host.machine.tree.putValue(`${path}/msi_irqs/${name.replaceAll('/', '_')}`, 'msix');
	}

	host.machine.tree.putValue(`${path}/numa_node`, 'x');
	host.machine.tree.putValue(`${path}/local_cpulist`, '0-');
	const {json} = await run(host, 'tune show pf0');
	const [device] = json['devices'] as [{numaNode: unknown; localCpus: unknown; interrupts: unknown[]}];
	t.like(device, {numaNode: null, localCpus: null});
	t.is(device.interrupts.length, 17);
});

// irqbalance

const balanced = (args: readonly string[], file?: string) => {
	const host = worldOf('two-nodes');
	host.machine.tree.put('/proc/812/comm', {kind: 'text', text: 'irqbalance\n'});
	host.machine.tree.put('/proc/812/cmdline', {kind: 'text', text: `${['/usr/sbin/irqbalance', '--foreground', ...args].join('\0')}\0`});
	if (file !== undefined) {
		host.machine.tree.put('/etc/sysconfig/irqbalance', {kind: 'text', text: file});
	}

	return host;
};

test('irqbalance runs: it will undo this, and what to type', async t => {
	const host = balanced([]);
	const {notes} = await run(host, 'tune irq pf0');
	t.regex(notes.join('\n'), /irqbalance runs \(process 812\) and will move 17 of these interrupts.*--banirq=N.*\/etc\/default\/irqbalance.*systemctl disable --now irqbalance/);
	const {text, json} = await run(host, 'tune show pf0');
	t.regex(text, /^irqbalance runs \(process 812\)$/m);
	t.regex(json['warning'] as string, /17 of these/);
});

for (const [what, args, verdict] of [
	['banned by number', (irqs: number[]) => irqs.map((irq, index) => [`--banirq=${irq}`, `-i${irq}`][index % 2]!), 'leaves'],
	['banned by number, in two words', (irqs: number[]) => irqs.flatMap(irq => ['--banirq', String(irq)]), 'leaves'],
	['banned by module', () => ['--banmod=ixgbe'], 'leaves'],
	['another module banned', () => ['--banmod=mlx5_core'], 'undoes'],
	['once', () => ['--oneshot'], 'leaves'],
	['a policy script', () => ['--policyscript=/etc/vf-policy'], 'script decides'],
	['nonsense', () => ['--banirq=x', '-i', '--banirq'], 'undoes'],
] as const) {
	test(`irqbalance: ${what}`, async t => {
		const irqs = worldOf('two-nodes').files.list('/sys/bus/pci/devices/0000:03:00.0/msi_irqs').map(Number);
		const host = balanced(args(irqs));
		const {notes} = await run(host, 'tune irq pf0');
		const {json} = await run(host, 'tune show pf0');
		const [{interrupts}] = json['devices'] as [{interrupts: Array<{irqbalance: string}>}];
		t.true(interrupts.every(({irqbalance}) => irqbalance === verdict), JSON.stringify(interrupts));
		t.is(notes.some(note => note.includes('irqbalance')), verdict !== 'leaves');
	});
}

test('irqbalance that does not run is told by its settings file', t => {
	const host = worldOf('two-nodes');
	host.machine.tree.put('/etc/default/irqbalance', {kind: 'text', text: '#IRQBALANCE_ARGS="--banirq=1"\nIRQBALANCE_ARGS="--banirq=35 --policyscript=/x"\nexport IRQBALANCE_BANNED_CPULIST=\'2-3\'\nIRQBALANCE_ONESHOT=\n'});
	t.deepEqual(readIrqbalance(host.files), {pid: null, oneshot: false, bannedIrqs: [35], bannedModules: [], policyScript: '/x', bannedCpus: '2-3', file: '/etc/default/irqbalance'});
});

test('the file of the distribution is named', async t => {
	const {notes} = await run(balanced([], 'IRQBALANCE_BANNED_CPUS=ff\n'), 'tune irq pf0');
	t.regex(notes.join('\n'), /in \/etc\/sysconfig\/irqbalance/);
});

// Host files

const fileOf = (t: ExecutionContext, text: string) => {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-tune-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const path = join(directory, 'host.yaml');
	writeFileSync(path, text);
	return path;
};

test('a host file places interrupts and packets; a second apply, plan and diff find nothing', async t => {
	const host = worldOf('two-nodes');
	const file = fileOf(t, 'version: 1\npfs:\n  pf0: {interrupts: {cpus: 2-3}, rps: {cpus: 1}}\n  pf1: {interrupts: local}\nvfs:\n  - {select: pf0#0-1, rps: local}\n');
	const {json, text} = await run(host, `diff ${file}`);
	t.true(json['differs'] as boolean);
	t.regex(text, /CPUs of interrupt \d+ of 0000:03:00\.0/);
	t.regex(text, /RPS of queue 0 of pf0v0/);
	await run(host, `apply ${file} --yes`);
	t.deepEqual([...new Set(await cpusOf(host, '0000:03:00.0'))], ['2', '3']);
	t.deepEqual([...new Set(await cpusOf(host, '0000:83:00.0'))], ['8', '9', '10', '11', '12', '13', '14', '15']);
	t.deepEqual([rps(host, 'pf0', 7), rps(host, 'pf0v0'), rps(host, 'pf0v1', 1)], ['1', '0-7', '0-7']);
	t.false((await run(host, `apply ${file} --yes`)).json['changed'] as boolean);
	t.false((await run(host, `diff ${file}`)).json['differs'] as boolean);
	const exported = fileOf(t, (await run(host, 'export --strict')).text);
	t.regex(readFileSync(exported, 'utf8'), /pf0:\n(?: {4}.*\n)* {4}interrupts: \{cpus: 2-3\}\n {4}rps: \{cpus: 1\}/);
	t.false((await run(host, `diff ${exported}`)).json['differs'] as boolean, 'what was exported says what is');
	await run(host, 'undo --yes');
	t.deepEqual([...new Set(await cpusOf(host, '0000:83:00.0'))], ['0-15']);
});

test('interrupts of what the plan itself makes are placed after it, in an operation of their own', async t => {
	const host = worldOf('idle');
	const file = fileOf(t, 'version: 1\npfs:\n  eth1: {numVfs: 3, link: up, interrupts: {cpus: 1}}\nvfs:\n  - {select: eth1#0-2, driver: host, interrupts: all, rps: {cpus: 0-1}}\n');
	const {notes, json} = await run(host, `apply ${file} --yes`);
	t.regex(notes.join('\n'), /interrupts and receive queues of pfs\.eth1, vfs \(eth1#0-2\) are placed when the rest is done/);
	t.true((json['then'] as {changed: boolean}).changed);
	t.deepEqual([...new Set(await cpusOf(host, '0000:01:00.0'))], ['1']);
	const vfs = host.files.list('/sys/bus/pci/devices').filter(name => host.files.exists(`/sys/bus/pci/devices/${name}/physfn`));
	t.is(vfs.length, 3);
	for (const vf of vfs) {
		t.is(rps(host, host.files.list(`/sys/bus/pci/devices/${vf}/net`)[0]!), '0-1');
	}

	// Their interfaces are down: nobody uses their interrupts, which is no difference.
	const again = await run(host, `apply ${file} --yes`);
	t.false(again.json['changed'] as boolean);
	t.regex(again.notes.join('\n'), /eth1#0 has no interrupts in use now/);
});

test('placed otherwise than a host file can say: told', async t => {
	const host = worldOf('two-nodes');
	await run(host, 'tune irq pf0 --cpus 2-3');
	const [irq] = host.files.list('/sys/bus/pci/devices/0000:03:00.0/msi_irqs');
	await host.files.writeAttribute(`/proc/irq/${irq}/smp_affinity_list`, '3');
	const {text, notes} = await run(host, 'export');
	t.notRegex(text, /interrupts: /);
	t.regex(notes.join('\n'), /interrupts of pf0 are left out/);
});

for (const [what, text, says] of [
	['a word that is none', 'pfs: {pf0: {interrupts: near}}', /pfs\.pf0\.interrupts.*here is 'near'/],
	['no list', 'pfs: {pf0: {interrupts: {cpus: 0-}}}', /'0-' is no list of CPUs/],
	['an empty list', 'pfs: {pf0: {rps: {cpus: \'\'}}}', /no list of CPUs/],
	['another key', 'pfs: {pf0: {rps: {cpulist: 1}}}', /cpulist/],
	['another program\'s name', 'pfs: {pf0: {irq: local}}', /did you mean 'interrupts'/],
	['none is for RPS alone', 'pfs: {pf0: {interrupts: none}}', /here is 'none'/],
	['two values for one VF', 'vfs: [{select: pf0#0, rps: local}, {select: pf0#0-1, rps: all}]', /two values of rps/],
] as const) {
	test(`a host file is refused: ${what}`, async t => {
		const {error} = await vfctl(worldOf('two-nodes'), ['plan', fileOf(t, `version: 1\n${text}\n`)]);
		t.is(error?.code, 'BAD_HOST_FILE');
		t.regex(`${error?.message} ${error?.why}`, says);
	});
}

test('CPUs that this host does not have: the place in the file is told', async t => {
	const {error} = await vfctl(worldOf('two-nodes'), ['plan', fileOf(t, 'version: 1\npfs: {pf0: {interrupts: {cpus: 90}}}\n')]);
	t.is(error?.code, 'BAD_CPUS');
	t.regex(error?.message ?? '', /^pfs\.pf0\.interrupts: /);
});

test('other formats tell that they leave it out', async t => {
	const host = worldOf('two-nodes');
	await run(host, 'tune irq pf0 --cpus 2-3');
	for (const to of ['nmstate', 'sriov-policy']) {
		t.regex((await run(host, `export --to ${to}`)).notes.join('\n'), /interrupts and rps of pf0/);
	}
});
