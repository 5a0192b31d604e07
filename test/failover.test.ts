// Failover pairs on simulated hosts: a virtio interface and a VF with one MAC, joined by libvirt.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {requireTeaming} from '../lib/libvirt/teaming.ts';
import type {Libvirt} from '../lib/libvirt/libvirt.ts';
import type {GuestDefinition} from '../lib/model/domain.ts';
import {project} from '../lib/plan/host-file/project.ts';
import {inverseAll} from '../lib/plan/inverse.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {captured, done, inventoryOf, vfctl} from './helpers/plan-world.ts';

const standbyMac = '52:54:00:0f:00:01';
const standby = `<interface type='bridge'><mac address='${standbyMac}'/><source bridge='br0'/><model type='virtio'/><teaming type='persistent'/><alias name='ua-mine'/></interface>`;

function newHost(options: Parameters<typeof simHost>[1] = {}): SimHost {
	const record = hostBuilder('failover')
		.bridge({name: 'br0'})
		.bridge({name: 'empty'})
		.bridge({name: 'own', addresses: ['10.1.0.1/24']})
		.pf({card: '82599', bdf: '0000:05:00.0', name: 'pf2', master: 'own'})
		.pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4, master: 'br0'})
		.pf({card: '82599', bdf: '0000:03:00.1', name: 'pf1', vfs: 2})
		.pool({name: 'fast', pf: 'pf1'})
		.guest({name: 'vm0'})
		.guest({name: 'off', state: 'shutoff'})
		.guest({name: 'tight', sparePorts: 1})
		.guest({name: 'full', state: 'shutoff', sparePorts: 0})
		.guest({name: 'old', conventional: true})
		.guest({name: 'waiting', devices: [standby]})
		.guest({name: 'nameless', devices: [standby.replace('ua-mine', 'other').replace('0f:00:01', '0f:00:02')]})
		.record();
	return simHost(record, options);
}

async function pairOf(host: SimHost, name: string, target: 'live' | 'config') {
	const definition = (await inventoryOf(host)).guests!.find(guest => guest.name === name)![target] as GuestDefinition;
	return {
		vfs: definition.devices.map(({source, network, mac, teaming}) => [source ?? network, mac, teaming]),
		standbys: definition.interfaces.filter(({teaming}) => teaming?.type === 'persistent').map(({source, mac, alias}) => [source, mac, alias]),
	};
}

for (const [title, guest, targets] of [['a running guest', 'vm0', ['config', 'live']], ['a guest that is off', 'off', ['config']]] as const) {
	test(`${title} gets both halves with one MAC, loses the VF and gets it back, and undo leaves nothing`, async t => {
		const host = newHost();
		const before = await captured(host);
		const plan = await done(host, `attach ${guest} pf0 --failover bridge:br0`);
		t.deepEqual(plan.warnings, []);
		const steps = plan.actions.filter(action => action.kind === 'attach-device');
		t.deepEqual(steps.map(({target, method}) => [target, method]), targets.flatMap(target => [[target, 'virtio'], [target, 'interface']]), 'the virtio half first');
		const {mac} = steps[0]!;
		t.true(steps.every(step => step.mac === mac));
		const alias = `ua-standby-${mac?.replaceAll(':', '')}`;
		const whole = {vfs: [['0000:03:10.0', mac, alias]], standbys: [['br0', mac, alias]]};
		for (const target of targets) {
			t.deepEqual(await pairOf(host, guest, target), whole as never);
		}

		const {text} = await vfctl(host, ['show', 'pf0#0']);
		t.regex(text, /guest .* \((?:not running with it, )?failover: br0\)/);
		t.deepEqual((await done(host, `attach ${guest} pf0#0 --failover bridge:br0`)).actions, [], 'a second time nothing is to be done');
		const away = await done(host, `detach ${guest} pf0`);
		t.regex(away.warnings.join(), /stays in .* and carries the traffic/);
		for (const target of targets) {
			t.deepEqual(await pairOf(host, guest, target), {...whole, vfs: []} as never, 'the virtio half stays');
		}

		const back = await done(host, `attach ${guest} pf0 --failover bridge:br0`);
		t.deepEqual(back.actions.filter(action => action.kind === 'attach-device').map(({method}) => method), targets.map(() => 'interface'));
		for (const target of targets) {
			t.deepEqual(await pairOf(host, guest, target), whole as never);
		}

		await done(host, 'undo --yes');
		await done(host, 'undo 1 --yes').then(() => t.fail('the VF is away already'), error => t.is(error.code, 'PLAN_STALE'));
		await done(host, `detach ${guest} ${mac} --both`);
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});

	test(`${title}: undo of the attach takes both halves, and so does detach --both`, async t => {
		const host = newHost();
		const before = await captured(host);
		for (const back of ['undo --yes', `detach ${guest} pf0 --both`]) {
			await done(host, `attach ${guest} pf0#2 --failover bridge:br0 --trust on`);
			await done(host, back);
			t.deepEqual(compareRecords(before, await captured(host)), [], back);
		}
	});
}

test('the VF from a pool, the virtio half on another network: each is told apart', async t => {
	const host = newHost();
	const before = await captured(host);
	await done(host, 'attach off pool:fast --failover bridge:br0 --mac 52:54:00:0f:00:10');
	await done(host, 'attach vm0 pool:fast --failover bridge:br0 --mac 52:54:00:0f:00:11');
	t.deepEqual((await pairOf(host, 'vm0', 'live')).vfs, [['0000:03:10.1', '52:54:00:0f:00:11', 'ua-standby-5254000f0011']] as never);
	t.deepEqual((await pairOf(host, 'vm0', 'config')).vfs, [['fast', '52:54:00:0f:00:11', 'ua-standby-5254000f0011']] as never);
	await done(host, 'detach vm0 pool:fast');
	t.deepEqual((await pairOf(host, 'vm0', 'config')).vfs, []);
	t.is((await pairOf(host, 'vm0', 'live')).standbys.length, 1);
	await done(host, 'attach vm0 pool:fast --failover bridge:br0');
	await done(host, 'detach vm0 pool:fast --both');
	await done(host, 'detach off pool:fast --both');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('a virtio half that waits in the guest gets its VF, whatever it is called', async t => {
	const host = newHost();
	const plan = await done(host, 'attach waiting pf0 --failover bridge:br0');
	t.deepEqual(plan.actions.filter(action => action.kind === 'attach-device').map(({method, mac}) => [method, mac]), [['interface', standbyMac], ['interface', standbyMac]] as never);
	t.deepEqual((await pairOf(host, 'waiting', 'live')).vfs, [['0000:03:10.0', standbyMac, 'ua-mine']] as never);
	const {error} = await vfctl(host, ['attach', 'waiting', 'pf0#3', '--failover', 'bridge:br0', '--mac', standbyMac]);
	t.is(error?.code, 'VF_HELD');
	t.regex(error?.why ?? '', /0000:03:10\.0/);
});

test('a saved definition without free ports gets them, and loses them again', async t => {
	const host = newHost();
	const before = await captured(host);
	await done(host, 'attach full pf0 --failover bridge:br0');
	await done(host, 'undo --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('a detach that was undone gives the VF back to its pair', async t => {
	const host = newHost();
	await done(host, 'attach vm0 pf0 --failover bridge:br0');
	const whole = await pairOf(host, 'vm0', 'live');
	await done(host, 'detach vm0 pf0');
	await done(host, 'undo --yes');
	t.deepEqual(await pairOf(host, 'vm0', 'live'), whole);
	t.deepEqual(await pairOf(host, 'vm0', 'config'), whole);
});

test('a VF that does not come takes the virtio half with it', async t => {
	const host = newHost({libvirtFailures: [{call: 'attachDevice', target: 'live', after: 1}] as never});
	const before = await captured(host);
	const {error} = await vfctl(host, ['attach', 'vm0', 'pf0', '--failover', 'bridge:br0']);
	t.is(error?.code, 'LIBVIRT_FAILED');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('a guest without a driver for the VF shows two interfaces, which is told', async t => {
	const host = newHost({guestsWithoutDriver: ['vm0']});
	const {error, notes} = await vfctl(host, ['attach', 'vm0', 'pf0', '--failover', 'bridge:br0', '--guest-timeout', '2']);
	t.is(error, undefined);
	t.regex(notes.join('\n'), /two interfaces with .* instead of three/);
});

test('the host as it will be has the pair, and what is planned then only takes the VF', async t => {
	const host = newHost();
	const before = await inventoryOf(host);
	const {actions} = await done(host, 'attach vm0 pf0 --failover bridge:br0 --dry-run');
	const after = project(before, actions);
	const guest = after.guests!.find(({name}) => name === 'vm0')!;
	for (const target of ['live', 'config'] as const) {
		t.like(guest[target]?.devices.at(-1), {source: '0000:03:10.0', method: 'interface'});
		t.is(guest[target]?.devices.at(-1)?.teaming, guest[target]?.interfaces.find(({teaming}) => teaming?.type === 'persistent')?.alias ?? '');
	}

	const gone = project(after, inverseAll(actions)).guests!.find(({name}) => name === 'vm0')!;
	t.deepEqual([gone.live?.devices, gone.live?.macs, gone.live?.interfaces], [[], [...before.guests!.find(({name}) => name === 'vm0')!.live!.macs], [...before.guests!.find(({name}) => name === 'vm0')!.live!.interfaces]]);
});

const refusals: ReadonlyArray<readonly [what: string, line: string, code: ErrorCode, says: RegExp]> = [
	['no network', 'attach vm0 pf0 --failover nowhere', 'NETWORK_NOT_FOUND', /its networks are: .*default/],
	['a bridge that is taken for a network', 'attach vm0 pf0 --failover br0', 'NETWORK_NOT_FOUND', /bridge:br0/],
	['no bridge', 'attach vm0 pf0 --failover bridge:br9', 'NETWORK_NOT_FOUND', /no bridge br9/],
	['a card for a bridge', 'attach vm0 pf0 --failover bridge:pf1', 'NETWORK_NOT_FOUND', /no bridge/],
	['no name', 'attach vm0 pf0 --failover bridge:', 'USAGE', /needs the name/],
	['hostile text', 'attach vm0 pf0 --failover $(reboot)\'><x/>', 'NETWORK_NOT_FOUND', /\$\(reboot\)/],
	['a pool', 'attach vm0 pf0 --failover fast', 'UNSUPPORTED', /pool of VFs/],
	['a network that is off', 'attach vm0 pf0 --failover default', 'NETWORK_NOT_FOUND', /virsh net-start default/],
	['i440fx', 'attach old pf0 --failover bridge:br0', 'UNSUPPORTED', /PCI Express/],
	['one free port', 'attach tight pf0 --failover bridge:br0', 'NO_PCI_SLOT', /needs 2 free PCIe ports/],
	['a plain hostdev', 'attach vm0 pf0 --failover bridge:br0 --method hostdev', 'UNSUPPORTED', /one MAC address/],
	['a VLAN priority', 'attach vm0 pf0 --failover bridge:br0 --vlan 5 --qos 3', 'UNSUPPORTED', /leave --qos/],
	['another MAC than the waiting half', 'attach waiting pf0 --failover bridge:br0 --mac 52:54:00:aa:aa:aa', 'UNSUPPORTED', /52:54:00:0f:00:01/],
	['a waiting half that cannot be named', 'attach nameless pf0 --failover bridge:br0', 'UNSUPPORTED', /ua-standby/],
	['a MAC of another guest\'s pair', `attach vm0 pf0 --failover bridge:br0 --mac ${standbyMac}`, 'MAC_IN_USE', /guest waiting/],
	['both halves of no pair', 'detach waiting pf0 --both', 'NOT_ATTACHED', /does not have pf0/],
];
for (const [what, line, code, says] of refusals) {
	test(`failover is refused, and nothing changes: ${what}`, async t => {
		const host = newHost();
		const before = await captured(host);
		const {error} = await vfctl(host, line.split(' '));
		t.is(error?.code, code, error?.message);
		t.regex([error?.message, error?.why, error?.fix].join('\n'), says);
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});
}

test('a VF that the guest has without failover is not joined on the way', async t => {
	const host = newHost();
	await done(host, 'attach vm0 pf0#1 --config');
	const {error} = await vfctl(host, ['attach', 'vm0', 'pf0#1', '--failover', 'bridge:br0']);
	t.is(error?.code, 'UNSUPPORTED');
	t.regex(error?.message ?? '', /already, without failover/);
	await done(host, 'attach vm0 pf0#1');
	const plan = await done(host, 'attach vm0 pf0#1 --failover bridge:br0');
	t.regex(plan.warnings.join(), /failover/);
	const both = await vfctl(host, ['detach', 'vm0', 'pf0#1', '--both']);
	t.is(both.error?.code, 'USAGE');
});

const warnings: ReadonlyArray<readonly [what: string, line: string, says: RegExp]> = [
	['NAT', 'attach off pf0 --failover default', /network default \(nat\) is not the network of the VF/],
	['a network that is off', 'attach off pf0 --failover default', /virsh net-start default/],
	['a bridge without a card', 'attach vm0 pf0 --failover bridge:empty', /no network card is part of empty/],
	['the host on the bridge', 'attach vm0 pf0 --failover bridge:own', /the host \(10\.1\.0\.1\/24\) may not reach the guest over own while it uses a VF of pf2: .*bridge fdb add MAC dev pf2 self/],
	['a VLAN', 'attach vm0 pf0 --failover bridge:br0 --vlan 7', /VLAN 7: br0 must lead there/],
];
for (const [what, line, says] of warnings) {
	test(`failover that leads elsewhere is told: ${what}`, async t => {
		t.regex((await done(newHost(), `${line} --dry-run`)).warnings.join('\n'), says);
	});
}

for (const [version, fits] of [['6.0.0', false], ['5.10.0', false], ['6.1.0', true], ['7.0.0', true], ['11.3.0', true]] as const) {
	test(`libvirt ${version} ${fits ? 'knows' : 'does not know'} failover pairs`, async t => {
		const asked = requireTeaming({version: async () => version} as Libvirt);
		await (fits ? t.notThrowsAsync(asked) : t.throwsAsync(asked, {code: 'UNSUPPORTED'}));
	});
}
