// Pools on simulated hosts: what is made, what is refused, what undo and recovery put back.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {AppError} from '../lib/errors.ts';
import {parsePool} from '../lib/libvirt/network-xml.ts';
import {poolXml} from '../lib/libvirt/pool-xml.ts';
import {toBdf, type Bdf} from '../lib/model/bdf.ts';
import {project} from '../lib/plan/host-file/project.ts';
import {planPoolAbsent, planPoolPresent, type PoolRequest} from '../lib/plan/plan-pool.ts';
import {planVfCreate} from '../lib/plan/plan-vfs.ts';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {crashAt} from './helpers/crash.ts';
import {hostileName as slashedName, hosts, inventoryOf, vfctl, withAddress} from './helpers/plan-world.ts';

const hostileName = slashedName.replaceAll('/', '');

const card = '82599' as const;
const base = () => hostBuilder('pools')
	.pf({card, bdf: '0000:03:00.0', name: 'pf0', vfs: 4})
	.pf({card, bdf: '0000:03:00.1', name: 'pf1', up: false})
	.pf({card, bdf: '0000:04:00.0', name: 'pf2', vfs: 2, up: false});

/** VFs of pf0 are 0000:03:10.0, .2, .4 and .6; those of pf2 0000:04:10.0 and .2. */
const worlds: Readonly<Record<string, () => HostRecord>> = {
	...hosts,
	free: () => base().guest({name: 'vm0'}).guest({name: 'off', state: 'shutoff'}).record(),
	fast: () => base().pool({name: 'fast', pf: 'pf0'}).guest({name: 'vm0'}).guest({name: 'off', state: 'shutoff'}).record(),
	admin: () => withAddress(base().guest({name: 'vm0'}).ssh('10.1.0.1').record(), 'pf0', '10.1.0.1/24'),
};

function worldOf(name: string): SimHost {
	return simHost(worlds[name]!());
}

const words = (line: string): string[] => line.split(' ').map(word => word === 'HOSTILE' ? hostileName : word.replaceAll('~', ' '));

/** Runs lines that must work, and gives what the last one said. */
async function runAll(host: SimHost, lines: readonly string[]) {
	let answer = await vfctl(host, ['pool', 'list']);
	for (const line of lines) {
		answer = await vfctl(host, words(line));
		if (answer.error) {
			throw new Error(`${line}: ${answer.error.code} ${answer.error.message} (${answer.error.why})`);
		}
	}

	return answer;
}

async function networkOf(host: SimHost, name: string) {
	const libvirt = await host.openLibvirt('qemu:///system');
	const networks = await libvirt.listNetworks();
	return networks.find(network => network.name === name);
}

async function savedMembers(host: SimHost, name: string): Promise<readonly Bdf[] | undefined> {
	const network = await networkOf(host, name);
	return network && parsePool(network)?.saved?.members;
}

/** Everything of the host, saved definitions of running networks too. */
async function stateOf(host: SimHost) {
	const libvirt = await host.openLibvirt('qemu:///system');
	const networks = await libvirt.listNetworks();
	return {
		record: await captureHost(host, {maskMacs: false, connect: 'qemu:///system'}),
		networks: networks.toSorted((a, b) => a.name.localeCompare(b.name)),
	};
}

// What is refused

const refusals: ReadonlyArray<readonly [what: string, world: string, before: string[], line: string, code: ErrorCode, says?: RegExp]> = [
	['a name that another pool has', 'fast', [], 'pool create fast pf2', 'POOL_EXISTS', /all VFs of pf0/],
	['a name that another pool has, of chosen VFs', 'free', ['pool create fast pf0#0'], 'pool create fast pf0#0-1', 'POOL_EXISTS', /0000:03:10\.0/],
	['a name that another network has', 'free', [], 'pool create default pf0', 'POOL_EXISTS', /forward mode is nat/],
	['a VF of another pool', 'free', ['pool create fast pf0#0-1'], 'pool create slow pf0#1-2', 'VF_HELD', /fast hands it out/],
	['a VF of a pool that is stopped', 'free', ['pool create fast pf0#0-1 --no-start'], 'pool create slow pf0#1', 'VF_HELD', /fast/],
	['a PF of a pool that is stopped', 'usual', [], 'pool create slow pf0#3', 'VF_HELD', /fast/],
	['a PF with a VF in another pool', 'free', ['pool create fast pf0#3'], 'pool create slow pf0', 'VF_HELD', /fast/],
	['a second pool of one PF', 'fast', [], 'pool create slow pf0', 'VF_HELD', /fast/],
	['a VF of a running guest', 'taken', [], 'pool create fast pf0#0', 'VF_HELD', /guest vm0/],
	['a VF of a guest that is off', 'taken', [], 'pool create fast 0000:03:10.2', 'VF_HELD', /guest off/],
	['a VF in a namespace', 'taken', [], 'pool create fast pf0#2-3', 'VF_HELD', /namespace/],
	['a PF one of whose VFs a guest has', 'taken', [], 'pool create fast pf0', 'VF_HELD', /guest vm0/],
	['a VF with an address of the host', 'vf-address', [], 'pool create fast pf0#0', 'HOST_NETWORK', /10\.1\.0\.1/],
	['the VF that the admin came in on', 'vf-ssh', [], 'pool create fast pf0', 'MANAGEMENT_INTERFACE', /ssh/],
	['a VF in a group with members of the host', 'shared-group', [], 'pool create fast enp5s0f0#0', 'GROUP_NOT_VIABLE', /ahci/],
	['a PF without VFs', 'free', [], 'pool create fast pf1', 'VF_NOT_FOUND', /without them/],
	['a VF of a PF without VFs', 'free', [], 'pool create fast pf1#0', 'VF_NOT_FOUND', /no VFs/],
	['a VF beyond the last', 'free', [], 'pool create fast pf0#2-9', 'VF_NOT_FOUND', /0 to 3/],
	['a range the wrong way round', 'free', [], 'pool create fast pf0#3-0', 'VF_NOT_FOUND'],
	['a range of a VF', 'free', [], 'pool create fast pf0v0#0-1', 'PF_NOT_FOUND', /VF 0 of pf0/],
	['a PF that is not there', 'free', [], 'pool create fast pf9', 'VF_NOT_FOUND', /pf0, pf1, pf2/],
	['two PFs', 'free', [], 'pool create fast pf0 pf2', 'USAGE', /only one <pf>/],
	['a PF after VFs', 'free', [], 'pool create fast pf0#0 pf2', 'PF_NOT_VF'],
	['a PF without an interface', 'no-driver', [], 'pool create fast 0000:03:00.0', 'PF_NO_DRIVER'],
	['more VFs than the card has', 'free', [], 'pool create fast pf1 --vfs 64', 'BAD_COUNT', /1 to 63/],
	['no VFs at all', 'free', [], 'pool create fast pf1 --vfs 0', 'BAD_COUNT'],
	['a number of VFs that is none', 'free', [], 'pool create fast pf1 --vfs some', 'BAD_COUNT'],
	['VFs to create beside VFs', 'free', [], 'pool create fast pf0#0 --vfs 4', 'USAGE'],
	['a name with a slash', 'free', [], 'pool create ../etc pf0', 'USAGE', /names a file/],
	['an empty name', 'free', [], 'pool create ~ pf0', 'USAGE', /empty/],
	['a name with a line end', 'free', [], 'pool create a\nb pf0', 'USAGE', /control character/],
	['a name with a character that XML forbids', 'free', [], 'pool create a\uFFFEb pf0', 'USAGE', /XML/],
	['a name that is too long', 'free', [], `pool create ${'n'.repeat(248)} pf0`, 'USAGE', /247 bytes/],
	['a name that is too long in bytes', 'free', [], `pool create ${'ü'.repeat(124)} pf0`, 'USAGE', /247 bytes/],
	['a pool without an IOMMU', 'no-iommu', [], 'pool create fast enp3s0f0#0', 'IOMMU_OFF'],
	['a pool without interrupt remapping', 'no-intremap', [], 'pool create fast enp4s0f0#0', 'NO_INTERRUPT_REMAPPING'],
	['a pool without libvirt', 'no-libvirt', [], 'pool create fast pf0', 'LIBVIRT_UNREACHABLE'],
	['a list without libvirt', 'no-libvirt', [], 'pool list', 'LIBVIRT_UNREACHABLE'],

	['showing what is not there', 'fast', [], 'pool show slow', 'POOL_NOT_FOUND', /fast/],
	['showing a network of another kind', 'fast', [], 'pool show default', 'POOL_NOT_FOUND', /mode nat/],
	['starting what is not there', 'fast', [], 'pool start slow', 'POOL_NOT_FOUND'],
	['stopping what is not there', 'fast', [], 'pool stop slow', 'POOL_NOT_FOUND'],
	['deleting what is not there', 'fast', [], 'pool delete slow --yes', 'POOL_NOT_FOUND'],
	['deleting the default network', 'fast', [], 'pool delete default --yes', 'POOL_NOT_FOUND'],
	['deleting without a yes', 'fast', [], 'pool delete fast', 'CONFIRMATION_NEEDED'],
	['resizing what is not there', 'fast', [], 'pool resize slow 2', 'POOL_NOT_FOUND'],

	['deleting under a running guest', 'fast', ['attach vm0 pool:fast --live'], 'pool delete fast --yes', 'POOL_IN_USE', /guest vm0 has 0000:03:10\.0/],
	['deleting what a guest that is off names', 'fast', ['attach off pool:fast'], 'pool delete fast --yes', 'POOL_IN_USE', /definition of off/],
	['stopping under a running guest', 'fast', ['attach vm0 pool:fast'], 'pool stop fast', 'POOL_IN_USE', /guest vm0/],
	['resizing under a running guest', 'free', ['pool create fast pf0#0-1', 'attach vm0 pool:fast'], 'pool resize fast 3', 'POOL_IN_USE', /guest vm0 has 0000:03:10\.0/],
	['shrinking under a running guest', 'free', ['pool create fast pf0#0-2', 'attach vm0 pool:fast'], 'pool resize fast 1', 'POOL_IN_USE', /guest vm0/],
	['removing another VF under a running guest', 'free', ['pool create fast pf0#0-1', 'attach vm0 pool:fast'], 'pool resize fast --remove pf0#1', 'POOL_IN_USE', /guest vm0/],
	['resizing a whole PF under a running guest', 'fast', ['attach vm0 pool:fast'], 'pool resize fast 2 --yes', 'POOL_IN_USE', /guest vm0/],
	['resizing a whole PF when a guest has a VF by name', 'fast', ['attach vm0 pf0#3'], 'pool resize fast 2 --yes', 'VFS_IN_USE', /guest vm0/],
	['resizing a whole PF without a yes', 'fast', [], 'pool resize fast 2', 'CONFIRMATION_NEEDED'],
	['adding a VF to a whole PF', 'fast', [], 'pool resize fast --add pf2#0', 'UNSUPPORTED', /whole PF pf0/],
	['more VFs than are free', 'free', ['pool create fast pf0#0-1', 'attach vm0 pf0#2'], 'pool resize fast 4', 'NO_FREE_VF', /pf0#2: guest vm0/],
	['more VFs than there are', 'free', ['pool create fast pf0#0-1'], 'pool resize fast 9', 'NO_FREE_VF'],
	['adding a VF of a guest', 'free', ['pool create fast pf0#0-1', 'attach off pf0#2'], 'pool resize fast --add pf0#2', 'VF_HELD', /guest off/],
	['adding a VF of another pool', 'free', ['pool create fast pf0#0', 'pool create slow pf0#1'], 'pool resize fast --add pf0#1', 'VF_HELD', /slow/],
	['removing a VF that is not in it', 'free', ['pool create fast pf0#0-1'], 'pool resize fast --remove pf0#2', 'VF_NOT_FOUND', /0000:03:10\.0, 0000:03:10\.2/],
	['removing all VFs', 'free', ['pool create fast pf0#0-1'], 'pool resize fast --remove pf0#0-1', 'BAD_COUNT', /none to a guest/],
	['a size of 0', 'free', ['pool create fast pf0#0-1'], 'pool resize fast 0', 'BAD_COUNT', /without VFs/],
	['a size that is no number', 'free', ['pool create fast pf0#0-1'], 'pool resize fast two', 'BAD_COUNT'],
	['a resize to nothing', 'free', ['pool create fast pf0#0-1'], 'pool resize fast', 'USAGE'],
	['a size and VFs', 'free', ['pool create fast pf0#0-1'], 'pool resize fast 3 --add pf0#2', 'USAGE', /choose/],
	['starting a pool of a PF without VFs', 'usual', ['vf destroy pf0 --yes'], 'pool start fast', 'VF_NOT_FOUND', /without VFs/],

	['undoing a pool that a guest uses', 'free', ['pool create fast pf0#0-1', 'attach vm0 pool:fast --live'], 'undo 1 --yes', 'POOL_IN_USE', /guest vm0/],
	['undoing a pool that a definition names', 'free', ['pool create fast pf0#0-1', 'attach off pool:fast'], 'undo 1 --yes', 'POOL_IN_USE', /definition of off/],
	['undoing a resize that a guest gained from', 'free', ['pool create fast pf0#0', 'pool resize fast 2', 'attach vm0 pool:fast'], 'undo 2 --yes', 'POOL_IN_USE', /guest vm0/],
	['undoing a start under a guest', 'free', ['pool create fast pf0#0 --no-start', 'pool start fast', 'attach vm0 pool:fast'], 'undo 2 --yes', 'POOL_IN_USE', /guest vm0/],
	['undoing a pool that changed since', 'free', ['pool create fast pf0#0-1', 'pool resize fast 3'], 'undo 1 --yes', 'PLAN_STALE', /fast/],
];

for (const [what, world, before, line, code, says] of refusals) {
	test(`refused, and nothing is touched: ${what}`, async t => {
		const host = worldOf(world);
		await runAll(host, before);
		const state = await stateOf(host).catch(() => undefined);
		const {error} = await vfctl(host, words(line));
		t.is(error?.code, code, error?.message);
		t.regex(`${error?.message} ${error?.why ?? ''}`, says ?? /./);
		t.not(error?.fix ?? error?.why, undefined);
		if (state !== undefined) {
			const after = await stateOf(host);
			t.deepEqual(after.networks, state.networks);
			t.deepEqual(compareRecords(state.record, after.record), []);
		}
	});
}

test('a pool in use says how to free it', async t => {
	const host = worldOf('fast');
	await runAll(host, ['attach vm0 pool:fast', 'attach off pool:fast']);
	const {error} = await vfctl(host, ['pool', 'delete', 'fast', '--yes']);
	t.is(error?.fix, 'vfctl detach vm0 pool:fast; vfctl detach off pool:fast');
	t.like((error?.details['users'] as object[])[0], {guest: 'vm0', definition: 'live', vf: '0000:03:10.0'});
	t.is((error?.details['users'] as object[]).length, 3);
});

// What is made

const members: ReadonlyArray<readonly [what: string, words: string, bdfs: string[]]> = [
	['one VF', 'pf0#1', ['0000:03:10.2']],
	['a range', 'pf0#0-2', ['0000:03:10.0', '0000:03:10.2', '0000:03:10.4']],
	['a list', 'pf0#3,0', ['0000:03:10.0', '0000:03:10.6']],
	['an address', '0000:03:10.4', ['0000:03:10.4']],
	['an interface', 'pf0v1', ['0000:03:10.2']],
	['nmstate\'s name', 'sriov:pf0:1', ['0000:03:10.2']],
	['the PF by its address', '0000:03:00.0#0-1', ['0000:03:10.0', '0000:03:10.2']],
	['one VF by three names', 'pf0#1 pf0v1 0000:03:10.2', ['0000:03:10.2']],
	['VFs of two PFs', 'pf2#0 pf0#0', ['0000:04:10.0', '0000:03:10.0']],
];

for (const [what, names, bdfs] of members) {
	test(`a pool of ${what}`, async t => {
		const host = worldOf('free');
		await runAll(host, [`pool create fast ${names}`]);
		t.deepEqual(await savedMembers(host, 'fast'), bdfs);
		const network = await networkOf(host, 'fast');
		t.like(network, {active: true, autostart: true, persistent: true});
		t.is((await inventoryOf(host)).netdevs.get('pf2')?.up, names.includes('pf2'), 'libvirt needs the PFs up, and no others');
	});
}

test('a pool of a whole PF has the VFs that the PF has at its start', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create fast pf0 --no-start --no-autostart']);
	t.like(await networkOf(host, 'fast'), {active: false, autostart: false});
	const {json} = await runAll(host, ['pool start fast', 'pool show fast']);
	t.like(json['pool'] as object, {pf: 'pf0', active: true, autostart: false, totalVfs: 4, freeVfs: 4, changesAtStart: false});
	t.regex((await networkOf(host, 'fast'))?.xml ?? '', /<pf dev='pf0'\/>\s*<address/);
});

test('VFs are made on a PF that has none, when that was asked for', async t => {
	const host = worldOf('free');
	const {json} = await runAll(host, ['pool create fast pf1 --vfs 3', 'pool show fast']);
	t.like(json['pool'] as object, {totalVfs: 3, freeVfs: 3, pfs: ['pf1']});
	t.like((await inventoryOf(host)).pfs[1], {numVfs: 3});
});

test('VFs that are there already are not made again', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create fast pf0 --vfs 8']);
	t.like((await inventoryOf(host)).pfs[0], {numVfs: 4});
});

test('the PF that the admin came in on may give its VFs', async t => {
	await t.notThrowsAsync(runAll(worldOf('admin'), ['pool create fast pf0', 'attach vm0 pool:fast', 'detach vm0 pool:fast', 'pool delete fast --yes']));
});

test('a hostile name is only a name', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create HOSTILE pf0#0']);
	const network = await networkOf(host, hostileName);
	t.true(network?.active);
	t.true(network?.xml.includes('&lt;name&gt;&amp;amp; `id`'));
	const {json} = await runAll(host, ['pool show HOSTILE']);
	t.is((json['pool'] as {name: string}).name, hostileName);
	await runAll(host, ['attach vm0 HOSTILE --method network', 'detach vm0 HOSTILE', 'pool resize HOSTILE 2', 'pool delete HOSTILE --yes']);
	t.is(await networkOf(host, hostileName), undefined);
});

const nothing: ReadonlyArray<readonly [before: string[], line: string, title: RegExp]> = [
	[['pool create fast pf0'], 'pool create fast pf0', /so already/],
	[['pool create fast pf0#0-1'], 'pool create fast 0000:03:10.2 pf0#0', /so already/],
	[['pool create fast pf0#0-1', 'attach vm0 pool:fast'], 'pool create fast pf0#0-1', /so already/],
	[['pool create fast pf0#0-1'], 'pool create fast pf0#0-1 --no-start', /so already/],
	[['pool create fast pf0#0-1'], 'pool start fast', /started already/],
	[['pool create fast pf0#0-1 --no-start'], 'pool stop fast', /stopped already/],
	[['pool create fast pf0#0-1', 'attach vm0 pool:fast'], 'pool resize fast 2', /2 VFs already/],
	[['pool create fast pf0#0-1'], 'pool resize fast --add pf0#1', /2 VFs already/],
	[['pool create fast pf0'], 'pool resize fast 4', /4 VFs already/],
];
for (const [before, line, title] of nothing) {
	test(`nothing to do: ${[...before, line].join(', ')}`, async t => {
		const {json, text} = await runAll(worldOf('free'), [...before, line]);
		t.false(json['changed']);
		t.regex(text, title);
	});
}

test('creating again starts a pool again that runs with other VFs, unless guests use it', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create fast pf0', 'vf create pf0 6 --yes']);
	const {json} = await runAll(host, ['pool create fast pf0', 'pool show fast']);
	t.like(json['pool'] as object, {active: true, totalVfs: 6, changesAtStart: false});
	t.false((await runAll(host, ['pool create fast pf0'])).json['changed']);

	// Somebody else defines it anew while a guest has a VF of it.
	await runAll(host, ['pool delete fast --yes', 'pool create fast pf0#0', 'attach vm0 pool:fast']);
	const libvirt = await host.openLibvirt('qemu:///system');
	await libvirt.defineNetwork(poolXml({name: 'fast', managed: true, pf: [toBdf('0000:03:10.0'), toBdf('0000:03:10.2')], savedXml: (await networkOf(host, 'fast'))!.inactiveXml!}));
	const {json: kept, notes} = await runAll(host, ['pool create fast pf0#0-1']);
	t.false(kept['changed']);
	t.regex(notes.join(), /guests use it/);
});

test('VFs that a plan makes first can be in a pool', async t => {
	const inventory = await inventoryOf(worldOf('free'));
	const later = project(inventory, planVfCreate(inventory, {pf: 'pf1', count: 2, acceptedRisks: []}).actions);
	for (const source of [{pf: 'pf1'}, {vfs: later.pfs[1]!.vfs.map(({bdf}) => bdf)}]) {
		t.deepEqual(planPoolPresent(later, request({source})).actions.map(({kind}) => kind), ['set-network']);
	}
});

test('creating again starts a pool that is stopped, and sets what libvirt starts', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create fast pf0#0 --no-start', 'pool create fast pf0#0 --no-autostart']);
	t.like(await networkOf(host, 'fast'), {active: true, autostart: false});
});

test('a dry run prints lines that virsh takes, and makes nothing', async t => {
	const host = worldOf('free');
	const {text} = await runAll(host, ['pool create fast pf2#0 --dry-run']);
	t.regex(text, /ip link set .*pf2.* up/);
	t.regex(text, /virsh net-define[^]*<forward mode='hostdev' managed='yes'>[^]*virsh net-start fast[^]*virsh net-autostart fast/);
	t.is(await networkOf(host, 'fast'), undefined);
});

// Other sizes

const sizes: ReadonlyArray<readonly [what: string, lines: string[], bdfs: string[]]> = [
	['grown by the first free VFs', ['pool create fast pf0#1', 'pool resize fast 3'], ['0000:03:10.2', '0000:03:10.0', '0000:03:10.4']],
	['grown past a VF of a guest', ['pool create fast pf0#0', 'attach vm0 pf0#1', 'pool resize fast 2'], ['0000:03:10.0', '0000:03:10.4']],
	['grown past another pool that is stopped', ['pool create slow pf0#1 --no-start', 'pool create fast pf0#0', 'pool resize fast 2'], ['0000:03:10.0', '0000:03:10.4']],
	['grown on both PFs', ['pool create fast pf0#0-3 pf2#1', 'pool resize fast 6'], ['0000:03:10.0', '0000:03:10.2', '0000:03:10.4', '0000:03:10.6', '0000:04:10.2', '0000:04:10.0']],
	['shrunk from the end', ['pool create fast pf0#0-3', 'pool resize fast 2'], ['0000:03:10.0', '0000:03:10.2']],
	['by names', ['pool create fast pf0#0-1', 'pool resize fast --add pf0#2-3 pf2#0 --remove pf0#0'], ['0000:03:10.2', '0000:03:10.4', '0000:03:10.6', '0000:04:10.0']],
	['while a guest that is off names it', ['pool create fast pf0#0', 'attach off pool:fast', 'pool resize fast 2'], ['0000:03:10.0', '0000:03:10.2']],
	['when a VF of it is gone', ['pool create fast pf2#0-1 pf0#0', 'vf destroy pf2 --yes', 'pool resize fast --add pf0#1'], ['0000:03:10.0', '0000:03:10.2']],
	['of a VF that is gone', ['pool create fast pf2#0-1 pf0#0', 'vf destroy pf2 --yes', 'pool resize fast --remove 0000:04:10.0 0000:04:10.2'], ['0000:03:10.0']],
	['to as many as are left', ['pool create fast pf2#0-1 pf0#0', 'vf destroy pf2 --yes', 'pool resize fast 1'], ['0000:03:10.0']],
];
for (const [what, lines, bdfs] of sizes) {
	test(`a pool resized ${what}`, async t => {
		const host = worldOf('free');
		await runAll(host, lines.slice(0, -1));
		const before = await networkOf(host, 'fast');
		await runAll(host, lines.slice(-1));
		const after = await networkOf(host, 'fast');
		t.deepEqual(await savedMembers(host, 'fast'), bdfs);
		t.is(after?.xml, after?.inactiveXml, 'what runs is what is saved');
		t.like(after, {uuid: before?.uuid, active: true, autostart: true});
		t.true(after?.xml.includes(before!.uuid));
	});
}

test('a pool that is stopped stays stopped when it is resized', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create fast pf0#0 --no-start --no-autostart', 'pool resize fast 2']);
	t.like(await networkOf(host, 'fast'), {active: false, autostart: false});
	t.is((await savedMembers(host, 'fast'))?.length, 2);
});

test('a pool of a whole PF is resized by the VF count of the PF', async t => {
	const host = worldOf('fast');
	const uuid = (await networkOf(host, 'fast'))?.uuid;
	const {json} = await runAll(host, ['pool resize fast 6 --yes', 'pool show fast']);
	t.like(json['pool'] as object, {uuid, pf: 'pf0', totalVfs: 6, freeVfs: 6, active: true, changesAtStart: false});
});

test('a resize tells of a pool of others whose VFs go', async t => {
	const host = worldOf('fast');
	const libvirt = await host.openLibvirt('qemu:///system');
	for (const [name, vf] of [['slow', '0000:03:10.6'], ['kept', '0000:03:10.0']] as const) {
		await libvirt.defineNetwork(poolXml({name, managed: true, pf: [toBdf(vf)], savedXml: null}));
	}

	const {notes} = await runAll(host, ['pool resize fast 2 --yes']);
	t.regex(notes.join(), /pool slow names VFs that will not be there/);
	t.notRegex(notes.join(), /kept/);
});

test('another VF count tells of the pools that it leaves behind', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create fast pf0', 'pool create slow pf2#1', 'pool create low pf2#0']);
	const whole = await vfctl(host, words('vf create pf0 6 --yes'));
	t.regex(whole.notes.join(), /the pool fast goes on with the VFs that it found when it started: vfctl pool stop fast, vfctl pool start fast/);
	const {notes} = await vfctl(host, words('vf create pf2 1 --yes'));
	t.regex(notes.join(), /the pool slow names VFs that will not be there: vfctl pool resize slow --remove VF/);
	t.notRegex(notes.join(), /fast|the pool low/);
});

test('a guest that names the pool starts from the resized one', async t => {
	const host = worldOf('free');
	await runAll(host, ['pool create fast pf0#0', 'attach vm0 pool:fast', 'detach vm0 pool:fast --live', 'pool resize fast --add pf0#2 --remove pf0#0', 'attach vm0 pool:fast --live --mac 52:54:00:00:00:aa']);
	const {json} = await runAll(host, ['pool show fast']);
	t.deepEqual((json['pool'] as {members: Array<{bdf: string; fromPool: boolean}>}).members.map(({bdf, fromPool}) => `${bdf} ${fromPool}`), ['0000:03:10.4 true']);
});

// What is shown

test('show tells who has the VFs, and whether the pool gave them', async t => {
	const host = worldOf('free');
	const {json, text} = await runAll(host, ['pool create fast pf0#0-3', 'attach vm0 pool:fast', 'attach vm0 pf0#2', 'attach off pool:fast', 'pool show fast']);
	const pool = json['pool'] as {members: object[]};
	t.like(pool, {name: 'fast', pf: null, pfs: ['pf0'], totalVfs: 4, freeVfs: 2, persistent: true, managed: true});
	t.like(pool.members[0], {name: 'pf0#0', free: false, fromPool: true, holder: {kind: 'guest', guest: 'vm0'}});
	t.like(pool.members[1], {name: 'pf0#1', free: true, fromPool: false});
	t.like(pool.members[2], {name: 'pf0#2', free: false, fromPool: false});
	t.deepEqual((pool as unknown as {guests: Array<{name: string; definition: string}>}).guests.map(({name, definition}) => `${name} ${definition}`), ['vm0 both', 'off config']);
	t.regex(text, /2 of 4 free/);
	t.regex(text, /pf0#0 .*guest vm0$/m);
	t.regex(text, /pf0#1 .*free$/m);
	t.regex(text, /pf0#2 .*guest vm0, not from this pool$/m);
	t.regex(text, /off \(saved only\)/);
});

test('show tells of VFs that are not there any more', async t => {
	const {json, text} = await runAll(worldOf('free'), ['pool create fast pf2#0-1', 'vf destroy pf2 --yes', 'pool show fast']);
	t.like(json['pool'] as object, {totalVfs: 2, freeVfs: 0, pfs: []});
	t.like((json['pool'] as {members: object[]}).members[0], {bdf: '0000:04:10.0', name: null, holder: null, free: false});
	t.regex(text, /not there/);
});

test('show tells when the PF has other VFs than the running pool', async t => {
	const {json, text} = await runAll(worldOf('fast'), ['vf create pf0 6 --yes', 'pool show fast']);
	t.like(json['pool'] as object, {totalVfs: 4, changesAtStart: true});
	t.regex(text, /from its next start on/);
});

test('the list has a line a pool', async t => {
	const host = worldOf('fast');
	const {json, text} = await runAll(host, ['pool create slow pf2#0 --no-start', 'attach vm0 pool:fast', 'pool list']);
	t.deepEqual(text.split('\n').map(line => line.split(/ +/)), [
		['NAME', 'STATE', 'AUTOSTART', 'FREE', 'PF', 'GUESTS'],
		['fast', 'started', 'yes', '3/4', 'pf0', 'vm0'],
		['slow', 'stopped', 'yes', '1/1', 'pf2', '-'],
	]);
	t.deepEqual(Object.keys((json['pools'] as object[])[0]!), ['name', 'uuid', 'active', 'autostart', 'persistent', 'managed', 'pf', 'pfs', 'totalVfs', 'freeVfs', 'changesAtStart', 'members', 'guests']);
	t.regex((await runAll(worldOf('free'), ['pool list'])).text, /there is no pool/);
});

// Attaching from a pool

test('starting a pool and attaching from it switch its PFs on', async t => {
	const host = worldOf('free');
	const isUp = async () => (await inventoryOf(host)).netdevs.get('pf2')?.up;
	await runAll(host, ['pool create fast pf2#0 --no-start']);
	t.false(await isUp());
	await runAll(host, ['pool start fast']);
	t.true(await isUp());
	await host.runner.run(['ip', 'link', 'set', 'dev', 'pf2', 'down']);
	t.false(await isUp());
	const {json} = await runAll(host, ['attach vm0 pool:fast']);
	t.true(await isUp());
	t.is((json['plan'] as {subject: {pool: string}}).subject.pool, 'fast');
});

for (const [line, fix] of [['attach vm0 pool:none', /vfctl pool create/], ['attach vm0 pool:fast', /vfctl pool start fast/]] as const) {
	test(`${line} says what to type`, async t => {
		const {error} = await vfctl(worldOf('usual'), words(line));
		t.regex(error?.fix ?? '', fix);
	});
}

// Undo and recovery

/** What each of them changes is put back exactly, UUID and VFs too. */
const undone: ReadonlyArray<readonly [what: string, world: string, before: string[], line: string, least: number]> = [
	['create of chosen VFs', 'free', [], 'pool create fast pf2#0 pf0#1-2', 4],
	['create of a PF without VFs', 'free', [], 'pool create fast pf1 --vfs 2', 5],
	['create that only starts', 'free', ['pool create fast pf0#0 --no-start'], 'pool create fast pf0#0', 1],
	['delete', 'fast', [], 'pool delete fast --yes', 2],
	['delete of a pool that is stopped', 'usual', [], 'pool delete fast --yes', 1],
	['delete of chosen VFs', 'free', ['pool create fast pf2#0 pf0#1-2 --no-autostart'], 'pool delete fast --yes', 2],
	['resize by count', 'free', ['pool create fast pf0#0'], 'pool resize fast 3', 3],
	['resize by names', 'free', ['pool create fast pf0#0-1', 'attach off pool:fast'], 'pool resize fast --add pf2#0 --remove pf0#0', 4],
	['resize of a whole PF', 'fast', ['vf set pf0#1 --vlan 7'], 'pool resize fast 2 --yes', 4],
	['start', 'usual', [], 'pool start fast', 1],
	['stop', 'fast', [], 'pool stop fast', 1],
];

for (const [what, world, before, line, least] of undone) {
	test(`undo of ${what} leaves nothing`, async t => {
		const host = worldOf(world);
		await runAll(host, before);
		const state = await stateOf(host);
		const {json} = await runAll(host, [line]);
		t.true(json['changed']);
		t.notDeepEqual((await stateOf(host)).networks, state.networks);
		await runAll(host, ['undo --yes']);
		const after = await stateOf(host);
		t.deepEqual(after.networks, state.networks);
		t.deepEqual(compareRecords(state.record, after.record), []);
	});

	test(`a crash before any change of ${what} is recovered`, async t => {
		let crashes = 0;
		for (;;) {
			const host = worldOf(world);
			await runAll(host, before);
			const state = await stateOf(host);
			const after = await crashAt(host, crashes + 1, async () => vfctl(host, words(line)));
			if (!after) {
				break;
			}

			crashes++;
			await runAll(after, ['recover']);
			const found = await stateOf(after);
			t.deepEqual(found.networks, state.networks, `crash at change ${crashes}`);
			t.deepEqual(compareRecords(state.record, found.record), [], `crash at change ${crashes}`);
			await runAll(after, [line]);
		}

		t.true(crashes >= least, `only ${crashes} changes`);
	});
}

// For the host file

function request(more: Partial<PoolRequest> & Pick<PoolRequest, 'source'>): PoolRequest {
	return {name: 'fast', autostart: true, acceptedRisks: [], renderPool: poolXml, ...more};
}

test('a wanted pool is changed in place: from a PF to VFs and back, with its UUID', async t => {
	const host = worldOf('fast');
	const inventory = await inventoryOf(host);
	const [action] = planPoolPresent(inventory, request({source: {vfs: [toBdf('0000:03:10.0'), toBdf('0000:04:10.0')]}})).actions.slice(-1);
	t.true(action?.kind === 'set-network' && action.from?.active === true && action.to?.active === true);
	const xml = action?.kind === 'set-network' ? action.to?.xml ?? '' : '';
	t.true(xml.includes(inventory.networks!.find(({name}) => name === 'fast')!.uuid));
	t.false(xml.includes('<pf'));
	t.is(xml.match(/<address/g)?.length, 2);
	t.deepEqual(planPoolPresent(inventory, request({source: {pf: 'pf0'}})).actions, []);
});

test('a pool that is not wanted goes; one that is not there is no trouble', async t => {
	const inventory = await inventoryOf(worldOf('fast'));
	t.like(planPoolAbsent(inventory, {name: 'fast'}).actions[0], {kind: 'set-network', name: 'fast', to: null});
	t.deepEqual(planPoolAbsent(inventory, {name: 'slow'}).actions, []);
	const other = planPoolAbsent(inventory, {name: 'default'});
	t.deepEqual(other.actions, []);
	t.regex(other.warnings.join(), /default is no pool/);
});

test('a pool without a saved definition is left alone', async t => {
	const inventory = await inventoryOf(worldOf('fast'));
	const transient = {...inventory, networks: inventory.networks!.map(network => ({...network, persistent: false, savedXml: null})), pools: inventory.pools!.map(pool => ({...pool, persistent: false, saved: null}))};
	for (const plan of [() => planPoolAbsent(transient, {name: 'fast'}), () => planPoolPresent(transient, request({source: {pf: 'pf0'}}))]) {
		t.is(t.throws(plan, {instanceOf: AppError})?.code, 'UNSUPPORTED');
	}
});

// XML

const foreign = `<network xmlns:x='urn:x'>
  <name>fast</name>
  <uuid>8d1c0f2e-3b5a-4d6e-9f00-000000000001</uuid>
  <metadata>
    <x:note xmlns:x="urn:x">
  <forward mode='nat'/></x:note>
  </metadata>
  <forward mode='hostdev' managed='no'>
    <driver name='vfio'/>
    <pf dev='pf0'/>
  </forward>
  <vlan>
    <tag id='42'/>
  </vlan>
  <portgroup name='a' default='yes'/>
</network>
`;

test('only the members change in a definition of somebody else', t => {
	const clean = foreign.replace(/ {4}<x:note[^]*?<\/x:note>\n/, '    <x:note xmlns:x="urn:x"/>\n');
	const changed = poolXml({name: 'fast', managed: true, pf: [toBdf('0000:03:10.0'), toBdf('0000:03:10.2')], savedXml: clean});
	t.is(changed, clean.replace('    <pf dev=\'pf0\'/>\n', [0, 2].map(fn => `    <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x${fn}'/>\n`).join('')));
	t.is(poolXml({name: 'fast', managed: true, pf: 'pf0', savedXml: changed}), clean);
});

test('a definition that cannot be read for sure is not changed', t => {
	for (const savedXml of [foreign, foreign.replaceAll('\n', ''), '<network/>']) {
		t.is(t.throws(() => poolXml({name: 'fast', managed: true, pf: 'pf1', savedXml}), {instanceOf: AppError})?.code, 'UNSUPPORTED');
	}
});

test('a pool without members gets them', t => {
	const savedXml = '<network>\n  <name>fast</name>\n  <forward mode=\'hostdev\' managed=\'yes\'/>\n</network>\n';
	t.is(poolXml({name: 'fast', managed: true, pf: 'pf1', savedXml}), '<network>\n  <name>fast</name>\n  <forward mode=\'hostdev\' managed=\'yes\'>\n    <pf dev=\'pf1\'/>\n  </forward>\n</network>\n');
});
