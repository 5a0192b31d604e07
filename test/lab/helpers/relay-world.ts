// Two PFs, each with two VFs in namespaces (they stand for passed-through guests: the card cannot tell) and
// a bridge with a guest's stand-in behind a cable of its own. The wire between the PFs can be cut.
import type {Lab} from '../../../lab/lab.ts';

export const pfs = ['0000:01:00.0', '0000:02:00.0'] as const;

/** Who is where: VFs a and b of eth1, c and d of eth2, t bridged on eth1, u bridged on eth2. */
export const addresses = {a: '10.8.0.1', b: '10.8.0.2', c: '10.8.0.3', d: '10.8.0.4', t: '10.8.0.5', u: '10.8.0.6'} as const;
export type Name = keyof typeof addresses;
export const names = Object.keys(addresses) as Name[];
const vfs: ReadonlyArray<readonly [Name, number, number]> = [['a', 0, 0], ['b', 0, 1], ['c', 1, 0], ['d', 1, 1]];
const bridged: ReadonlyArray<readonly [Name, number]> = [['t', 0], ['u', 1]];

/** MAC addresses and interfaces of all. */
export interface RelayWorld {
	mac: Record<Name, string>;
	netdev: Record<Name, string>;
}

export async function makeRelayWorld(lab: Lab): Promise<RelayWorld> {
	await lab.exec('modprobe -a bridge veth 8021q && /lab/vfs 2 && udevadm settle');
	const world: RelayWorld = {mac: {} as Record<Name, string>, netdev: {} as Record<Name, string>};
	for (const [name, pf, index] of vfs) {
		const netdev = (await lab.exec(`ls /sys/bus/pci/devices/${pfs[pf]}/virtfn${index}/net`)).stdout.trim();
		await lab.exec(`ip netns add ${name} && ip link set ${netdev} netns ${name}`);
		world.netdev[name] = netdev;
	}

	for (const [name, pf] of bridged) {
		const bridge = `br${pf + 1}`;
		await lab.exec([
			`ip link add ${bridge} type bridge`, `ip link set ${bridge} up`, `ip link set eth${pf + 1} master ${bridge}`,
			// QEMU's igb hands what the PF sends to all back to the PF, and the bridge would believe it.
			`bridge link set dev eth${pf + 1} learning off`,
			`ip netns add ${name}`, `ip link add port-${name} type veth peer name eth0 netns ${name}`, `ip link set port-${name} master ${bridge} up`,
		].join(' && '));
		world.netdev[name] = 'eth0';
	}

	for (const name of names) {
		const netdev = world.netdev[name];
		await lab.exec(`ip -n ${name} link set lo up && ip -n ${name} addr add ${addresses[name]}/24 dev ${netdev} && ip -n ${name} link set ${netdev} up`);
		world.mac[name] = (await lab.exec(`ip netns exec ${name} cat /sys/class/net/${netdev}/address`)).stdout.trim();
		await lab.waitFor(`ip netns exec ${name} grep -qx 1 /sys/class/net/${netdev}/carrier`);
	}

	return world;
}

/** Frames between the cards are held back; both keep their link. */
export async function cutWire(lab: Lab): Promise<void> {
	await lab.qmp('object-add', {'qom-type': 'filter-buffer', id: 'cut', netdev: 'cable1', queue: 'all', interval: 4_000_000_000});
}

export async function mendWire(lab: Lab): Promise<void> {
	await lab.qmp('object-del', {id: 'cut'});
}

/** Forgets who has which address, everywhere. */
async function forget(lab: Lab): Promise<void> {
	await lab.exec(names.map(name => `ip -n ${name} neigh flush all`).join('; '));
}

/** Whether one reaches the other; those who should are given time, the others two questions. */
export async function reaches(lab: Lab, from: Name, to: Name, expected: boolean): Promise<boolean> {
	await forget(lab);
	const ping = `ip netns exec ${from} ping -c ${expected ? 1 : 2} -W 1 ${addresses[to]}`;
	return expected
		? lab.waitFor(ping, {timeoutMs: 30_000}).then(() => true, () => false)
		: (await lab.exec(ping, {ok: 'any'})).code === 0;
}

/** The lines `key=value` of a PF's `relay`. */
export async function relayOf(lab: Lab, pf: string): Promise<Record<string, string>> {
	const {stdout} = await lab.exec(`cat /sys/kernel/vfctl/forward/${pf}/relay`);
	return Object.fromEntries(stdout.trim().split('\n').map(line => line.split('=') as [string, string]));
}

/** The unicast addresses that the card has besides its own, as `bridge fdb` tells them. */
export async function cardAddresses(lab: Lab, netdev: string): Promise<string[]> {
	const {stdout} = await lab.exec(`bridge -json fdb show dev ${netdev}`);
	return (JSON.parse(stdout) as Array<{mac: string; flags: string[]}>)
		.filter(({mac, flags}) => flags.includes('self') && !/^(01:00:5e|33:33)/.test(mac) && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0).map(({mac}) => mac).toSorted();
}
