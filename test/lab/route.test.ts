// Routes and MTU of the host on a real igb card: set, refused, undone.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
// As sshd would tell it: QEMU's user network is the way in.
const env = {SSH_CONNECTION: '10.0.2.2 40000 10.0.2.15 22'};

test.before(async () => {
	lab = await Lab.start({name: `route-${process.pid}`, point: 'clean'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('ip link set eth1 up && ip addr add 20.0.0.1/24 dev eth1 && ip link set eth2 up && ip addr add 30.0.0.1/24 dev eth2');
});

test.after.always(async () => {
	await lab?.down();
});

async function routes(): Promise<string> {
	// What a router announces counts down.
	return (await lab.exec('ip route show; ip -6 route show')).stdout.replaceAll(/ expires \d+sec/g, '');
}

test.serial('a route is added, seen by ip route, and undone', async t => {
	const before = await routes();
	await vfctl.run(['route', 'add', 'host', '50.0.0.0/24', '--via', '20.0.0.9'], {env});
	t.regex(await routes(), /^50\.0\.0\.0\/24 via 20\.0\.0\.9 dev eth1 *$/m);
	t.false((await vfctl.run(['route', 'add', 'host', '50.0.0.0/24', '--via', '20.0.0.9'], {env})).json.changed);
	const {json} = await vfctl.run(['route', 'list', 'host'], {env});
	t.like(json.routes.find((route: {network: string}) => route.network === '50.0.0.0/24'), {gateway: '20.0.0.9', device: 'eth1', protocol: 'boot'});
	t.deepEqual(json.routes.find((route: {for: string[]}) => route.for.includes('your ssh connection'))?.network, '10.0.2.0/24');
	await vfctl.run(['undo', '--yes'], {env});
	t.is(await routes(), before);
});

for (const [what, args, says] of [
	['the same network through another interface', ['add', 'host', '50.0.0.0/24', '--via', '30.0.0.9'], /50\.0\.0\.0\/24 via 20\.0\.0\.9 on eth1/],
	['the network of another interface', ['add', 'host', '20.0.0.128/25', '--via', '30.0.0.9'], /eth1 has 20\.0\.0\.1\/24/],
	['the way back to the admin', ['add', 'host', '10.0.2.2', '--interface', 'eth1'], /10\.0\.2\.2, where you come from/],
	['the network that the admin is in, taken away', ['delete', 'host', '10.0.2.0/24', '--yes'], /kernel's own|comes and goes/],
] as const) {
	test.serial(`refused, and nothing changed: ${what}`, async t => {
		await lab.exec('ip route replace 50.0.0.0/24 via 20.0.0.9 dev eth1');
		const before = await routes();
		const {json} = await vfctl.run(['route', ...args], {env, code: 3});
		t.regex(`${json.error.message}: ${json.error.why}`, says);
		t.is(await routes(), before);
		await lab.exec('ip route del 50.0.0.0/24');
	});
}

test.serial('igb tells what MTU it takes, and a route outlives the change of a VF count', async t => {
	const {stdout} = await lab.exec('ip -d -j link show dev eth1');
	t.like(JSON.parse(stdout)[0], {min_mtu: 68, max_mtu: 9216});
	await vfctl.run(['route', 'add', 'host', '50.0.0.0/24', '--via', '20.0.0.9'], {env});
	await vfctl.run(['vf', 'create', 'eth1', '2'], {env});
	t.regex(await routes(), /^50\.0\.0\.0\/24 via 20\.0\.0\.9 dev eth1/m);
	await vfctl.run(['undo', '--yes'], {env});
	t.regex(await routes(), /^50\.0\.0\.0\/24 via 20\.0\.0\.9 dev eth1/m);
});
