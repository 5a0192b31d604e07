// What runs inside a simulated guest: its interfaces, its files, a few programs.
import {contains, networkOf, parsePrefix} from '../model/ip.ts';
import type {IpRoute} from '../model/guest-network.ts';
import type {GuestInterface} from '../libvirt/libvirt.ts';

export interface GuestFileState {
	text: string;
	mode: number;
}

/** One interface; addresses in the order in which they were given. */
export interface GuestLinkState {
	name: string;
	mac: string;
	mtuBytes: number;
	up: boolean;
	addresses: string[];
	routes: IpRoute[];
}

/** A guest's operating system. Interfaces end with the guest's run, files stay. */
export interface GuestSystem {
	links: Map<string, GuestLinkState>;
	files: Map<string, GuestFileState>;
	/** Open files and ended programs by number. */
	handles: Map<number, {path: string; mode: string; offset: number}>;
	processes: Map<number, {code: number; stdout: string; stderr: string; polls: number}>;
	nextNumber: number;
}

/** One without files and interfaces. */
export function newGuestSystem(): GuestSystem {
	return {links: new Map(), files: new Map(), handles: new Map(), processes: new Map(), nextNumber: 1000};
}

/** Makes the interfaces those that the guest has by now: new ones are up, as udev or the lab's
 * guests leave them, and without addresses but those of the record. */
export function plugInterfaces(system: GuestSystem, present: readonly GuestInterface[]): void {
	const macs = new Set(present.map(({mac}) => mac));
	for (const mac of system.links.keys()) {
		if (!macs.has(mac)) {
			system.links.delete(mac);
		}
	}

	for (const {name, mac, addresses} of present) {
		// Of a failover pair the interface above comes first, and it is the one that is configured.
		if (mac !== undefined && name !== 'lo' && present.find(one => one.mac === mac)?.name === name) {
			const known = system.links.get(mac);
			system.links.set(mac, known ? Object.assign(known, {name}) : {name, mac, mtuBytes: 1500, up: true, addresses: [...addresses], routes: []});
		}
	}
}

/** A gateway can be asked for by the interface itself: it is in the network of an address. */
export function isOnLink({addresses}: GuestLinkState, gateway: string): boolean {
	const via = parsePrefix(`${gateway}/${gateway.includes(':') ? 128 : 32}`);
	return gateway.startsWith('fe80:') || addresses.some(address => {
		const own = parsePrefix(address);
		return own !== undefined && via !== undefined && contains(networkOf(own), via);
	});
}
