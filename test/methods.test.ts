// Attach methods without a VF of the guest's own, on simulated hosts: macvtap, bridges, vhost-user
// sockets, shared memory.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {holderOf, holderText} from '../lib/model/holder.ts';
import {project} from '../lib/plan/host-file/project.ts';
import {inverseAll} from '../lib/plan/inverse.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {methodsHost} from './helpers/methods-host.ts';
import {captured, done, inventoryOf, vfctl} from './helpers/plan-world.ts';

async function refused(host: SimHost, line: string): Promise<ErrorCode | undefined> {
	const before = await captured(host);
	const {error} = await vfctl(host, line.split(' '));
	return compareRecords(before, await captured(host)).length === 0 ? error?.code : undefined;
}

const goodCases: ReadonlyArray<readonly [title: string, line: string, xml: RegExp]> = [
	['macvtap by VF', 'vm0 pf0#1 --method macvtap', /<interface type='direct'>[^]*<source dev='pf0v1' mode='passthrough'\/>/],
	['macvtap by PF: its first free VF', 'vm0 pf0 --method macvtap', /<source dev='pf0v1' mode='passthrough'\/>/],
	['macvtap on a VF with a MAC from the admin', 'vm0 pf0#2 --method macvtap --trust on', /<source dev='pf0v2' mode='passthrough'\/>/],
	['macvtap with a VLAN and settings', 'vm0 pf0#1 --method macvtap --vlan 42 --spoofchk off --max-tx-rate 100', /<vlan>\s*<tag id='42'\/>/],
	['macvtap in a guest that is off', 'off pf0#1 --method macvtap', /<source dev='pf0v1' mode='passthrough'\/>/],
	['macvtap, only while it runs', 'vm0 pf0#1 --method macvtap --live', /<source dev='pf0v1' mode='passthrough'\/>/],
	['macvtap on a PF that is shared', 'vm0 pf1 --method macvtap --macvtap-mode bridge', /<source dev='pf1' mode='bridge'\/>/],
	['macvtap on the card of the host that is shared', 'vm0 lan0 --method macvtap --macvtap-mode private', /<source dev='lan0' mode='private'\/>/],
	['macvtap on a card alone', 'vm0 spare0 --method macvtap --macvtap-mode passthrough', /<source dev='spare0' mode='passthrough'\/>/],
	['a bridge', 'vm0 br0 --method bridge --mac 52:54:00:cc:00:01', /<interface type='bridge'>[^]*<source bridge='br0'\/>[^]*<model type='virtio'\/>/],
	['a bridge of Open vSwitch with a VLAN', 'vm0 ovs0 --method bridge --vlan 9', /<source bridge='ovs0'\/>\s*<vlan>\s*<tag id='9'\/>\s*<\/vlan>\s*<virtualport type='openvswitch'\/>/],
	['a network, for later', 'off network:default --method bridge', /<interface type='network'>[^]*<source network='default'\/>/],
	['a socket', 'vm0 /run/open.sock --method vhost-user --queues 2', /<source type='unix' path='\/run\/open.sock' mode='client'>\s*<reconnect enabled='yes' timeout='1'\/>\s*<\/source>\s*<model type='virtio'\/>\s*<driver queues='2'\/>/],
	['a socket that QEMU makes', 'vm0 /run/new.sock --method vhost-user --mode server', /<source type='unix' path='\/run\/new.sock' mode='server'\/>/],
	['shared memory', 'vm0 ring --method ivshmem --size 8M', /<shmem name='ring'>\s*<model type='ivshmem-plain'\/>\s*<size unit='M'>8<\/size>\s*<address type='pci'/],
];

for (const [title, words, xml] of goodCases) {
	test(`${title}: given, not given twice, undone, and detached as it was`, async t => {
		const host = methodsHost();
		const before = await captured(host);
		const inventory = await inventoryOf(host);
		const plan = await done(host, `attach ${words}`);
		const attach = plan.actions.find(action => action.kind === 'attach-device')!;
		t.regex(attach.deviceXml, xml);
		t.false(plan.actions.some(({kind}) => kind === 'load-module'), 'no VFIO is needed');

		const again = await done(host, `attach ${words}`);
		t.deepEqual(again.actions, [], 'a second run has nothing to do');
		t.deepEqual(project(inventory, plan.actions).guests!.map(guest => guest.config?.macs.length), (await inventoryOf(host)).guests!.map(guest => guest.config?.macs.length), 'as projected');
		t.deepEqual(project(project(inventory, plan.actions), inverseAll(plan.actions)).guests!.map(({live}) => live?.interfaces), inventory.guests!.map(({live}) => live?.interfaces));

		await done(host, 'undo --yes');
		t.deepEqual(compareRecords(before, await captured(host)), [], 'undo');

		await done(host, `attach ${words}`);
		const [guest, device] = words.split(' ');
		const {error} = await vfctl(host, ['detach', guest!, device!]);
		t.is(error, undefined);
		t.deepEqual(compareRecords(before, await captured(host)), [], 'detach');
	});
}

const refusals: ReadonlyArray<readonly [string, ErrorCode]> = [
	['vm0 pf0#3 --method macvtap', 'UNSUPPORTED'],
	['vm0 pf0#0 --method macvtap', 'VF_HELD'],
	['vm0 pf1 --method macvtap', 'NO_FREE_VF'],
	['vm0 pf0#1 --method macvtap --qos 3 --vlan 3', 'UNSUPPORTED'],
	['vm0 lan0 --method macvtap', 'UNSUPPORTED'],
	['vm0 lan0 --method macvtap --macvtap-mode passthrough', 'MANAGEMENT_INTERFACE'],
	['vm0 busy0 --method macvtap --macvtap-mode passthrough', 'HOST_NETWORK'],
	['vm0 pf0 --method macvtap --macvtap-mode passthrough', 'HOST_NETWORK'],
	['vm0 port0 --method macvtap --macvtap-mode bridge', 'UNSUPPORTED'],
	['vm0 br0 --method macvtap --macvtap-mode bridge', 'UNSUPPORTED'],
	['vm0 lo --method macvtap --macvtap-mode bridge', 'UNSUPPORTED'],
	['vm0 spare0 --method macvtap --macvtap-mode bridge --vlan 3', 'UNSUPPORTED'],
	['vm0 pf0#1 --method macvtap --failover br0', 'UNSUPPORTED'],
	['vm0 pf0#1 --method macvtap --managed no', 'UNSUPPORTED'],
	['vm0 pf0#1 --method macvtap --queues 2', 'USAGE'],
	['vm0 pf0#1 --queues 2', 'USAGE'],
	['vm0 nothing --method macvtap', 'VF_NOT_FOUND'],
	['vm0 lan0 --method bridge', 'NETWORK_NOT_FOUND'],
	['vm0 nothing --method bridge', 'NETWORK_NOT_FOUND'],
	['vm0 default --method bridge', 'NETWORK_NOT_FOUND'],
	['vm0 fast --method bridge', 'UNSUPPORTED'],
	['vm0 br0 --method bridge --vlan 3', 'UNSUPPORTED'],
	['vm0 br0 --method bridge --trust on', 'UNSUPPORTED'],
	['vm0 br0 --method bridge --mac 52:54:00:bb:00:02', 'MAC_IN_USE'],
	['private /run/open.sock --method vhost-user', 'NO_SHARED_MEMORY'],
	['vm0 /run/absent.sock --method vhost-user', 'UNSUPPORTED'],
	['vm0 /run/file --method vhost-user', 'UNSUPPORTED'],
	['vm0 run.sock --method vhost-user', 'USAGE'],
	['vm0 /run/../etc/x --method vhost-user', 'USAGE'],
	['vm0 /run/open.sock --method vhost-user --queues 0', 'BAD_COUNT'],
	['vm0 ring --method ivshmem --size 3M', 'USAGE'],
	['vm0 ring --method ivshmem --size 4', 'USAGE'],
	['vm0 ../ring --method ivshmem', 'USAGE'],
	['vm0 ring --method ivshmem --address 10.0.0.1/24', 'USAGE'],
	['vm0 ring --method ivshmem --mac 52:54:00:bb:00:02', 'USAGE'],
];

for (const [words, code] of refusals) {
	test(`attach ${words}: ${code}, and nothing changes`, async t => {
		t.is(await refused(methodsHost(), `attach ${words}`), code);
	});
}

test('a VF that a guest has by macvtap is held, also by a saved definition that names its interface', async t => {
	const host = methodsHost();
	await done(host, 'attach vm0 pf0#1 --method macvtap');
	const inventory = await inventoryOf(host);
	const holders = inventory.pfs[0]!.vfs.map(vf => holderText(holderOf(vf, inventory)));
	t.deepEqual(holders, ['guest named (not running with it)', 'guest vm0', 'nobody', 'nobody']);
	t.is(await refused(host, 'vf destroy pf0 --yes'), 'VFS_IN_USE');
	t.is(await refused(host, 'bind pf0#1 vfio-pci'), 'VF_HELD');
	t.is(await refused(host, 'attach vm1 pf0#1'), 'VF_HELD');
	t.is(await refused(host, 'attach vm1 pf0#0 --method macvtap'), 'VF_HELD');
});

test('the same VF can be given to the other definition, with the same MAC', async t => {
	const host = methodsHost();
	const first = await done(host, 'attach vm0 pf0#1 --method macvtap --live');
	const second = await done(host, 'attach vm0 pf0#1 --method macvtap');
	const macs = [first, second].flatMap(({actions}) => actions).flatMap(action => action.kind === 'attach-device' ? [[action.target, action.mac]] : []);
	t.deepEqual(macs, [['live', macs[0]![1]], ['config', macs[0]![1]]]);
	t.is(await refused(host, 'attach vm0 pf0#1 --method interface --config'), undefined, 'it is there already, and stays as it is');
});

test('an interface that vfctl did not attach is detached by its MAC alone', async t => {
	const host = methodsHost();
	const inventory = await inventoryOf(host);
	const mac = inventory.guests!.find(({name}) => name === 'vm0')!.live!.macs[0]!;
	t.is(await refused(host, 'detach vm0 br0'), 'UNSUPPORTED');
	const before = await captured(host);
	const plan = await done(host, `detach vm0 ${mac}`);
	t.deepEqual(plan.actions.map(({kind}) => kind), ['detach-device', 'detach-device']);
	await done(host, 'undo --yes');
	t.deepEqual((await inventoryOf(host)).guests!.find(({name}) => name === 'vm0')!.live!.macs, [mac], String(before.name));
});

test('two guests that name the same shared memory share it; another size is refused', async t => {
	const host = methodsHost();
	await done(host, 'attach vm0 ring --method ivshmem --size 8M');
	t.is(await refused(host, 'attach vm1 ring --method ivshmem --size 4M'), 'UNSUPPORTED');
	const plan = await done(host, 'attach vm1 ring --method ivshmem');
	t.true(plan.warnings.some(text => text.includes('shared with vm0')));
	t.regex((plan.actions[0] as {deviceXml: string}).deviceXml, /<size unit='M'>8</);
	await done(host, 'detach vm0 ring');
	t.true(host.files.exists('/dev/shm/ring'), 'vm1 has it still');
	await done(host, 'detach vm1 ring');
	t.false(host.files.exists('/dev/shm/ring'), 'QEMU leaves the file, and vfctl takes it away');
	await host.files.writeFile('/dev/shm/ring', 'data of another program');
	t.is(await refused(host, 'attach vm0 ring --method ivshmem'), 'UNSUPPORTED');
});

test('what a failed attach did is put back', async t => {
	const host = methodsHost({libvirtFailures: [{call: 'attachDevice', target: 'live'}]});
	const before = await captured(host);
	const {error} = await vfctl(host, ['attach', 'vm0', 'pf0#1', '--method', 'macvtap', '--trust', 'on']);
	t.is(error?.code, 'LIBVIRT_FAILED');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('no IOMMU is needed', async t => {
	const record = hostBuilder('plain', {iommu: false}).bridge({name: 'br0'}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 1}).guest({name: 'vm0'}).record();
	t.is((await vfctl(simHost(record), ['attach', 'vm0', 'pf0'])).error?.code, 'IOMMU_OFF');
	t.is((await vfctl(simHost(record), ['attach', 'vm0', 'pf0', '--method', 'macvtap'])).error, undefined);
});

test('the address of an interface is set through the agent, and its XML is printed', async t => {
	const host = methodsHost();
	const plan = await done(host, 'attach vm0 br0 --method bridge --address 10.2.0.3/24 --guest-file none');
	t.deepEqual(plan.actions.map(({kind}) => kind), ['attach-device', 'attach-device', 'check-guest', 'guest-network']);
	t.regex((await vfctl(host, ['xml', 'bridge', 'ovs0', '--vlan', '4'])).text, /<virtualport type='openvswitch'\/>/);
	t.regex((await vfctl(host, ['xml', 'macvtap', 'pf0#1'])).text, /<source dev='pf0v1' mode='passthrough'\/>/);
	t.regex((await vfctl(host, ['xml', 'ivshmem', 'ring', '--size', '1G'])).text, /<size unit='M'>1024<\/size>/);
});

test('vfctl methods tells of each method whether this host has it, and of old ones what became of them', async t => {
	const {json, text, error} = await vfctl(methodsHost(), ['methods']);
	t.is(error, undefined);
	const here = Object.fromEntries((json as {methods: Array<{name: string; available: boolean; why: string}>}).methods.map(({name, available, why}) => [name, [available, why]]));
	t.deepEqual(here, {
		sriov: [true, 'pf0: 3 of 4 VFs free, 63 possible; pf1: 0 of 0 VFs free, 63 possible'],
		macvtap: [true, 'pf0: 3 of 4 VFs free, 63 possible; pf1: 0 of 0 VFs free, 63 possible'],
		bridge: [true, 'bridges: br0'],
		openvswitch: [true, 'bridges: ovs0'],
		'vhost-user': [true, 'guests with shared memory: 2; no huge pages'],
		ivshmem: [true, 'needs nothing of the host'],
		namespace: [true, 'pf0: 3 of 4 VFs free, 63 possible; pf1: 0 of 0 VFs free, 63 possible'],
	});
	t.regex(text, /^METHOD {2,}HERE {2}ON THIS HOST\nsriov/);
	t.regex(text, /KNI \(rte_kni\) +removed from DPDK 23\.11/);

	const bare = hostBuilder('bare', {iommu: false}).noLibvirt().pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 1}).record();
	const answer = await vfctl(simHost(bare), ['methods', 'pf0']);
	t.deepEqual((answer.json as {methods: Array<{available: boolean}>}).methods.map(({available}) => available), [false, false, false, false, false, false, true]);
	t.is((await vfctl(simHost(bare), ['methods', 'nothing'])).error?.code, 'VF_NOT_FOUND');
});
