// A PF itself in a network namespace: only without VFs, and home again when its namespace dies.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

const pf = '0000:02:00.0';
const attach = ['netns', 'attach', 'red', 'eth2', '--whole-pf', '--name', 'wan', '--mtu', '1400', '--address', '20.0.0.2/24'];

test.before(async () => {
	lab = await Lab.start({name: `netns-pf-${process.pid}`, point: 'clean'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('/lab/vfs 1 0000:01:00.0; ip netns add red; ip netns add blue');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('a PF with VFs stays', async t => {
	await lab.exec(`/lab/vfs 1 ${pf}`);
	await vfctl.capture('/tmp/before.rec');
	t.is((await vfctl.run(attach, {code: 3})).json.error.code, 'PF_IN_USE');
	await unchanged(t);
	await lab.exec(`/lab/vfs 0 ${pf}`);
});

test.serial('a PF without VFs carries the traffic of its namespace, makes no VFs meanwhile, and comes home as it was', async t => {
	await vfctl.capture('/tmp/before.rec');
	await vfctl.run(attach);
	await vfctl.run(['netns', 'attach', 'blue', 'eth1', '--name', 'net1', '--address', '20.0.0.1/24']);
	await lab.waitFor('ip netns exec blue ping -c 1 -W 2 20.0.0.2', {timeoutMs: 120_000});
	const {json} = await vfctl.run(['netns', 'list']);
	t.deepEqual(json.interfaces.map(({namespace, netdev, bdf}: Record<string, unknown>) => [namespace, netdev, bdf]), [['blue', 'net1', '0000:01:10.0'], ['red', 'wan', pf]]);
	t.is((await vfctl.run(['vf', 'create', pf, '1'], {code: 3})).json.error.code, 'PF_IN_USE');
	await vfctl.run(['netns', 'detach', 'blue', 'net1']);
	await vfctl.run(['netns', 'detach', 'red', 'eth2']);
	await unchanged(t);
});

test.serial('a PF whose namespace is deleted is put back by reclaim', async t => {
	await vfctl.run(attach);
	await lab.exec('ip netns del red');
	await lab.waitFor(`test -n "$(ls /sys/bus/pci/devices/${pf}/net)"`, {timeoutMs: 60_000});
	await vfctl.run(['netns', 'reclaim', pf]);
	// The test took it away, not vfctl.
	await lab.exec('ip netns add red');
	await unchanged(t);
});

async function unchanged(t: {deepEqual: (a: unknown, b: unknown) => void}): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
}
