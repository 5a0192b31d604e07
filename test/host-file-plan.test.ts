// What a host file makes of a host: planned, applied, undone, cut off, and planned again.
import {setTimeout} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {exportHostFile} from '../lib/formats/export-host-file.ts';
import {formatHostFile} from '../lib/formats/host-file.ts';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {sampleHosts} from '../lib/sim/sample-hosts.ts';
import {crashAt} from './helpers/crash.ts';
import {hosts, inventoryOf, vfctl, type Answer} from './helpers/plan-world.ts';
import {yamlFiles} from './helpers/yaml-files.ts';

/** The text as a file. */
const fileOf = yamlFiles();

async function apply(host: SimHost, text: string, ...more: string[]): Promise<Answer> {
	return vfctl(host, ['apply', fileOf(text), '--yes', '--guest-timeout', '0', ...more]);
}

/** Applies the file and checks that nothing is left to do; gives the texts of the steps. */
async function applied(t: ExecutionContext, host: SimHost, text: string, ...more: string[]): Promise<string[]> {
	const first = await apply(host, text, ...more);
	t.is(first.error, undefined, first.error?.why ?? first.error?.message);
	const again = await vfctl(host, ['plan', fileOf(text)]);
	t.deepEqual(stepsOf(again), [], again.text);
	const diff = await vfctl(host, ['diff', fileOf(text)]);
	t.false(diff.json['differs']);
	return stepsOf(first);
}

function stepsOf({json, error}: Answer): string[] {
	return error ? [`${error.code}: ${error.message}`] : (json['steps'] as Array<{text: string}>).map(({text}) => text);
}

async function refused(t: ExecutionContext, host: SimHost, text: string, code: ErrorCode, message: RegExp): Promise<void> {
	const before = await captureHost(host);
	const {error} = await apply(host, text);
	t.is(error?.code, code, error?.message);
	t.regex(error?.message ?? '', message);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
	t.false((await vfctl(host, ['history'])).text.includes('OUTCOME'), 'nothing was begun');
}

for (const name of Object.keys(sampleHosts)) {
	test(`what ${name} is exported as leaves it as it is`, async t => {
		const host = simHost(hosts[name]!());
		const text = formatHostFile(exportHostFile(await inventoryOf(host)));
		const answer = await vfctl(host, ['plan', fileOf(text)]);
		t.deepEqual(stepsOf(answer), []);
		t.is((await vfctl(host, ['diff', fileOf(text)])).error, undefined);
	});
}

for (const name of ['usual', 'pool', 'taken', 'saved', 'namespace', 'full', 'pinned', 'bare', 'all-taken']) {
	test(`what the host ${name} is exported as leaves it as it is`, async t => {
		const host = simHost(hosts[name]!());
		const text = formatHostFile(exportHostFile(await inventoryOf(host)));
		t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(text)])), []);
	});
}

// The host `bare` has nothing: no module, no VFs, a PF that is down.
const whole = `version: 1
pfs:
  pf0: {numVfs: 4, mtu: 2000, link: up}
vfs:
  - {select: "pf0#2", vlan: 7, spoofchk: false}
  - {select: "pf0#3", driver: vfio-pci}
pools:
  fast: {vfs: ["pf0#2"]}
guests:
  vm0: {vfs: [{vf: "pf0#0", mac: "52:54:00:aa:00:01", vlan: 42, trust: true}]}
  off: {vfs: [{vf: "pf0#1", method: hostdev, mac: "52:54:00:aa:00:02"}]}
dhcp:
  default: [{mac: "52:54:00:00:00:09", ip: 192.168.122.9}]
`;

test('from nothing to a whole state, in one go', async t => {
	const host = simHost(hosts['bare']!());
	t.deepEqual(await applied(t, host, whole), [
		'bring pf0 up',
		'make 4 VFs on pf0',
		'set the MTU of pf0: 1500 -> 2000',
		'set VF 2 of pf0: vlan 0 -> 7, spoofchk on -> off',
		'load vfio-pci',
		'bind 0000:03:10.6 to vfio-pci',
		'write /etc/udev/rules.d/70-vfctl-0000:03:10.6.rules',
		'define network fast and start it',
		'set VF 0 of pf0: trust off -> on',
		'give 0000:03:10.0 to vm0 (config)',
		'give 0000:03:10.0 to vm0 (live)',
		'set VF 1 of pf0: mac 00:00:00:00:00:00 -> 52:54:00:aa:00:02',
		'give 0000:03:10.2 to off (config)',
		'reserve 52:54:00:00:00:09 in network default: 192.168.122.9',
	]);
});

test('undoing an apply brings back everything', async t => {
	const host = simHost(hosts['bare']!());
	const before = await captureHost(host);
	await applied(t, host, whole);
	const {error} = await vfctl(host, ['undo', '--yes']);
	t.is(error, undefined, error?.why);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('a host file that takes VFs away and gives others: undone as a whole', async t => {
	const host = simHost(hosts['bare']!());
	await applied(t, host, whole);
	const before = await captureHost(host);
	const steps = await applied(t, host, `version: 1
pfs: {pf0: {numVfs: 7}}
pools: {fast: {state: absent}}
guests: {vm0: {vfs: []}, off: {vfs: [{vf: "pf0#6", mac: "52:54:00:aa:00:06"}]}}
vfs: [{select: "pf0#3", driver: host}]
dhcp: {default: [{mac: "52:54:00:00:00:09", state: absent}]}
`);
	t.true(steps.includes('take away the 4 VFs of pf0') && steps.includes('make 7 VFs on pf0'));
	t.true(steps.indexOf('take 0000:03:10.0 from vm0 (live)') < steps.indexOf('take away the 4 VFs of pf0'));
	const {error} = await vfctl(host, ['undo', '--yes']);
	t.is(error, undefined, error?.why);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

/** Hosts with what each part alone makes of them. */
const parts: ReadonlyArray<readonly [title: string, host: string, text: string, steps: readonly string[]]> = [
	['probing of new VFs', 'bare', 'pfs: {pf0: {autoprobe: false, numVfs: 2}}', ['keep new VFs of 0000:03:00.0 from their driver', 'bring pf0 up', 'make 2 VFs on pf0']],
	['a link', 'bare', 'pfs: {pf0: {link: up}}', ['bring pf0 up']],
	['an MTU, the PF by its address', 'usual', 'pfs: {"0000:03:00.0": {mtu: 9000}}', ['set the MTU of pf0: 1500 -> 9000']],
	['settings of some VFs', 'full', 'vfs: [{select: "pf0#0-1", spoofchk: true}]', ['set VF 1 of pf0: spoofchk off -> on']],
	['settings of one VF in two places', 'full', 'vfs: [{select: "pf0#2-3", trust: true}, {select: "pf0#3", maxTxRate: 100}]', ['set VF 2 of pf0: trust off -> on', 'set VF 3 of pf0: trust off -> on, max-tx-rate 0 -> 100']],
	['a driver', 'usual', 'vfs: [{select: "pf0#1", driver: vfio-pci}]', ['bind 0000:03:10.2 to vfio-pci', 'write /etc/udev/rules.d/70-vfctl-0000:03:10.2.rules']],
	['the driver of the host again', 'pinned', 'vfs: [{select: "pf0#0", driver: host}]', ['bind 0000:03:10.0 to ixgbevf']],
	['VFs that get another driver when they are made', 'bare', 'pfs: {pf0: {numVfs: 2}}\nvfs: [{select: "pf0#0-1", driver: vfio-pci}]', ['bring pf0 up', 'make 2 VFs on pf0', 'load vfio-pci', 'bind 0000:03:10.0 to vfio-pci', 'write /etc/udev/rules.d/70-vfctl-0000:03:10.0.rules', 'bind 0000:03:10.2 to vfio-pci', 'write /etc/udev/rules.d/70-vfctl-0000:03:10.2.rules']],
	['a pool of a PF', 'full', 'pools: {fast: {pf: pf0}}', ['define network fast and start it']],
	['a pool started', 'usual', 'pools: {fast: {pf: pf0}}', ['start: network fast']],
	['a pool and a guest on it', 'full', 'pools: {fast: {vfs: ["pf0#2-3"]}}\nguests: {off: {vfs: [{pool: fast, mac: "52:54:00:aa:00:03"}]}}', ['define network fast and start it', 'give a VF of fast to off (config)']],
	['a guest with a VF by libvirt', 'usual', 'guests: {off: {vfs: [{vf: "pf0#3", mac: "52:54:00:aa:00:03", spoofchk: false}]}}', ['give 0000:03:10.6 to off (config)', 'set VF 3 of pf0: spoofchk on -> off']],
	['a guest with no VFs any more', 'taken', 'guests: {vm0: {vfs: []}}', ['take 0000:03:10.0 from vm0 (live)', 'take 0000:03:10.0 from vm0 (config)']],
	['two guests that change VFs', 'taken', 'guests: {vm0: {vfs: [{vf: "pf0#1", method: hostdev}]}, off: {vfs: [{vf: "pf0#0", method: hostdev}]}}', ['take 0000:03:10.0 from vm0 (live)', 'take 0000:03:10.0 from vm0 (config)', 'take 0000:03:10.2 from off (config)']],
	['a route', 'pf-address', 'routes: [{to: 10.9.0.0/16, via: 10.1.0.9, dev: pf0}]', ['add the route to 10.9.0.0/16 via 10.1.0.9 on pf0']],
];
for (const [title, name, text, steps] of parts) {
	test(`alone: ${title}`, async t => {
		const host = simHost(hosts[name]!());
		const before = await captureHost(host);
		const done = await applied(t, host, `version: 1\n${text}\n`);
		t.deepEqual(done.filter(step => steps.includes(step)), steps as string[], done.join('\n'));
		const {error} = await vfctl(host, ['undo', '--yes']);
		t.is(error, undefined, error?.why);
		t.deepEqual(compareRecords(before, await captureHost(host)), []);
	});
}

test('drift is told line by line, with the place in the file, and repaired', async t => {
	const host = simHost(hosts['bare']!());
	await applied(t, host, whole);
	for (const argv of [['ip', 'link', 'set', 'dev', 'pf0', 'vf', '0', 'vlan', '9'], ['ip', 'link', 'set', 'dev', 'pf0', 'vf', '2', 'spoofchk', 'on'], ['ip', 'link', 'set', 'dev', 'pf0', 'mtu', '1500']] as const) {
		const {code, stderr} = await host.runner.run(argv as never);
		t.is(code, 0, stderr);
	}

	const {text, json} = await vfctl(host, ['diff', fileOf(whole)]);
	t.true(json['differs']);
	t.deepEqual(text.split('\n'), [
		'pfs.pf0.mtu: MTU of pf0', '  - 1500', '  + 2000',
		'vfs (pf0#2): spoofchk of VF 2 of pf0', '  - on', '  + off',
		'guests.vm0.vfs[0]: vlan of VF 0 of pf0', '  - 9', '  + 42',
	]);
	t.deepEqual(await applied(t, host, whole), ['set the MTU of pf0: 1500 -> 2000', 'set VF 2 of pf0: spoofchk on -> off', 'set VF 0 of pf0: vlan 9 -> 42']);
});

test('what must be attached anew for a change is, and why is told', async t => {
	const host = simHost(hosts['bare']!());
	await applied(t, host, whole);
	const changed = whole.replace('vlan: 42, trust: true', 'vlan: 43, trust: false');
	const {json} = await vfctl(host, ['plan', fileOf(changed)]);
	t.true((json['plan'] as {warnings: string[]}).warnings.includes('guests.vm0.vfs[0]: it is attached anew because its VLAN is 42'));
	const steps = await applied(t, host, changed);
	t.true(steps.includes('take 0000:03:10.0 from vm0 (live)') && steps.includes('give 0000:03:10.0 to vm0 (live)'));
	const differing = await vfctl(host, ['diff', fileOf(whole)]);
	t.regex(differing.text, /guests\.vm0\.vfs\[0\]: 0000:03:10\.0 in vm0 \(live\)\n {2}- interface, 52:54:00:aa:00:01, VLAN 43\n {2}\+ interface, 52:54:00:aa:00:01, VLAN 42/);
});

test('a detach after an apply gives the VF back as it was', async t => {
	const host = simHost(hosts['full']!());
	const before = await captureHost(host);
	await applied(t, host, 'version: 1\nguests: {vm0: {vfs: [{vf: "pf0#1", method: hostdev, mac: "52:54:00:aa:00:01", vlan: 5}]}}\n');
	const {error} = await vfctl(host, ['detach', 'vm0', 'pf0#1']);
	t.is(error, undefined);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('another apply that takes the VF away gives it back as it was', async t => {
	const host = simHost(hosts['full']!());
	const before = await captureHost(host);
	await applied(t, host, 'version: 1\nguests: {vm0: {vfs: [{vf: "pf0#1", method: hostdev, mac: "52:54:00:aa:00:01", vlan: 5}]}}\n');
	await applied(t, host, 'version: 1\nguests: {vm0: {vfs: []}}\n');
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

const refusals: ReadonlyArray<readonly [title: string, host: string, text: string, code: ErrorCode, message: RegExp]> = [
	['a PF that is not there', 'usual', 'pfs: {pf9: {numVfs: 1}}', 'PF_NOT_FOUND', /^pfs\.pf9: /],
	['more VFs than there can be', 'usual', 'pfs: {pf0: {numVfs: 900}}', 'BAD_COUNT', /^pfs\.pf0\.numVfs: /],
	['a count while a guest that stays has VFs', 'taken', 'pfs: {pf0: {numVfs: 8}}', 'VFS_IN_USE', /^pfs\.pf0\.numVfs: /],
	['a PF by two names', 'usual', 'pfs: {pf0: {mtu: 2000}, "0000:03:00.0": {mtu: 9000}}', 'BAD_HOST_FILE', /^pfs\.0000:03:00\.0: PF 0000:03:00\.0 is in the file twice$/],
	['a VF for two guests, by two names', 'usual', 'guests: {vm0: {vfs: [{vf: "pf0#0"}]}, off: {vfs: [{vf: "0000:03:00.0#0"}]}}', 'BAD_HOST_FILE', /^guests\.off\.vfs\[0\]: pf0#0 \(0000:03:10\.0\) has two owners$/],
	['a VF for a guest and a pool, by two names', 'full', 'pools: {p: {vfs: ["0000:3b:00.0#1"]}}\nguests: {vm0: {vfs: [{vf: "pf0#1"}]}}', 'BAD_HOST_FILE', /has two owners$/],
	['two VLANs, by two names', 'full', 'vfs: [{select: "pf0#0", vlan: 3}, {select: "0000:3b:00.0#0-1", vlan: 4}]', 'BAD_HOST_FILE', /^vfs \(0000:3b:00\.0#0-1\): pf0#0 is to have two values of vlan$/],
	['a guest and a range that contradict each other, by two names', 'full', 'vfs: [{select: "0000:3b:00.0#0-1", vlan: 4}]\nguests: {vm0: {vfs: [{vf: "pf0#0", vlan: 5}]}}', 'BAD_HOST_FILE', /^guests\.vm0\.vfs\[0\]: pf0#0 is to have two values of vlan$/],
	['a VF that will not be there', 'usual', 'vfs: [{select: "pf0#7", vlan: 3}]', 'VF_NOT_FOUND', /^vfs \(pf0#7\): pf0 will have no VF 7$/],
	['a guest that is not there', 'usual', 'guests: {vm9: {vfs: []}}', 'GUEST_NOT_FOUND', /^guests\.vm9: /],
	['a VF that another guest has', 'taken', 'guests: {vm1: {vfs: [{vf: "pf0#0"}]}}', 'VF_HELD', /^guests\.vm1\.vfs\[0\]: /],
	['a pool that is not there', 'usual', 'guests: {vm0: {vfs: [{pool: none}]}}', 'POOL_NOT_FOUND', /^guests\.vm0\.vfs\[0\]: /],
	['a MAC that the host has', 'usual', 'guests: {vm0: {vfs: [{vf: "pf0#0", mac: "52:54:00:aa:00:01"}]}, off: {vfs: [{vf: "pf0#1", mac: "52:54:00:aa:00:01"}]}}', 'BAD_HOST_FILE', /52:54:00:aa:00:01/],
	['no more port in a guest', 'usual', 'guests: {full: {vfs: [{vf: "pf0#0"}]}}', 'NO_PCI_SLOT', /^guests\.full\.vfs\[0\]: /],
	['a setting that the driver has not', 'bare', 'pfs: {pf0: {numVfs: 1}}\nroutes: [{to: 10.9.0.0/16, dev: nic9}]', 'PF_NOT_FOUND', /^routes: /],
	['a lease outside of the network', 'usual', 'dhcp: {default: [{mac: "52:54:00:00:00:09", ip: 10.1.1.1}]}', 'LEASE_CONFLICT', /^dhcp\.default: /],
	['no assignment without an IOMMU', 'no-iommu', 'guests: {vm0: {vfs: [{vf: "enp3s0f0#0"}]}}', 'IOMMU_OFF', /^guests\.vm0\.vfs\[0\]: /],
	['a running guest without an agent, and a network in it', 'usual', 'guests: {mute: {vfs: [{vf: "pf0#0", mac: "52:54:00:aa:00:01", network: {addresses: [20.0.0.3/24]}}]}}', 'NO_AGENT', /^guests\.mute\.vfs\[0\]\.network: /],
];
for (const [title, name, text, code, message] of refusals) {
	test(`refused: ${title}`, async t => {
		await refused(t, simHost(hosts[name]!()), `version: 1\n${text}\n`, code, message);
	});
}

test('a route that comes, and goes again', async t => {
	const host = simHost(hosts['pf-address']!());
	const before = await captureHost(host);
	await applied(t, host, 'version: 1\nroutes: [{to: 10.9.0.0/16, via: 10.1.0.9, dev: pf0}]\n');
	t.deepEqual(await applied(t, host, 'version: 1\nroutes: [{to: 10.9.0.0/16, dev: pf0, state: absent}]\n'), ['remove the route to 10.9.0.0/16 via 10.1.0.9 on pf0']);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('a running pool of a PF whose VFs change is stopped before and started after', async t => {
	const host = simHost(hosts['pool']!());
	const before = await captureHost(host);
	const steps = ['stop: network fast', 'take away the 4 VFs of pf0', 'make 6 VFs on pf0', 'start: network fast'];
	t.deepEqual(await applied(t, host, 'version: 1\npfs: {pf0: {numVfs: 6}}\n'), steps);
	t.is((await inventoryOf(host)).pools![0]!.members.length, 6);
	t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
	t.deepEqual(await applied(t, host, 'version: 1\npfs: {pf0: {numVfs: 6}}\npools: {fast: {pf: pf0}}\n'), steps);
});

test('a crash before any single change of an apply is recovered', async t => {
	let crashes = 0;
	for (;;) {
		const host = simHost(hosts['bare']!());
		const before = await captureHost(host);
		const after = await crashAt(host, crashes + 1, async () => apply(host, whole));
		if (!after) {
			break;
		}

		crashes++;
		const {error} = await vfctl(after, ['recover']);
		t.is(error, undefined, `${crashes}: ${error?.why}`);
		t.deepEqual(compareRecords(before, await captureHost(after)), [], `crash at change ${crashes}`);
	}

	t.true(crashes > 40, `only ${crashes} changes`);
});

// --confirm-within

const small = 'version: 1\nvfs: [{select: "pf0#1", vlan: 7}]\n';

/** Settings of VF 1 on pf0 as the host has them. */
async function vlanOf(host: SimHost): Promise<number | undefined> {
	return (await inventoryOf(host)).pfs[0]!.vfs[1]!.settings?.vlan;
}

test('a change that nobody confirms is put back', async t => {
	const host = simHost(hosts['full']!());
	const before = await captureHost(host);
	const seen: Array<number | undefined> = [];
	host.machine.clock.after(20_000, () => void vlanOf(host).then(vlan => seen.push(vlan)));
	const started = host.clock.monotonicMs();
	const {error, notes} = await apply(host, small, '--confirm-within', '1m');
	t.is(error?.code, 'NOT_CONFIRMED');
	t.is(error?.exitStatus, 5);
	t.true(error?.details['rolledBack']);
	t.true(host.clock.monotonicMs() - started >= 60_000);
	t.deepEqual(seen, [7], 'it was done meanwhile');
	t.true(notes.includes('everything is done. It is put back in 60 s unless it is confirmed: vfctl confirm 1'));
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
	t.is((await vfctl(host, ['confirm'])).error?.code, 'OPERATION_NOT_FOUND');
	const late = await vfctl(host, ['confirm', '1']);
	t.is(late.error?.code, 'OPERATION_NOT_FOUND');
	t.regex(late.error?.why ?? '', /ended as 'rolled-back'/);
	t.is((await vfctl(host, ['undo', '--yes'])).error?.code, 'OPERATION_NOT_FOUND');
});

test('a change that is confirmed from another session stays', async t => {
	const host = simHost(hosts['full']!());
	let confirmed: Promise<Answer> | undefined;
	let meanwhile: Promise<Answer> | undefined;
	host.machine.clock.after(5000, () => {
		meanwhile = vfctl(host, ['history']);
		confirmed = vfctl(host, ['confirm']);
	});
	// Simulated time does not wait for others: each look of the process that waits gives them a turn.
	const {sleep} = host.clock;
	host.clock.sleep = async ms => {
		await setTimeout(10);
		await sleep(ms);
	};
	const {error} = await apply(host, small, '--confirm-within', '60');
	t.is(error, undefined, error?.why);
	t.is((await confirmed)?.text, 'operation 1 is confirmed');
	t.regex((await meanwhile)!.text, /waiting/);
	t.is(await vlanOf(host), 7);
	t.is((await vfctl(host, ['confirm', '1'])).error?.code, 'OPERATION_NOT_FOUND');
	t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	t.is(await vlanOf(host), 0);
});

test('a process that is told to stop while it waits puts everything back', async t => {
	const host = simHost(hosts['full']!());
	const before = await captureHost(host);
	const abort = new AbortController();
	host.machine.clock.after(5000, () => {
		abort.abort('SIGTERM arrived');
	});
	const {error} = await vfctl(host, ['apply', fileOf(small), '--yes', '--confirm-within', '1h'], abort.signal);
	t.is(error?.code, 'NOT_CONFIRMED');
	t.is(error?.why, 'it was stopped (SIGTERM arrived) before anybody confirmed it');
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('a process that dies while it waits leaves it to recovery, and nothing can be confirmed', async t => {
	const host = simHost(hosts['full']!());
	const before = await captureHost(host);
	let waiting = false;
	host.machine.clock.after(5000, () => {
		waiting = true;
	});
	const after = (await crashAt(host, () => waiting, async () => apply(host, small, '--confirm-within', '60')))!;
	t.is(await vlanOf(after), 7);
	const late = await vfctl(after, ['confirm']);
	t.is(late.error?.code, 'NOT_CONFIRMED');
	t.is(late.error?.fix, 'vfctl recover puts it back');
	t.is((await vfctl(after, ['vf', 'set', 'pf0#0', '--vlan', '9'])).error?.code, 'NEEDS_RECOVERY');
	t.is((await vfctl(after, ['recover'])).error, undefined);
	t.deepEqual(compareRecords(before, await captureHost(after)), []);
});

test('times to wait are read strictly', async t => {
	for (const text of ['0', '-1', '5x', '', '25h', '1e3', '9999999']) {
		const {error} = await apply(simHost(hosts['full']!()), small, `--confirm-within=${text}`);
		t.is(error?.code, 'USAGE', text);
	}
});

// At boot

test('at boot guests, pools and leases are left for later', async t => {
	const host = simHost(hosts['bare']!());
	const text = whole.replace('trust: true', 'trust: false');
	const {error, json} = await apply(host, text, '--boot');
	t.is(error, undefined, error?.why);
	t.deepEqual((json['plan'] as {risks: string[]}).risks, []);
	t.false(stepsOf({json, error: undefined, text: '', notes: []}).some(step => /vm0|give|fast|reserve/.test(step)));
	const rest = await applied(t, host, text);
	t.true(rest.some(step => step.startsWith('give ')) && !rest.some(step => step.includes('make 4 VFs')));
});

test('at boot VFs are made anew when neither libvirt runs nor a process has them', async t => {
	const text = 'version: 1\npfs: {pf0: {numVfs: 2}}\n';
	const host = simHost(hosts['pinned']!());
	const early = await vfctl(host, ['plan', fileOf(text), '--boot']);
	t.is(early.error?.code, 'RISK_NOT_ACCEPTED', 'libvirtd runs and was not asked');
	host.machine.tree.remove('/proc/812');
	t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(text), '--boot'])), ['take away the 3 VFs of pf0', 'make 2 VFs on pf0']);
	const held = await vfctl(simHost(hosts['taken']!()), ['plan', fileOf(text), '--boot']);
	t.is(held.error?.code, 'VFS_IN_USE');
});

test('at boot PFs are waited for, and named when they do not come', async t => {
	const host = simHost(hosts['usual']!());
	const started = host.clock.monotonicMs();
	const {error} = await apply(host, 'version: 1\npfs: {pf9: {numVfs: 2}}\n', '--boot', '--wait-pfs', '7');
	t.is(error?.code, 'PF_NOT_FOUND');
	t.regex(error?.message ?? '', /^pfs\.pf9: /);
	t.true(host.clock.monotonicMs() - started >= 7000);
});

// Networks inside of guests

const withNetwork = whole.replace('trust: true', 'trust: true, network: {addresses: [20.0.0.3/24], routes: [{to: 10.0.0.0/24, via: 20.0.0.1}]}');

test('addresses and routes inside a running guest, and nothing left to do', async t => {
	const host = simHost(hosts['bare']!());
	const before = await captureHost(host);
	const steps = await applied(t, host, withNetwork);
	t.true(steps.some(step => step.startsWith('set 52:54:00:aa:00:01 in vm0: 20.0.0.3/24')), steps.join('\n'));
	const other = withNetwork.replace('20.0.0.3/24', '20.0.0.4/24');
	const diff = await vfctl(host, ['diff', fileOf(other)]);
	t.deepEqual(diff.text.split('\n'), ['guests.vm0.vfs[0].network: addresses of 52:54:00:aa:00:01 in vm0', '  - 20.0.0.3/24', '  + 20.0.0.4/24']);
	t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('a wrong VLAN of a guest with a network is put back by the timer, addresses too', async t => {
	const host = simHost(hosts['bare']!());
	await applied(t, host, withNetwork);
	const wrong = withNetwork.replace('vlan: 42', 'vlan: 43').replace('{vfs: ["pf0#2"]}', '{state: absent}').replace(/ {2}off:[^]*?\n/, '  off: {vfs: []}\n');
	const {error} = await apply(host, wrong, '--confirm-within', '5s');
	t.is(error?.code, 'NOT_CONFIRMED', error?.why);
	t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(withNetwork)])), []);
});

test('a guest that loses its VF has its addresses again when that is put back', async t => {
	const host = simHost(hosts['bare']!());
	await applied(t, host, withNetwork);
	const {error} = await apply(host, 'version: 1\nguests: {vm0: {vfs: []}}\n', '--confirm-within', '5s');
	t.is(error?.code, 'NOT_CONFIRMED', error?.why);
	t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(withNetwork)])), []);
	await applied(t, host, 'version: 1\nguests: {vm0: {vfs: []}}\n');
	t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(withNetwork)])), []);
});

test('a guest that is off gets its network later', async t => {
	const host = simHost(hosts['usual']!());
	const {json} = await vfctl(host, ['plan', fileOf('version: 1\nguests: {off: {vfs: [{vf: "pf0#0", network: {addresses: [20.0.0.3/24]}}]}}\n')]);
	t.true((json['plan'] as {warnings: string[]}).warnings.includes('guests.off.vfs[0].network: off does not run, so nothing is set in it'));
});
