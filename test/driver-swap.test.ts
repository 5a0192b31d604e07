// vfctl driver load and restore on simulated hosts: exchanged, refused, undone, recovered.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {toBdf} from '../lib/model/bdf.ts';
import {parsePlan} from '../lib/plan/plan-schema.ts';
import {compareRecords} from '../lib/record/compare.ts';
import type {HostRecord} from '../lib/record/record.ts';
import type {HostBuilder} from '../lib/sim/build-facts.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {drivers, kernel, srcversion, withBuild} from './helpers/built-drivers.ts';
import {crashAt} from './helpers/crash.ts';
import {captured, recoversEverywhere, vfctl, withAddress, withFile} from './helpers/plan-world.ts';

const stockIgb = `/lib/modules/${kernel}/kernel/drivers/net/ethernet/intel/igb/igb.ko.xz`;
const stockIxgbe = `/lib/modules/${kernel}/kernel/drivers/net/ethernet/intel/ixgbe/ixgbe.ko.xz`;

/** The record with the files of both kernels' drivers. */
function withDrivers(record: HostRecord, names: readonly string[] = ['vfctl_pf', 'igb', 'ixgbe'], directory = drivers): HostRecord {
	return [[stockIgb, 'igb'] as const, [stockIxgbe, 'ixgbe'] as const].reduce((changed, [path, text]) => withFile(changed, path, text), withBuild(record, names, {directory}));
}

/** Two igb PFs, the second one down, and an ixgbe one. VFs of eth1 are 0000:01:10.0, .2, .4, .6. */
const base = (): HostBuilder => hostBuilder('swap')
	.pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', mtu: 9000, vfs: 4, vfSettings: {1: {mac: '52:54:00:00:00:01', vlan: 100}, 2: {spoofchk: false}}, vfDrivers: {3: 'vfio-pci'}})
	.pf({card: '82576', bdf: '0000:02:00.0', name: 'eth2', vfs: 2, up: false})
	.pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2});

const hostdev = (vf: string) => `<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x${vf.slice(5, 7)}' slot='0x${vf.slice(8, 10)}' function='0x${vf.slice(11)}'/></source></hostdev>`;

const usual = (options: SimOptions = {}): SimHost => simHost(withDrivers(base().guest({name: 'vm0'}).guest({name: 'off', state: 'shutoff', devices: [hostdev('0000:01:10.2')]}).record()), options);

async function done(host: SimHost, line: string) {
	const answer = await vfctl(host, line.split(' '));
	if (answer.error) {
		throw new Error(`${line}: ${answer.error.code} ${answer.error.message} (${answer.error.why})`);
	}

	return answer;
}

const isOurs = (host: SimHost, module = 'igb') => host.files.exists(`/sys/module/vfctl_pf/holders/${module}`);
const isLoaded = (host: SimHost, module: string) => host.files.exists(`/sys/module/${module}/initstate`);

test('the driver of vfctl is loaded, everything is as before, and mailboxes are told', async t => {
	const host = usual();
	const before = await captured(host);
	const {notes, text} = await done(host, 'driver load igb --yes');
	t.is(text, 'done: load igb of vfctl');
	t.true(isOurs(host) && !isOurs(host, 'ixgbe'));
	t.true(notes.some(note => note.includes('eth1, eth2 have no link and no VFs for a moment')));
	const differences = compareRecords(before, await captured(host)).map(({path}) => path);
	t.deepEqual(differences.filter(path => !/^\/sys\/(?:kernel\/vfctl|module\/(?:igb|vfctl_pf))\/?/.test(path)), []);
	t.is(host.files.readText('/sys/class/net/eth1/mtu'), '9000\n');
	const {json} = await done(host, 'mailbox eth1');
	t.is((json as {pfs: Array<{source: string; vfs: unknown[]}>}).pfs[0]!.source, 'driver');
	t.is((json as {pfs: Array<{source: string; vfs: unknown[]}>}).pfs[0]!.vfs.length, 4);

	t.is((await done(host, 'driver load igb --yes')).text, 'nothing to do: igb of vfctl is loaded already');
	await done(host, 'driver restore igb --yes');
	t.false(isLoaded(host, 'vfctl_pf'));
	t.deepEqual(compareRecords(before, await captured(host)), []);
	t.is((await done(host, 'driver restore igb --yes')).text, 'nothing to do: igb of the distribution is loaded already');
});

test('a VF whose driver the PF does not hear at first gets its own MAC back all the same', async t => {
	const host = usual();
	host.set({deafNewVfs: true});
	const before = await captured(host);
	await done(host, 'driver load igb --yes');
	await done(host, 'driver restore igb --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('undo takes it back, and undo of that does it again', async t => {
	const host = usual();
	const before = await captured(host);
	await done(host, 'driver load --yes');
	t.true(isOurs(host) && isOurs(host, 'ixgbe'));
	const loaded = await captured(host);
	await done(host, 'undo --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);
	await done(host, 'undo 2 --yes');
	t.deepEqual(compareRecords(loaded, await captured(host)), []);
});

test('a dry run shows the plan with what one would have typed, and changes nothing', async t => {
	const host = usual();
	const before = await captured(host);
	const {text, json} = await done(host, 'driver load eth2 --dry-run');
	t.regex(text, /exchange the loaded driver igb for that of vfctl/);
	t.regex(text, new RegExp(`rmmod igb\n +insmod ${drivers.replaceAll('+', '\\+')}/vfctl_pf\\.ko\n +modprobe --all dca\n +insmod ${drivers.replaceAll('+', '\\+')}/igb\\.ko`));
	const plan = parsePlan((json as {plan: unknown}).plan);
	t.deepEqual(plan.actions.map(({kind}) => kind).filter((kind, index, all) => kind !== all[index - 1]), ['own-mac', 'set-numvfs', 'own-mac', 'set-numvfs', 'swap-driver', 'set-numvfs', 'own-mac', 'set-link', 'set-numvfs', 'own-mac', 'set-link']);
	t.deepEqual(compareRecords(before, await captured(host)), []);
	// The whole host holds the plan of a record, too.
	t.regex((await done(host, 'driver restore igb --dry-run')).text, /loaded already/);
});

test('options that modprobe would give go with it', async t => {
	const host = simHost(withDrivers(base().command(['modprobe', '--showconfig'], 'blacklist pcspkr\noptions igb max_vfs=0\noptions igb x=$(reboot) y=1\noptions ixgbe allow_unsupported_sfp=1\n').record()));
	const {text} = await done(host, 'driver load --dry-run');
	t.regex(text, /insmod \S+\/igb\.ko max_vfs=0 y=1\n/);
	t.regex(text, /insmod \S+\/ixgbe\.ko allow_unsupported_sfp=1\n/);
});

// Refused

const refusals: ReadonlyArray<readonly [what: string, record: () => HostRecord, line: string, code: ErrorCode, says: RegExp]> = [
	['a running guest has a VF', () => base().guest({name: 'vm0', devices: [hostdev('0000:01:10.0')]}).record(), 'driver load igb', 'DRIVER_IN_USE', /eth1#0 is held by guest vm0/],
	['a running guest has a VF of the other PF', () => base().guest({name: 'vm0', devices: [hostdev('0000:02:10.0')]}).record(), 'driver load eth1', 'DRIVER_IN_USE', /eth2#0 is held by guest vm0/],
	['a namespace has a VF', () => hostBuilder('ns').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', vfs: 2, inNamespace: [1]}).record(), 'driver load igb', 'DRIVER_IN_USE', /eth1#1 is held by another network namespace/],
	['a PF has an address', () => withAddress(base().record(), 'eth2', '10.1.0.1/24'), 'driver load igb', 'DRIVER_IN_USE', /eth2 carries the host's address 10\.1\.0\.1/],
	['a VF has an address', () => withAddress(base().record(), 'eth1', '10.1.0.1/24'), 'driver load igb', 'DRIVER_IN_USE', /10\.1\.0\.1/],
	['a PF is in a bridge', () => hostBuilder('bridge').bridge({name: 'br0'}).pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', master: 'br0'}).record(), 'driver load igb', 'DRIVER_IN_USE', /eth1 is below br0/],
	['a VLAN is on a PF', () => hostBuilder('vlan').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1'}).vlan({name: 'eth1.7', parent: 'eth1', id: 7}).record(), 'driver load igb', 'DRIVER_IN_USE', /eth1 is below eth1\.7/],
	['a PF has a route', () => hostBuilder('route').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1'}).route({dst: '10.9.0.0/16', dev: 'eth1'}).record(), 'driver load igb', 'DRIVER_IN_USE', /route to 10\.9\.0\.0/],
	['the admin came in on a PF', () => hostBuilder('ssh').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', addresses: ['10.1.0.1/24']}).ssh('10.1.0.1').record(), 'driver load igb', 'MANAGEMENT_INTERFACE', /ssh/],
	['the admin came in on a card of the same driver without SR-IOV', () => base().nic({bdf: '0000:05:00.0', name: 'eno1', addresses: ['10.1.0.1/24']}).ssh('10.1.0.1').record(), 'driver load igb', 'MANAGEMENT_INTERFACE', /eno1 carries your ssh/],
	['a card of the same driver without SR-IOV has an address', () => base().nic({bdf: '0000:05:00.0', name: 'eno1', addresses: ['10.1.0.1/24']}).record(), 'driver load igb', 'DRIVER_IN_USE', /eno1 carries/],
	['libvirt does not answer', () => base().noLibvirt().record(), 'driver load igb', 'RISK_NOT_ACCEPTED', /libvirt/],
	['a PF of another driver', () => hostBuilder('i40e').pf({card: 'xl710', bdf: '0000:03:00.0', name: 'pf0'}).record(), 'driver load pf0', 'UNSUPPORTED', /i40e/],
	['a PF that is not there', () => base().record(), 'driver load pf9', 'PF_NOT_FOUND', /./],
	['a VF', () => base().record(), 'driver load eth1#0', 'PF_NOT_FOUND', /VF 0/],
	['a directory that is no whole path', () => base().record(), 'driver load igb --from ../x', 'USAGE', /journal/],
	['a directory without a build', () => base().record(), 'driver load igb --from /nowhere', 'DRIVER_NOT_BUILT', /build\.json is not there/],
	['no confirmation', () => base().record(), 'driver load igb ', 'CONFIRMATION_NEEDED', /./],
];

for (const [what, record, line, code, says] of refusals) {
	test(`refused: ${what}`, async t => {
		const host = simHost(withDrivers(record()));
		const before = await captured(host);
		const {error} = await vfctl(host, line.endsWith(' ') ? line.trim().split(' ') : [...line.split(' '), '--yes']);
		t.is(error?.code, code, error?.why);
		t.regex(`${error?.message} ${error?.why}`, says);
		t.deepEqual(compareRecords(before, await captured(host)), []);
		t.true(isLoaded(host, 'igb') || isLoaded(host, 'i40e'));
	});
}

const damages: ReadonlyArray<readonly [what: string, change: (record: HostRecord) => HostRecord, code: ErrorCode, says: RegExp]> = [
	['nothing is built', record => ({...record, entries: new Map([...record.entries].filter(([path]) => !path.startsWith(drivers)))}), 'DRIVER_NOT_BUILT', /build\.json is not there/],
	['a build without igb', record => withDrivers(record, ['vfctl_pf', 'ixgbe']), 'DRIVER_NOT_BUILT', /without it/],
	['a module that changed', record => withFile(record, `${drivers}/igb.ko`, 'evil'), 'DRIVER_NOT_BUILT', /is not what was built/],
	['another helper', record => withFile(record, `${drivers}/vfctl_pf.ko`, 'evil'), 'DRIVER_NOT_BUILT', /vfctl_pf\.ko is not what was built/],
	['a damaged build.json', record => withFile(record, `${drivers}/build.json`, '{'), 'DRIVER_NOT_BUILT', /./],
	['a build for another kernel', record => withFile(record, `${drivers}/build.json`, (record.entries.get(`${drivers}/build.json`) as {text: string}).text.replace(kernel, '6.1.0-1-amd64')), 'DRIVER_NOT_BUILT', /is for 6\.1\.0-1-amd64/],
	['a kernel that takes only signed modules', record => withFile(record, '/sys/kernel/security/lockdown', 'none [integrity] confidentiality\n'), 'KERNEL_LOCKDOWN', /not signed/],
	['no way back', record => ({...record, entries: new Map([...record.entries].filter(([path]) => path !== stockIgb))}), 'UNSUPPORTED', /no way back/],
	['a driver of somebody else', record => withFile(record, '/sys/module/igb/taint', 'OE\n'), 'UNSUPPORTED', /no way back/],
];

for (const [what, change, code, says] of damages) {
	test(`refused: ${what}`, async t => {
		const host = simHost(change(withDrivers(base().record())));
		const before = await captured(host);
		const {error} = await vfctl(host, ['driver', 'load', 'igb', '--yes']);
		t.is(error?.code, code, error?.why);
		t.regex(`${error?.message} ${error?.why}`, says);
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});
}

test('a driver that DKMS installed is the way back where its file is known', async t => {
	let record = withFile(withDrivers(base().record()), '/sys/module/igb/taint', 'OE\n');
	const dkms = `/lib/modules/${kernel}/updates/dkms/igb.ko`;
	record = withFile(withFile(record, dkms, 'dkms'), `/lib/modules/${kernel}/modules.dep`, 'updates/dkms/igb.ko: \n');
	record = withFile(record, '/sys/module/igb/srcversion', `${srcversion}\n`);
	const {text} = await done(simHost(record), 'driver load igb --dry-run');
	t.regex(text, /exchange the loaded driver igb/);
});

test('an older build of vfctl is restored first', async t => {
	const host = usual();
	await done(host, 'driver load igb --yes');
	host.machine.tree.putValue('/sys/module/igb/srcversion', '0123456789ABCDEF0123456');
	const {error} = await vfctl(host, ['driver', 'load', 'igb', '--yes']);
	t.is(error?.code, 'UNSUPPORTED');
	t.regex(error!.fix!, /vfctl driver restore igb/);
	const {notes} = await done(host, 'driver restore igb --yes');
	t.true(notes.some(note => note.includes('no way back but a new build')));
	t.false(isOurs(host));
	t.is((await vfctl(host, ['undo', '--yes'])).error?.code, 'STEP_FAILED');
	t.false(isOurs(host), 'what cannot be loaded is not tried');
	t.true(isLoaded(host, 'igb'));
});

test('a build without ixgbe leaves ixgbe alone', async t => {
	const host = simHost(withDrivers(base().record(), ['vfctl_pf', 'igb']));
	await done(host, 'driver load --yes');
	t.true(isOurs(host) && !isOurs(host, 'ixgbe'));
});

// What goes wrong

const troubles: ReadonlyArray<readonly [what: string, options: SimOptions, says: RegExp]> = [
	['our driver does not load', {commandFailures: [{command: /^insmod \/var\S*\/igb\.ko/, result: {code: 1, stderr: 'insmod: ERROR: could not insert module igb.ko: Invalid module format\n'}}]}, /Invalid module format; it was built for another kernel; the driver that was there is loaded again/],
	['the helper does not load', {commandFailures: [{command: /^insmod \S*vfctl_pf\.ko/, result: {code: 1, stderr: 'insmod: ERROR: could not insert module: Key was rejected by service\n'}}]}, /Key was rejected.*signed/],
	['insmod says nothing and does nothing', {commandFailures: [{command: /^insmod \/var\S*\/igb\.ko/, result: {code: 0}}]}, /does not show it/],
	['the driver cannot be unloaded', {commandFailures: [{command: /^rmmod igb/, result: {code: 1, stderr: 'rmmod: ERROR: Module igb is in use\n'}}]}, /Module igb is in use/],
	['the stock file does not load either, modprobe does', {commandFailures: [{command: /^insmod \S*\/igb\.ko/, result: {code: 1, stderr: 'insmod: ERROR: x\n'}}]}, /the driver that was there is loaded again/],
	['rmmod is not installed', {missingTools: ['rmmod']}, /rmmod/],
];

for (const [what, options, says] of troubles) {
	test(`put back: ${what}`, async t => {
		const host = usual();
		const before = await captured(host);
		host.set(options);
		const {error} = await vfctl(host, ['driver', 'load', 'igb', '--yes']);
		t.true(['STEP_FAILED', 'TOOL_MISSING'].includes(error?.code ?? ''), `${error?.code} ${error?.why}`);
		t.regex(`${error?.message} ${error?.why}`, says);
		t.like(error!.details, {rolledBack: true});
		host.set({commandFailures: [], missingTools: []});
		t.deepEqual(compareRecords(before, await captured(host)), []);
		t.is((await vfctl(host, ['recover', '--yes'])).error, undefined);
	});
}

test('what the kernel said is told', async t => {
	const host = usual();
	host.set({beforeChange(what) {
		if (/^insmod \/var\S*\/igb\.ko/.test(what)) {
			host.machine.tree.remove('/sys/module/vfctl_pf');
		}
	}});
	const {error} = await vfctl(host, ['driver', 'load', 'igb', '--yes']);
	t.regex(error!.why!, /igb: Unknown symbol vfctl_pf_add \(err -2\)/);
	t.true(isLoaded(host, 'igb'));
});

test('interfaces may come late', async t => {
	const host = simHost(withDrivers(hostBuilder('late').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', mtu: 9000}).record()), {netdevDelayMs: 3000});
	const before = await captured(host);
	await done(host, 'driver load igb --yes');
	await done(host, 'driver restore igb --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('killed at any moment, recover puts everything back', async t => {
	t.true(await recoversEverywhere(t, usual, async host => done(host, 'driver load igb --yes')) > 30);
});

test('killed while it is given back, recover loads ours again', async t => {
	const first = usual();
	await done(first, 'driver load igb --yes');
	const before = await captured(first);
	for (const step of [/^rmmod igb/, /^insmod \/lib/, /^rmmod vfctl_pf/]) {
		const host = usual();
		await done(host, 'driver load igb --yes');
		const after = await crashAt(host, what => step.test(what), async () => done(host, 'driver restore igb --yes'));
		t.truthy(after);
		t.is((await vfctl(after!, ['recover', '--yes'])).error, undefined);
		t.deepEqual(compareRecords(before, await captured(after!)), []);
	}
});

test('undo does not take the driver from those who came since', async t => {
	const host = usual();
	await done(host, 'driver load igb --yes');
	await done(host, 'attach vm0 eth1#0');
	t.is((await vfctl(host, ['undo', '1', '--yes'])).error?.code, 'DRIVER_IN_USE');
	t.is((await vfctl(host, ['driver', 'restore', 'igb', '--yes'])).error?.code, 'DRIVER_IN_USE');
	await done(host, 'detach vm0 eth1#0');
	await done(host, 'driver restore igb --yes');
	t.false(isOurs(host));
});

test('a VF that appeared between plan and step stops it', async t => {
	const host = simHost(withDrivers(hostBuilder('late').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1'}).record()));
	let made = false;
	host.set({beforeChange(what) {
		if (!made && what.startsWith('append') && host.files.readText('/var/lib/vfctl/journal/000001.jsonl')?.includes('step-begin') !== true) {
			made = true;
			void host.files.writeAttribute(`/sys/bus/pci/devices/${toBdf('0000:01:00.0')}/sriov_numvfs`, '2');
		}
	}});
	const {error} = await vfctl(host, ['driver', 'load', 'igb', '--yes']);
	t.is(error?.code, 'DRIVER_IN_USE');
	t.true(isLoaded(host, 'igb') && !isOurs(host));
});
