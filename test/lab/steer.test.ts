// Steering on the lab's cards. Linux' igb has no rules for the 82576 that QEMU emulates (igb_probe:
// NETIF_F_NTUPLE from the i350 on), so what can be seen here is that vfctl says so before it writes
// anything, and that the kernel says the same; rules themselves: test/steer-ethtool.test.ts.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `steer-${process.pid}`, point: 'clean'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('/lab/vfs 2');
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('the card is told to have no rules, as the kernel tells it', async t => {
	const {json} = await vfctl.run(['steer', 'list']);
	t.is(json.pfs.length, 2);
	t.like(json.pfs[0], {pf: '0000:01:00.0', netdev: 'eth1', driver: 'igb', supported: false, queues: 1, rules: [], ntuple: {on: false, fixed: true}});
	t.regex(json.pfs[0].why, /fixed/);
	t.regex((await lab.exec('ethtool -k eth1')).stdout, /^ntuple-filters: off \[fixed\]$/m);
	const {code, stderr} = await lab.exec('ethtool -N eth1 flow-type ether proto 0x88cc action 0 loc 1', {ok: [0, 1]});
	t.regex(`${code} ${stderr}`, /Cannot insert RX class rule: Operation not supported/);
	t.regex((await lab.exec('ethtool -K eth1 ntuple on', {ok: [0, 1]})).stderr, /Could not change any device features/);
});

test.serial('what a PF cannot have is refused with the reason, and nothing is written', async t => {
	await vfctl.capture('/tmp/before.rec');
	for (const args of [
		['--ether-type', 'lldp', '--action', 'queue:0'],
		['--ether-type', 'lldp', '--action', 'vf:1'],
		['--flow', 'tcp4', '--to-port', '80', '--action', 'eth1#0'],
		['--flow', 'tcp4', '--to-port', '80', '--action', 'drop'],
	]) {
		const {json} = await vfctl.run(['steer', 'add', 'eth1', ...args], {code: 3});
		t.is(json.error.code, 'UNSUPPORTED');
		t.regex(json.error.why, /ntuple-filters is off and fixed.*82576/);
	}

	t.is((await vfctl.run(['steer', 'add', 'eth1', '--to-ip', '20.0.0.9', '--action', 'eth2#0'], {code: 2})).json.error.code, 'USAGE');
	t.is((await vfctl.run(['steer', 'delete', 'eth1', '0'], {code: 4})).json.error.code, 'RULE_NOT_FOUND');
	t.false((await vfctl.run(['steer', 'delete', 'eth1', '--all', '--yes'])).json.changed);
	t.deepEqual((await vfctl.run(['history'])).json.operations, []);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

test.serial('a record of the host plays the same list', async t => {
	await vfctl.capture('/tmp/steer.rec');
	const {json} = await vfctl.run(['steer', 'list']);
	t.deepEqual((await vfctl.run(['--host', '/tmp/steer.rec', 'steer', 'list'])).json, json);
});
