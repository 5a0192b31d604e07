// Two parties of a group claim one address: whoever had it first keeps it, and the other gets nothing by the relay.
// The wire between the ports is cut.
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import {putDrivers} from './helpers/put-drivers.ts';
import {addresses, cutWire, makeRelayWorld, names, reaches, relayOf, type Name, type RelayWorld} from './helpers/relay-world.ts';
import {complaint, declareSelfChecks} from './helpers/self-checks.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
let world: RelayWorld;
const [eth1, eth2] = ['0000:01:00.0', '0000:02:00.0'] as const;

test.before(async () => {
	lab = await Lab.start({name: `relay-claims-${process.pid}`});
	vfctl = await LabVfctl.install(lab);
	await putDrivers(lab);
	world = await makeRelayWorld(lab);
	await cutWire(lab);
	await vfctl.run(['forward', 'on', 'eth1', 'eth2', '--relay', 'lan']);
	await lab.exec('modprobe nf_tables');
});

test.after.always(async () => {
	await lab?.down();
});

const setMac = async (name: Name, mac: string) => lab.exec(`ip -n ${name} link set ${world.netdev[name]} address ${mac}`);
const duplicates = async (pf: string) => Number((await relayOf(lab, pf))['not_duplicate']);

/** Waits until the relay has given a card the address, as one behind that PF; null: until it has taken it away. */
async function given(card: string, mac: string, home: string | null): Promise<void> {
	const macs = `/sys/kernel/vfctl/forward/${card}/relay_macs`;
	await lab.waitFor(home === null ? `! grep -q '^${mac} ' ${macs}` : `grep -qx '${mac} ${home}' ${macs}`);
}

/** Both ways with each. */
async function keeps(t: ExecutionContext, owner: Name, others: readonly Name[]): Promise<void> {
	for (const other of others) {
		t.true(await reaches(lab, owner, other, true), `${owner} to ${other}`);
		t.true(await reaches(lab, other, owner, true), `${other} to ${owner}`);
	}
}

async function reachesNone(t: ExecutionContext, claimant: Name, others: readonly Name[]): Promise<void> {
	for (const other of others) {
		t.false(await reaches(lab, claimant, other, false), `${claimant} to ${other}`);
	}
}

/** Counts what a namespace receives for an address. */
async function listen(name: Name, mac: string): Promise<void> {
	await lab.exec(`ip netns exec ${name} nft 'add table netdev heard; add chain netdev heard frames { type filter hook ingress device ${world.netdev[name]} priority 0; }; add rule netdev heard frames ether daddr ${mac} counter'`);
}

async function heard(name: Name): Promise<number> {
	const {stdout} = await lab.exec(`ip netns exec ${name} nft list table netdev heard && ip netns exec ${name} nft delete table netdev heard`);
	return Number(/packets (\d+)/.exec(stdout)![1]);
}

/** Has the claimant ask until the module has seen the claim; then runs the test, and gives everybody his own back. */
async function claimed(t: ExecutionContext, claimant: Name, owner: Name, body: () => Promise<void>): Promise<void> {
	await keeps(t, owner, [claimant]);
	const before = await duplicates(eth2);
	await setMac(claimant, world.mac[owner]);
	try {
		await lab.waitFor(`ip netns exec ${claimant} ping -c 1 -W 1 10.8.0.200; ip -n ${claimant} neigh flush all; ! grep -qx not_duplicate=${before} /sys/kernel/vfctl/forward/${eth2}/relay`);
		await body();
		t.true(await duplicates(eth2) > before);
	} finally {
		await setMac(claimant, world.mac[claimant]);
		// A bridge forgets by itself, but late.
		await lab.exec(`bridge fdb del ${world.mac[owner]} dev port-u master`, {ok: 'any'});
	}

	await keeps(t, claimant, names.filter(name => name !== claimant));
}

test.serial('a guest on a bridge claims the address of a VF of the other port', async t => {
	await claimed(t, 'u', 'a', async () => {
		await listen('u', world.mac.a);
		await given(eth2, world.mac.a, eth1);
		await keeps(t, 'a', ['b', 'c', 'd', 't']);
		await reachesNone(t, 'u', ['a', 'b', 'c', 'd', 't']);
		// What is for the owner and cannot be relayed to him is nobody's either.
		await lab.exec('ip link set eth1 vf 0 vlan 100');
		await lab.exec(`ip -n c neigh replace ${addresses.a} lladdr ${world.mac.a} dev ${world.netdev.c} nud permanent`);
		const vlan = Number((await relayOf(lab, eth2))['not_vlan']);
		await lab.waitFor(`ip netns exec c ping -c 1 -W 1 ${addresses.a}; ! grep -qx not_vlan=${vlan} /sys/kernel/vfctl/forward/${eth2}/relay`);
		await lab.exec(`ip -n c neigh del ${addresses.a} dev ${world.netdev.c}; ip link set eth1 vf 0 vlan 0`);
		t.is(await heard('u'), 0);
	});
});

test.serial('a guest on a bridge claims the address of a guest on the other bridge', async t => {
	await claimed(t, 'u', 't', async () => {
		await listen('u', world.mac.t);
		await given(eth1, world.mac.t, eth1);
		await given(eth2, world.mac.t, eth1);
		await keeps(t, 't', ['a', 'b', 'c', 'd']);
		await reachesNone(t, 'u', ['a', 'b', 'c', 'd', 't']);
		t.is(await heard('u'), 0);
	});
});

test.serial('a VF claims the address of a guest on the bridge of the other port', async t => {
	await claimed(t, 'd', 't', async () => {
		await given(eth1, world.mac.t, eth1);
		await given(eth2, world.mac.t, null);
		// The claimant's card gives him what the other VF of his port, or its PF, sends there: that is not the relay's doing.
		await keeps(t, 't', ['a', 'b']);
		await reachesNone(t, 'd', ['a', 'b', 't']);
	});
});

test.serial('a VF claims the address of a VF of the other port', async t => {
	await claimed(t, 'd', 'a', async () => {
		await given(eth1, world.mac.a, null);
		await given(eth2, world.mac.a, null);
		await keeps(t, 'a', ['b', 't']);
		await reachesNone(t, 'd', ['a', 'b', 't']);
	});
});

test.serial('the kernel complained of nothing', async t => {
	await lab.exec('rmmod vfctl_fwd vfctl_pf');
	t.notRegex((await lab.exec('dmesg')).stdout, complaint);
});

declareSelfChecks(() => lab);
