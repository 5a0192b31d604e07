// Network interfaces in sysfs: made by a driver's probe, removed by its remove.
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {closeInterrupts, maskText, openInterrupts, possibleCpus, queueCount} from './interrupts.ts';
import {bdfOfNetdev, driverOf, functionPath, netdevsOf, physfnOf, vfsOf} from './machine.ts';
import type {Machine, VfState} from './machine.ts';
import type {Leaf} from './tree.ts';

/** Facts of an interface that is made. */
export interface NewNetdev {
	name: string;
	/** Directory of the device below which it hangs; `/sys/devices/virtual` for software ones. */
	device: string;
	mac: string;
	/** 0: the hardware's; 1: random; 3: set (NET_ADDR_* of include/uapi/linux/netdevice.h). */
	macOrigin?: 0 | 1 | 3;
	mtu?: number;
	up?: boolean;
	ifindex?: number;
	/** Mbit/s, shown while the link is up. */
	speed?: number;
}

const IFF_UP = 0x1;
// IFF_BROADCAST | IFF_MULTICAST: what an Ethernet interface shows while it is down.
const ethernetFlags = 0x1002;

/** Makes an interface and its entry in /sys/class/net; returns its directory. */
export function addNetdev(machine: Machine, facts: NewNetdev): string {
	const {tree} = machine;
	const path = `${facts.device}/net/${facts.name}`;
	const virtual = facts.device === '/sys/devices/virtual';
	const up = facts.up ?? false;
	const values: Record<string, string | number> = {
		address: facts.mac,
		addr_assign_type: facts.macOrigin ?? 0,
		broadcast: 'ff:ff:ff:ff:ff:ff',
		ifindex: facts.ifindex ?? machine.nextIfindex++,
		iflink: 0,
		mtu: facts.mtu ?? 1500,
		flags: `0x${(ethernetFlags | (up ? IFF_UP : 0)).toString(16)}`,
		operstate: up ? 'up' : 'down',
		type: 1,
		tx_queue_len: 1000,
		dev_id: '0x0',
		dev_port: 0,
	};
	values['iflink'] = values['ifindex'] ?? 0;
	for (const [name, value] of Object.entries(values)) {
		tree.putValue(`${path}/${name}`, value);
	}

	// Only cards with a switch or several ports answer the latter three.
	for (const name of ['duplex', 'phys_port_id', 'phys_port_name', 'phys_switch_id']) {
		tree.put(`${path}/${name}`, {kind: 'unreadable'});
	}

	tree.put(`${path}/uevent`, {kind: 'text', text: `INTERFACE=${facts.name}\nIFINDEX=${values['ifindex']}\n`});
	showCarrier(machine, path, up, facts.speed);
	tree.putLink(`${path}/subsystem`, '/sys/class/net');
	if (!virtual) {
		tree.putLink(`${path}/device`, facts.device);
	}

	tree.putLink(`/sys/class/net/${facts.name}`, path);
	const bdf = parseBdf(facts.device.split('/').at(-1) ?? '');
	if (bdf !== undefined) {
		addQueues(machine, path, bdf);
		if (up) {
			openInterrupts(machine, bdf, facts.name);
		}
	}

	return path;
}

// Both kinds of queue of the driver. With one transmit queue there is no XPS map (xps_queue_show).
function addQueues(machine: Machine, path: string, bdf: Bdf): void {
	const count = queueCount(machine, driverOf(machine, bdf));
	for (let queue = 0; queue < count; queue++) {
		machine.tree.putValue(`${path}/queues/rx-${queue}/rps_cpus`, maskText([], possibleCpus(machine)));
		machine.tree.put(`${path}/queues/tx-${queue}/xps_cpus`, count === 1 ? {kind: 'unreadable'} : {kind: 'text', text: `${maskText([], possibleCpus(machine))}\n`});
	}
}

/** Removes the interfaces of a function and its `net` directory. */
export function removeNetdevs(machine: Machine, bdf: Bdf): void {
	for (const name of netdevsOf(machine, bdf)) {
		machine.tree.remove(`/sys/class/net/${name}`);
		for (const family of [4, 6] as const) {
			machine.routes[family] = machine.routes[family].filter(route => route['dev'] !== name);
		}
	}

	const path = functionPath(machine, bdf);
	if (path !== undefined) {
		machine.tree.remove(`${path}/net`);
	}
}

/** Sets IFF_UP; false when there is no such interface. Carrier follows unless the cable is out. */
export function setLink(machine: Machine, name: string, up: boolean): boolean {
	const found = machine.tree.find(`/sys/class/net/${name}`);
	if (!found) {
		return false;
	}

	const flags = Number(machine.tree.value(`${found.path}/flags`));
	machine.tree.putValue(`${found.path}/flags`, `0x${(up ? flags | IFF_UP : flags & ~IFF_UP).toString(16)}`);
	const carrier = up && !machine.options.cablesOut?.includes(name);
	machine.tree.putValue(`${found.path}/operstate`, carrier ? 'up' : 'down');
	showCarrier(machine, found.path, up, undefined, carrier);
	const bdf = bdfOfNetdev(machine, name);
	if (bdf !== undefined && up) {
		openInterrupts(machine, bdf, name);
	} else if (bdf !== undefined) {
		closeInterrupts(machine, bdf);
	}

	return true;
}

export function isUp(machine: Machine, name: string): boolean {
	return (Number(machine.tree.value(`/sys/class/net/${name}/flags`)) & IFF_UP) !== 0;
}

export function hasCarrier(machine: Machine, name: string): boolean {
	return isUp(machine, name) && machine.tree.value(`/sys/class/net/${name}/operstate`) === 'up';
}

/** What a VF's network driver does at probe: takes the MAC that the PF gives, or makes up one,
 * which the PF then shows (igbvf_probe, ixgbevf_sw_init, iavf; messages.md 29 and 30). */
export function probeVfNetdev(machine: Machine, bdf: Bdf): void {
	const path = functionPath(machine, bdf);
	const pf = physfnOf(machine, bdf);
	if (path === undefined) {
		return;
	}

	const state = vfStateOf(machine, bdf);
	const random = state === undefined || state.mac === '00:00:00:00:00:00';
	const mac = random ? randomMac(machine) : state.mac;
	if (state) {
		state.mac = mac;
	}

	addNetdev(machine, {name: vfNetdevName(machine, bdf, pf), device: path, mac, macOrigin: random || !state?.macByAdmin ? 1 : 0});
}

/** The settings that the PF keeps for a VF, or undefined. */
export function vfStateOf(machine: Machine, bdf: Bdf): VfState | undefined {
	const pf = physfnOf(machine, bdf);
	return pf === undefined ? undefined : machine.vfStates.get(pf)?.[vfsOf(machine, pf).indexOf(bdf)];
}

/** A random MAC as eth_random_addr makes it (unicast, locally administered), the same in each run. */
export function randomMac(machine: Machine): string {
	let seed = Math.imul(machine.nextRandomMac++, 0x9E_37_79_B1) >>> 0;
	const bytes = Array.from({length: 6}, () => {
		seed = (Math.imul(seed ^ (seed >>> 15), 0x85_EB_CA_6B) + 0xC2_B2_AE_35) >>> 0;
		return seed >>> 24;
	});
	bytes[0] = ((bytes[0] ?? 0) & 0xfe) | 0x02;
	return bytes.map(byte => byte.toString(16).padStart(2, '0')).join(':');
}

// udev calls it after the PF and the VF's number (systemd.net-naming-scheme(7)); kernel names
// (net.ifnames=0) count on.
function vfNetdevName(machine: Machine, bdf: Bdf, pf: Bdf | undefined): string {
	const pfName = pf === undefined ? undefined : netdevsOf(machine, pf)[0];
	const taken = (name: string) => machine.tree.exists(`/sys/class/net/${name}`);
	if (pf !== undefined && pfName !== undefined && !/^eth\d+$/.test(pfName)) {
		const name = `${pfName}v${vfsOf(machine, pf).indexOf(bdf)}`;
		if (!taken(name)) {
			return name;
		}
	}

	let number = 0;
	while (taken(`eth${number}`)) {
		number++;
	}

	return `eth${number}`;
}

// carrier, speed and duplex answer EINVAL while the interface is down (net/core/net-sysfs.c).
function showCarrier(machine: Machine, path: string, up: boolean, speed?: number, carrier = up): void {
	const {tree} = machine;
	const known = speed ?? machine.speeds.get(path) ?? Number(tree.text(`${path}/speed`) ?? 1000);
	machine.speeds.set(path, known);
	if (up) {
		tree.putValue(`${path}/carrier`, carrier ? 1 : 0);
		tree.putValue(`${path}/speed`, carrier ? known : -1);
		showDuplex(machine, path, {kind: 'text', text: carrier ? 'full\n' : 'unknown\n'});
	} else {
		tree.put(`${path}/carrier`, {kind: 'unreadable'});
		tree.put(`${path}/speed`, {kind: 'unreadable'});
		showDuplex(machine, path, {kind: 'unreadable'});
	}
}

// A record may lack it.
function showDuplex({tree}: Machine, path: string, entry: Leaf): void {
	if (tree.exists(`${path}/duplex`)) {
		tree.put(`${path}/duplex`, entry);
	}
}
