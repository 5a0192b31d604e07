// kill -9 before and after every step of an attach to a network namespace, and of the detach: recover
// puts everything back.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {killed, LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

// Settings on the PF, a MAC that reloads the driver, a new name, MTU and addresses of both kinds.
const attach = ['netns', 'attach', 'blue', 'eth1#0', '--name', 'net1', '--mac', '52:54:00:aa:00:01', '--vlan', '42', '--mtu', '1400', '--address', '20.0.0.1/24', '--address', 'fd00::1/64'];

test.before(async () => {
	lab = await Lab.start({name: `netns-crash-${process.pid}`, point: 'clean'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('/lab/vfs 2 0000:01:00.0; ip netns add blue');
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

const kinds = ['own-mac', 'set-vf', 'move-netdev', 'netns-network'];

test.serial('the plan has every kind of step', async t => {
	const {json} = await vfctl.run([...attach, '--dry-run']);
	t.deepEqual(json.plan.actions.map((action: {kind: string}) => action.kind), kinds);
});

for (const [index, kind] of kinds.entries()) {
	const step = index + 1;
	for (const phase of ['before', 'after']) {
		test.serial(`kill -9 of an attach ${phase} step ${step} (${kind}) takes effect: recover puts everything back`, async t => {
			await vfctl.run(attach, {code: killed, env: {VFCTL_FAULT: `kill@${step}:${phase}`}});
			await vfctl.run(['recover']);
			await sameAsBefore(t);
		});
	}
}

const detachKinds = ['netns-network', 'move-netdev', 'set-vf', 'own-mac'];

test.serial('kill -9 of a detach before and after every step: recover gives the namespace its interface again', async t => {
	await vfctl.run(attach);
	const inside = async () => (await lab.exec('ip -n blue -o addr show dev net1 scope global; ip -n blue link show dev net1; ip link show dev eth1')).stdout.replaceAll(/^\d+: | tentative/gm, '');
	const before = await inside();
	const detach = ['netns', 'detach', 'blue', 'net1'];
	t.deepEqual((await vfctl.run([...detach, '--dry-run'])).json.plan.actions.map((action: {kind: string}) => action.kind), detachKinds);
	for (const step of detachKinds.keys()) {
		for (const phase of ['before', 'after']) {
			await vfctl.run(detach, {code: killed, env: {VFCTL_FAULT: `kill@${step + 1}:${phase}`}});
			await vfctl.run(['recover']);
			await lab.waitFor('ip -n blue link show dev net1 | grep -q LOWER_UP', {timeoutMs: 60_000});
			t.is(await inside(), before, `${phase} step ${step + 1}`);
		}
	}

	await vfctl.run(detach);
	await sameAsBefore(t);
});

async function sameAsBefore(t: {deepEqual: (a: unknown, b: unknown) => void}): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
}
