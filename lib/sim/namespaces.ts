// Network namespaces of a simulated host. Each is a machine of its own as far as interfaces and routes
// go, with the devices of the host below it; test/netns-kernel.test.ts holds it to the real thing.
import type {Bdf} from '../model/bdf.ts';
import {bdfOfNetdev, functionPath} from './machine.ts';
import type {Machine} from './machine.ts';
import {setLink} from './netdevs.ts';
import {Tree, type Directory} from './tree.ts';

// PROC_NET_INIT_INO of include/uapi/linux/nsfs.h.
export const hostInode = 4_026_531_840;
const firstInode = 4_026_532_100;
const mountinfo = '/proc/self/mountinfo';

/** Makes a namespace that has a name (`ip netns add`), a process, or both; its inode. */
export function addNamespace(machine: Machine, {name, pid}: {name?: string; pid?: number}): number {
	const {tree} = machine;
	const inode = firstInode + machine.namespaces.made++;
	machine.namespaces.known.set(inode, namespaceOf(machine));
	for (const own of ['self', '1']) {
		tree.put(`/proc/${own}/ns/net`, {kind: 'link', target: netText(hostInode)});
	}

	if (name !== undefined) {
		tree.put(`/run/netns/${name}`, {kind: 'text', text: ''});
		tree.put(mountinfo, {kind: 'text', text: `${tree.text(mountinfo) ?? ''}${900 + machine.namespaces.made} 29 0:4 ${netText(inode)} /run/netns/${name} rw shared:9 - nsfs nsfs rw\n`});
	}

	if (pid !== undefined) {
		joinNamespace(machine, pid, inode);
	}

	return inode;
}

/** Puts a process into a namespace. */
export function joinNamespace({tree}: Machine, pid: number, inode: number): void {
	tree.put(`/proc/${pid}/ns/net`, {kind: 'link', target: netText(inode)});
}

/** What `ip netns del` does; false when there is none of that name. The namespace dies unless a
 * process is in it. */
export function removeNamespaceName(machine: Machine, name: string): boolean {
	const inode = namedInode(machine, name);
	if (inode === undefined) {
		return false;
	}

	machine.tree.remove(`/run/netns/${name}`);
	machine.tree.put(mountinfo, {kind: 'text', text: (machine.tree.text(mountinfo) ?? '').split('\n').filter(line => !line.includes(` /run/netns/${name} `)).join('\n')});
	endUnused(machine);
	return true;
}

/** Ends a process, and with it its namespace when nothing else holds that. */
export function endProcess(machine: Machine, pid: number): void {
	machine.tree.remove(`/proc/${pid}`);
	endUnused(machine);
}

/** Names of `ip netns list`. */
export function namespaceNames(machine: Machine): string[] {
	return mounts(machine).map(({path}) => path.slice('/run/netns/'.length));
}

/** The namespace behind what `ip` or `nsenter` is given; the machine itself for the host's. */
export function namespaceMachine(machine: Machine, name: string): Machine | undefined {
	const path = name.includes('/') ? name : `/run/netns/${name}`;
	const linked = /^net:\[(\d+)\]$/.exec(machine.tree.link(path) ?? '')?.[1];
	const inode = linked === undefined ? mounts(machine).find(mount => mount.path === path)?.inode : Number(linked);
	return inode === hostInode ? machine : inode === undefined ? undefined : machine.namespaces.known.get(inode);
}

/** The host that a namespace belongs to. */
export function hostMachine(machine: Machine): Machine {
	return machine.namespaces.host ?? machine;
}

/** Takes an interface out of its namespace and puts it down, with nothing on it, into another one
 * (__dev_change_net_namespace in net/core/dev.c). */
export function moveNetdev(from: Machine, netdev: string, to: Machine, name: string): void {
	const bdf = bdfOfNetdev(from, netdev);
	loseAll(from, netdev);
	setLink(from, netdev, false);
	const found = from.tree.find(`/sys/class/net/${netdev}`);
	if (found?.node.kind !== 'directory') {
		return;
	}

	from.tree.remove(`/sys/class/net/${netdev}`);
	from.tree.remove(found.path);
	const device = bdf === undefined ? undefined : functionPath(hostMachine(from), bdf);
	const path = to.namespaces.host === undefined ? `${device ?? '/sys/devices/virtual'}/net/${name}` : `/sys/class/net/${name}`;
	place(to, path, found.node, {name, device});
}

/** Renames an interface where it is. */
export function renameNetdev(machine: Machine, netdev: string, name: string): void {
	const found = machine.tree.find(`/sys/class/net/${netdev}`);
	const bdf = bdfOfNetdev(machine, netdev);
	if (found?.node.kind !== 'directory') {
		return;
	}

	machine.tree.remove(`/sys/class/net/${netdev}`);
	machine.tree.remove(found.path);
	place(machine, `${found.path.slice(0, found.path.lastIndexOf('/'))}/${name}`, found.node, {name, device: bdf === undefined ? undefined : functionPath(hostMachine(machine), bdf)});
	for (const family of [4, 6] as const) {
		machine.routes[family] = machine.routes[family].map(route => route['dev'] === netdev ? {...route, dev: name} : route);
	}

	const addresses = machine.addresses.get(netdev);
	machine.addresses.delete(netdev);
	if (addresses !== undefined) {
		machine.addresses.set(name, addresses.map(info => ({...info, ...info['label'] === undefined ? {} : {label: name}})));
	}
}

function place({tree}: Machine, path: string, node: Directory, {name, device}: {name: string; device: string | undefined}): void {
	const cut = path.lastIndexOf('/');
	tree.directory(path.slice(0, cut)).children.set(name, node);
	tree.put(`${path}/uevent`, {kind: 'text', text: `INTERFACE=${name}\nIFINDEX=${tree.value(`${path}/ifindex`)}\n`});
	tree.putLink(`${path}/subsystem`, '/sys/class/net');
	if (device !== undefined) {
		tree.putLink(`${path}/device`, device);
	}

	if (path !== `/sys/class/net/${name}`) {
		tree.putLink(`/sys/class/net/${name}`, path);
	}
}

function loseAll(machine: Machine, netdev: string): void {
	for (const family of [4, 6] as const) {
		machine.routes[family] = machine.routes[family].filter(route => route['dev'] !== netdev);
	}

	machine.addresses.set(netdev, []);
}

/** default_device_exit_net: what is left of a namespace that nothing holds goes to the host, under
 * its name there, or `dev` and its number when that is taken. */
function endUnused(machine: Machine): void {
	const held = new Set([...mounts(machine).map(({inode}) => inode), ...machine.tree.list('/proc').flatMap(pid => Number(/^net:\[(\d+)\]$/.exec(machine.tree.link(`/proc/${pid}/ns/net`) ?? '')?.[1] ?? []))]);
	for (const [inode, inner] of machine.namespaces.known) {
		if (!held.has(inode)) {
			machine.namespaces.known.delete(inode);
			for (const name of inner.tree.list('/sys/class/net').filter(one => one !== 'lo')) {
				moveNetdev(inner, name, machine, machine.tree.exists(`/sys/class/net/${name}`) ? `dev${inner.tree.value(`/sys/class/net/${name}/ifindex`)}` : name);
			}
		}
	}
}

/** What a new namespace is: nothing but lo, and the devices of the host. */
function namespaceOf(host: Machine): Machine {
	const tree = new Tree();
	const sys = tree.directory('/sys');
	for (const name of ['bus', 'devices']) {
		sys.children.set(name, host.tree.directory(`/sys/${name}`));
	}

	for (const [name, value] of Object.entries({address: '00:00:00:00:00:00', broadcast: '00:00:00:00:00:00', ifindex: 1, iflink: 1, mtu: 65_536, flags: '0x8', operstate: 'down', type: 772})) {
		tree.putValue(`/sys/class/net/lo/${name}`, value);
	}

	// What is not its own (options, clock, settings of VFs) is the host's, also when that changes.
	return Object.assign(Object.create(host) as Machine, {
		tree,
		record: {...host.record, commands: []},
		routes: {4: [], 6: []},
		withoutIpv6: new Set<string>(),
		addresses: new Map(),
		speeds: new Map<string, number>(),
		namespaces: {known: new Map(), made: 0, host},
	} satisfies Partial<Machine>);
}

function namedInode(machine: Machine, name: string): number | undefined {
	return mounts(machine).find(({path}) => path === `/run/netns/${name}`)?.inode;
}

function mounts({tree}: Machine): Array<{path: string; inode: number}> {
	return (tree.text(mountinfo) ?? '').split('\n').flatMap(line => {
		const [, inode, path] = /^\d+ \d+ \S+ net:\[(\d+)\] (\S+) /.exec(line) ?? [];
		return inode === undefined || path === undefined ? [] : [{path, inode: Number(inode)}];
	});
}

function netText(inode: number): string {
	return `net:[${inode}]`;
}

/** Where an interface of a function is: on the host or in a namespace. */
export function whereIs(machine: Machine, bdf: Bdf): {machine: Machine; name: string} | undefined {
	for (const candidate of [machine, ...machine.namespaces.known.values()]) {
		const name = candidate.tree.list('/sys/class/net').find(one => bdfOfNetdev(candidate, one) === bdf);
		if (name !== undefined) {
			return {machine: candidate, name};
		}
	}

	return undefined;
}
