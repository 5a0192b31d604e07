// What the card's own switch cannot do, done by the relay of vfctl_fwd: VFs to bridged guests, and VFs of one
// port to those of another. The wire between the ports is cut, but for where one wire joins them.
import test from 'ava';
import {usualKernel} from '../../lab/kernels.ts';
import {Lab} from '../../lab/lab.ts';
import {putDrivers} from './helpers/put-drivers.ts';
import {addresses, cardAddresses, cutWire, makeRelayWorld, mendWire, names, reaches, relayOf, type Name, type RelayWorld} from './helpers/relay-world.ts';
import {complaint, declareSelfChecks} from './helpers/self-checks.ts';
import {LabVfctl} from './helpers/vfctl.ts';

// A kernel that checks itself, emulated, is too slow for guests in it.
const guests = usualKernel !== 'debug';
let lab: Lab;
let vfctl: LabVfctl;
let world: RelayWorld;
let before: string[][];

test.before(async () => {
	lab = await Lab.start({name: `relay-${process.pid}`, point: guests ? 'guests' : 'clean'});
	vfctl = await LabVfctl.install(lab);
	await putDrivers(lab);
	world = await makeRelayWorld(lab);
	before = await bothCards();
});

test.after.always(async () => {
	await lab?.down();
});

const bothCards = async () => [await cardAddresses(lab, 'eth1'), await cardAddresses(lab, 'eth2')];
const [eth1, eth2] = ['0000:01:00.0', '0000:02:00.0'] as const;

/** Pairs that reach each other, as `a-b`. */
async function reached(expected: (pair: string) => boolean): Promise<string[]> {
	const found: string[] = [];
	for (const [index, from] of names.entries()) {
		for (const to of names.slice(index + 1)) {
			const pair = `${from}-${to}`;
			if (await reaches(lab, from, to, expected(pair))) {
				found.push(pair);
			}
		}
	}

	return found;
}

const all = names.flatMap((from, index) => names.slice(index + 1).map(to => `${from}-${to}`));
const byTheCard = ['a-b', 'c-d'];

test.serial('without it a VF reaches the VFs of its port, and nobody else', async t => {
	await cutWire(lab);
	t.deepEqual(await reached(pair => byTheCard.includes(pair)), byTheCard);
});

test.serial('with it all reach each other', async t => {
	const {json} = await vfctl.run(['forward', 'on', 'eth1', 'eth2', '--relay', 'lan']);
	t.deepEqual(json.plan.actions.map(({kind}: {kind: string}) => kind), ['insert-module', 'set-forward', 'set-relay', 'set-forward', 'set-relay']);
	t.deepEqual(await reached(() => true), all);

	const [{relay}] = (await vfctl.run(['forward', 'table', 'eth1'])).json.pfs;
	const homes = Object.fromEntries(relay.macs.map(({mac, home}: {mac: string; home: string}) => [mac, home]));
	t.like(homes, {[world.mac.c]: 'eth2', [world.mac.d]: 'eth2', [world.mac.t]: 'eth1', [world.mac.u]: 'eth2'});
	t.false(world.mac.a in homes, 'a VF\'s own card knows it');
	t.like(relay, {group: 'lan', filterLimit: 24, leftOut: 0});
	t.true(relay.toVf > 0 && relay.toHost > 0 && relay.neighbours > 0, JSON.stringify(relay));
});

test.serial('each VLAN stays by itself', async t => {
	const set = async (vlans: Partial<Record<Name, number>>) => lab.exec([['eth1 vf 0', vlans.a], ['eth1 vf 1', vlans.b], ['eth2 vf 0', vlans.c], ['eth2 vf 1', vlans.d]].map(([vf, vlan]) => `ip link set ${vf} vlan ${vlan ?? 0}`).join(' && '));
	try {
		await set({a: 100, c: 100, d: 200});
		t.true(await reaches(lab, 'a', 'c', true), 'the same VLAN');
		for (const to of ['b', 'd', 't', 'u'] as const) {
			t.false(await reaches(lab, 'a', to, false), `100 to ${to}`);
			t.false(await reaches(lab, to, 'a', false), `${to} to 100`);
		}

		t.false(await reaches(lab, 'd', 'c', false), '200 to 100 of one card');
		t.false(await reaches(lab, 'b', 'c', false), 'untagged to 100');
		t.true(await reaches(lab, 'b', 'u', true), 'both untagged');
	} finally {
		await set({});
	}

	t.true(await reaches(lab, 'a', 'd', true));
});

test.serial('a VF that sends from an address that is not its own is not relayed', async t => {
	const {netdev} = world;
	await lab.exec('modprobe -a macvlan');
	await lab.exec(`ip link set eth1 vf 0 spoofchk off && ip -n a link add link ${netdev.a} name other type macvlan mode bridge && ip -n a addr add 10.8.0.99/24 dev other && ip -n a link set other up`);
	try {
		t.not((await lab.exec(`ip netns exec a ping -I other -c 2 -W 1 ${addresses.c}`, {ok: 'any'})).code, 0);
	} finally {
		await lab.exec('ip -n a link del other; ip link set eth1 vf 0 spoofchk on');
	}
});

test.serial('a wire that joins both ports brings nothing twice, and no storm', async t => {
	await mendWire(lab);
	t.true(await reaches(lab, 'a', 'c', true));
	for (const [from, to] of [['a', 'c'], ['t', 'd'], ['t', 'u'], ['d', 't']] as const) {
		t.true(await reaches(lab, from, to, true));
		const {stdout} = await lab.exec(`ip netns exec ${from} ping -c 5 -i 0.2 -W 2 ${addresses[to]}`, {ok: 'any'});
		t.notRegex(stdout, /DUP|duplicates/, `${from} to ${to}`);
	}

	const copies = async () => Number((await relayOf(lab, eth1))['neighbours']) + Number((await relayOf(lab, eth2))['neighbours']);
	await lab.exec(names.map(name => `ip -n ${name} neigh flush all`).join('; '));
	const start = await copies();
	await lab.exec(`ip netns exec a ping -c 1 -W 1 10.8.0.200; ip netns exec t ping -c 1 -W 1 10.8.0.200`, {ok: 'any'});
	// Some questions, for each at most three copies: two VFs and a host behind the other port.
	t.true(await copies() - start < 100, `${await copies() - start} copies`);
	await cutWire(lab);
});

test.serial('one address at VFs of two ports: who had it first asks, the other does not, and no question goes round', async t => {
	const {mac} = world;
	const counts = async () => [await relayOf(lab, eth1), await relayOf(lab, eth2)];
	const sum = (relays: Array<Record<string, string>>, key: string) => relays.reduce((total, relay) => total + Number(relay[key]), 0);
	t.true(await reaches(lab, 'a', 'c', true));
	await lab.exec(`ip link set eth2 vf 0 mac ${mac.a}`);
	try {
		const start = await counts();
		const ask = `ip netns exec a ping -c 1 -W 1 10.8.0.200`;
		// The host behind the other PF gets it, and it comes by there as if it were the question of that PF's VF.
		await lab.waitFor(`${ask}; [ "$(sed -n 's/^not_duplicate=//p' /sys/kernel/vfctl/forward/${eth2}/relay)" -gt ${Number(start[1]!['not_duplicate'])} ]`);
		const copies = await counts();
		await lab.exec(`for n in 1 2 3 4 5; do ${ask}; done`, {ok: 'any'});
		const end = await counts();
		t.true(sum(end, 'not_duplicate') > sum(copies, 'not_duplicate'));
		// What others ask meanwhile is a few. Going round, one question makes 300 and more.
		t.true(sum(end, 'neighbours') - sum(copies, 'neighbours') < 60, `${sum(end, 'neighbours') - sum(copies, 'neighbours')} copies`);
	} finally {
		await lab.exec(`ip link set eth2 vf 0 mac ${mac.c}`);
	}

	t.true(await reaches(lab, 'a', 'c', true));
});

test.serial('while a PF is down nothing is passed on: what is set then, nobody tells', async t => {
	const held = (reason: string) => lab.waitFor(`grep -qx held=${reason} /sys/kernel/vfctl/forward/${eth2}/vf0/rules`);
	await held('none');
	await lab.exec('ip link set eth2 down');
	await held('rules');
	await lab.exec('ip link set eth2 up');
	await held('none');
	t.true(await reaches(lab, 'c', 'd', true));
	t.true(await reaches(lab, 'a', 'c', true));
});

test.serial('the card gets no more addresses than it can compare; those it has stay', async t => {
	const extra = Array.from({length: 40}, (_, index) => `02:00:00:00:01:${index.toString(16).padStart(2, '0')}`);
	t.true(await reaches(lab, 'a', 't', true));
	await lab.exec(extra.map(mac => `bridge fdb add ${mac} dev port-t master static`).join(' && '));
	await lab.waitFor(`grep -Eqx 'left_out=[1-9][0-9]*' /sys/kernel/vfctl/forward/${eth1}/relay`);
	const relay = await relayOf(lab, eth1);
	t.is(Number(relay['filter_used']) + Number(relay['filters']), 24);
	t.true((await cardAddresses(lab, 'eth1')).includes(world.mac.t));
	t.true(await reaches(lab, 'a', 't', true));
	await lab.exec(extra.map(mac => `bridge fdb del ${mac} dev port-t master`).join(' && '));
	await lab.waitFor(`grep -qx left_out=0 /sys/kernel/vfctl/forward/${eth1}/relay`);
});

test.serial('an address goes from the card with its port, and with the bridge', async t => {
	const gone = (mac: string) => lab.waitFor(`! bridge fdb show dev eth1 | grep -q '^${mac} .*self'`);
	const there = (mac: string) => lab.waitFor(`bridge fdb show dev eth1 | grep -q '^${mac} .*self'`);
	t.true(await reaches(lab, 't', 'a', true));
	await there(world.mac.t);
	await lab.exec('ip link set port-t nomaster');
	await gone(world.mac.t);
	await lab.exec('ip link set port-t master br1');
	t.true(await reaches(lab, 't', 'a', true));
	await there(world.mac.t);
	await lab.exec('ip link set eth1 nomaster');
	await gone(world.mac.t);
	await there(world.mac.c);
	// Learning, which relay-world.ts switched off, is on again in a port that was away.
	await lab.exec('ip link set eth1 master br1 && bridge link set dev eth1 learning off');
	t.true(await reaches(lab, 't', 'a', true));
});

(guests ? test.serial : test.serial.skip)('a guest with a VF passed through reaches a guest on the bridge, and one behind the other port', async t => {
	await lab.exec('ip netns del b && ip netns del d');
	await vfctl.run(['attach', 'vm0', 'eth1#1', '--live', '--mac', '52:54:00:aa:00:01', '--address', '10.8.0.11/24', '--guest-file', 'none', '--guest-timeout', '200']);
	await lab.exec('virsh attach-interface vm1 bridge br1 --model virtio --mac 52:54:00:aa:00:02 --live && /lab/guest address vm1 52:54:00:aa:00:02 10.8.0.12/24', {timeoutMs: 300_000});
	await lab.exec('/lab/guest ping vm0 10.8.0.12', {timeoutMs: 120_000});
	await lab.exec(`/lab/guest ping vm0 ${addresses.c}`, {timeoutMs: 120_000});
	await lab.exec(`/lab/guest ping vm0 ${addresses.u}`, {timeoutMs: 120_000});
	await lab.exec(`/lab/guest ping vm1 ${addresses.c}`, {timeoutMs: 120_000});
	t.true((await cardAddresses(lab, 'eth1')).includes('52:54:00:aa:00:02'));

	await lab.exec('virsh destroy vm1');
	await lab.waitFor('! bridge fdb show dev eth1 | grep -q \'^52:54:00:aa:00:02 .*self\'');
	await vfctl.run(['detach', 'vm0', 'eth1#1']);
});

test.serial('what a host file says, and what export writes of it', async t => {
	t.regex((await lab.exec('vfctl export')).stdout, /eth1:[^]*?forwarding: ['"]?on['"]?\n\s+relay: lan\n/);
	await lab.exec(`printf 'version: 1\\npfs: {eth1: {relay: none}, eth2: {relay: other}}\\n' > /tmp/relay.yaml`);
	await vfctl.run(['apply', '/tmp/relay.yaml', '--yes']);
	t.deepEqual([(await relayOf(lab, eth1))['group'], (await relayOf(lab, eth2))['group']], ['none', 'other']);
	t.deepEqual((await cardAddresses(lab, 'eth1')), before[0]!);
	await vfctl.run(['undo', '--yes']);
	t.is((await relayOf(lab, eth1))['group'], 'lan');
});

test.serial('unloaded in the middle of it, the cards have their addresses back and the kernel complained of nothing', async t => {
	const ping = lab.exec(`ip netns exec a ping -c 100 -i 0.05 -W 1 ${addresses.c}`, {ok: 'any'});
	await lab.exec('rmmod vfctl_fwd vfctl_pf');
	t.deepEqual(await bothCards(), before);
	await ping;
	t.notRegex((await lab.exec('dmesg')).stdout, complaint);
});

declareSelfChecks(() => lab);
