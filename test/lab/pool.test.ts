// Pools on a real kernel and libvirt, with a real guest: made, used, resized, deleted, undone.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `pool-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '4']);
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('a pool of chosen VFs: a guest uses it, it is not resized under the guest, then it is', async t => {
	const {json: created} = await vfctl.run(['pool', 'create', 'fast', 'eth1#0,2', '0000:01:10.2']);
	t.deepEqual(await members('fast'), ['0000:01:10.0', '0000:01:10.4', '0000:01:10.2']);
	const uuid = await uuidOf('fast');
	t.regex((await virsh('net-info fast')), /Active:\s+yes[^]*Persistent:\s+yes[^]*Autostart:\s+yes/);

	await vfctl.run(['attach', 'vm0', 'pool:fast', '--mac', '52:54:00:aa:00:01']);
	t.is(await driverOf('0000:01:10.0'), 'vfio-pci');
	await lab.waitFor('virsh domifaddr vm0 --source agent | grep -q 52:54:00:aa:00:01', {timeoutMs: 60_000});
	const {json: shown} = await vfctl.run(['pool', 'show', 'fast']);
	t.like(shown.pool, {uuid, totalVfs: 3, freeVfs: 2, pfs: ['eth1']});
	t.like(shown.pool.members[0], {bdf: '0000:01:10.0', name: 'eth1#0', fromPool: true, free: false});
	t.is(shown.pool.members[0].holder.guest, 'vm0');

	const definition = await virsh('net-dumpxml fast --inactive');
	for (const args of [['resize', 'fast', '1'], ['resize', 'fast', '4'], ['resize', 'fast', '--add', 'eth1#3'], ['resize', 'fast', '--remove', 'eth1#2'], ['stop', 'fast'], ['delete', 'fast', '--yes']]) {
		const {json} = await vfctl.run(['pool', ...args], {code: 3});
		t.is(json.error.code, 'POOL_IN_USE', args.join(' '));
		t.regex(json.error.why, /guest vm0 has 0000:01:10\.0/);
	}

	// The guest keeps what it has, and libvirt knows that.
	const {json: undo} = await vfctl.run(['undo', String(created.operation), '--yes'], {code: 3});
	t.is(undo.error.code, 'POOL_IN_USE');
	t.is(await virsh('net-dumpxml fast --inactive'), definition);
	t.regex(await virsh('net-dumpxml fast'), /<network connections='1'>/);

	await vfctl.run(['detach', 'vm0', 'pool:fast']);
	t.is(await driverOf('0000:01:10.0'), 'igbvf');
	await vfctl.run(['pool', 'resize', 'fast', '4']);
	t.deepEqual(await members('fast'), ['0000:01:10.0', '0000:01:10.4', '0000:01:10.2', '0000:01:10.6']);
	await vfctl.run(['pool', 'resize', 'fast', '--remove', 'eth1#0-1']);
	t.deepEqual(await members('fast'), ['0000:01:10.4', '0000:01:10.6']);
	t.deepEqual(await members('fast', '--inactive'), ['0000:01:10.4', '0000:01:10.6']);
	t.is(await uuidOf('fast'), uuid);

	// A definition that names the pool lives through a resize.
	await vfctl.run(['attach', 'vm0', 'pool:fast', '--config', '--mac', '52:54:00:aa:00:02']);
	await vfctl.run(['pool', 'resize', 'fast', '1']);
	const {json: named} = await vfctl.run(['pool', 'delete', 'fast', '--yes'], {code: 3});
	t.is(named.error.code, 'POOL_IN_USE');
	t.regex(named.error.why, /definition of vm0/);
	await vfctl.run(['detach', 'vm0', 'pool:fast']);

	await vfctl.run(['pool', 'delete', 'fast', '--yes']);
	t.notRegex(await virsh('net-list --all --name'), /fast/);
	await unchanged(t);
});

test.serial('delete and resize are undone, with UUID and VFs', async t => {
	await vfctl.run(['pool', 'create', 'fast', 'eth1#1-2', '--no-autostart']);
	const xml = await virsh('net-dumpxml fast');
	await vfctl.run(['pool', 'resize', 'fast', '4']);
	t.is((await members('fast')).length, 4);
	await vfctl.run(['undo', '--yes']);
	t.is(await virsh('net-dumpxml fast'), xml);
	await vfctl.run(['pool', 'delete', 'fast', '--yes']);
	await vfctl.run(['undo', '--yes']);
	t.is(await virsh('net-dumpxml fast'), xml);
	t.regex(await virsh('net-info fast'), /Active:\s+yes[^]*Autostart:\s+no/);
	await vfctl.run(['undo', '--yes']);
	await unchanged(t);
});

test.serial('a pool of a PF without VFs, and its count', async t => {
	const {json: refused} = await vfctl.run(['pool', 'create', 'whole', 'eth2'], {code: 4});
	t.is(refused.error.code, 'VF_NOT_FOUND');
	await lab.exec('ip link set eth2 down');
	await vfctl.capture('/tmp/down.rec');
	const {json: created} = await vfctl.run(['pool', 'create', 'whole', 'eth2', '--vfs', '2']);
	t.deepEqual(await members('whole'), ['0000:02:10.0', '0000:02:10.2']);
	t.regex(await virsh('net-dumpxml whole --inactive'), /<pf dev='eth2'\/>\s*<\/forward>/);

	await vfctl.run(['attach', 'vm0', 'whole', '--mac', '52:54:00:aa:00:03']);
	t.is(await driverOf('0000:02:10.0'), 'vfio-pci');
	const {json} = await vfctl.run(['pool', 'resize', 'whole', '4', '--yes'], {code: 3});
	t.is(json.error.code, 'POOL_IN_USE');
	t.regex(json.error.why, /vm0/);
	t.regex(json.error.fix, /vfctl detach vm0 pool:whole/);
	await vfctl.run(['detach', 'vm0', 'whole']);

	await vfctl.run(['pool', 'resize', 'whole', '4', '--yes']);
	t.deepEqual(await members('whole'), ['0000:02:10.0', '0000:02:10.2', '0000:02:10.4', '0000:02:10.6']);
	await vfctl.run(['undo', '--yes']);
	t.is((await members('whole')).length, 2);
	await vfctl.run(['pool', 'stop', 'whole']);
	t.regex(await virsh('net-info whole'), /Active:\s+no/);
	await vfctl.run(['pool', 'start', 'whole']);
	await vfctl.run(['undo', '--yes']);
	t.regex(await virsh('net-info whole'), /Active:\s+no/);
	await vfctl.run(['undo', '--yes']);
	t.regex(await virsh('net-info whole'), /Active:\s+yes/);
	// The attach that lies between was taken back by the detach.
	await vfctl.run(['undo', String(created.operation), '--yes']);
	t.deepEqual(await vfctl.changesSince('/tmp/down.rec'), []);
	await lab.exec('ip link set eth2 up');
	await unchanged(t);
});

test.serial('VFs that have a user or another pool stay where they are', async t => {
	await vfctl.run(['attach', 'vm0', 'eth1#0']);
	for (const [args, code, says] of [
		[['create', 'fast', 'eth1'], 'VF_HELD', /vm0/],
		[['create', 'fast', 'eth1#0-1'], 'VF_HELD', /vm0/],
		[['create', 'default', 'eth1#1'], 'POOL_EXISTS', /nat/],
		[['create', '../x', 'eth1#1'], 'USAGE', /file/],
	] as const) {
		const {json} = await vfctl.run(['pool', ...args], {code: [2, 3]});
		t.is(json.error.code, code);
		t.regex(json.error.why, says);
	}

	const hostile = '$(touch x)\'"<name>&amp; ;';
	await vfctl.run(['pool', 'create', hostile, 'eth1#1']);
	const {json} = await vfctl.run(['pool', 'create', 'fast', 'eth1#1-2'], {code: 3});
	t.is(json.error.code, 'VF_HELD');
	const {json: list} = await vfctl.run(['pool', 'list']);
	t.deepEqual(list.pools.map(({name}: {name: string}) => name), [hostile]);
	await vfctl.run(['pool', 'delete', hostile, '--yes']);
	await vfctl.run(['detach', 'vm0', 'eth1#0']);
	await unchanged(t);
});

async function unchanged(t: {deepEqual(actual: unknown, expected: unknown): unknown}): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
}

async function virsh(command: string): Promise<string> {
	return (await lab.exec(`virsh ${command}`)).stdout;
}

async function uuidOf(pool: string): Promise<string> {
	return (await virsh(`net-uuid ${pool}`)).trim();
}

/** VFs of a pool as libvirt tells them, in its order. */
async function members(pool: string, flag = ''): Promise<string[]> {
	const xml = await virsh(`net-dumpxml ${pool} ${flag}`);
	return [...xml.matchAll(/<address type='pci' domain='0x(\w+)' bus='0x(\w+)' slot='0x(\w+)' function='0x(\w+)'/g)].map(([, domain, bus, slot, fn]) => `${domain}:${bus}:${slot}.${fn}`);
}

async function driverOf(bdf: string): Promise<string> {
	return (await lab.exec(`basename "$(readlink /sys/bus/pci/devices/${bdf}/driver)"`)).stdout.trim();
}
