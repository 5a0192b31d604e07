// Which devices the host itself lives on.
import type {Bdf} from './bdf.ts';
import type {HostUse} from './inventory.ts';
import type {Netdev, Route} from './netdev.ts';

export interface HostUseFacts {
	netdevs: ReadonlyMap<string, Netdev>;
	routes: readonly Route[];
	/** Host address of the admin's ssh connection, when there is one. */
	callerAddress: string | undefined;
	disks: ReadonlyArray<{bdf: Bdf; mount: string}>;
}

/** Every reason for which a PCI function belongs to the host. */
export function findHostUses({netdevs, routes, callerAddress, disks}: HostUseFacts): HostUse[] {
	const uses: HostUse[] = [];
	for (const netdev of netdevs.values()) {
		const reason = networkReason(netdev, routes, callerAddress);
		if (reason === undefined) {
			continue;
		}

		for (const physical of devicesBelow(netdev, netdevs)) {
			if (physical.bdf !== null) {
				const path = physical === netdev ? netdev.name : `${physical.name} is below ${netdev.name}, which`;
				uses.push({bdf: physical.bdf, kind: reason.kind, reason: `${path} ${reason.text}`});
			}
		}
	}

	return [...uses, ...disks.map(({bdf, mount}) => ({bdf, kind: 'disk' as const, reason: `it carries ${mount}`}))];
}

function networkReason(netdev: Netdev, routes: readonly Route[], callerAddress: string | undefined): {kind: 'management' | 'network'; text: string} | undefined {
	const addresses = netdev.addresses.map(address => address.split('/')[0]);
	if (callerAddress !== undefined && (addresses.includes(callerAddress) || zoneOf(callerAddress) === netdev.name)) {
		return {kind: 'management', text: `carries your ssh connection (${callerAddress})`};
	}

	if (netdev.addresses.length > 0) {
		return {kind: 'network', text: `carries the host's address ${netdev.addresses.join(', ')}`};
	}

	const route = routes.find(({device}) => device === netdev.name);
	return route && {kind: 'network', text: `carries the host's route to ${route.destination}`};
}

/** The interface of a link-local address, as sshd writes it: fe80::1%eth0 (getnameinfo(3)). Such addresses
 * are on every interface, and are not among an interface's `addresses`. */
function zoneOf(address: string): string | undefined {
	return /^fe[89ab][\da-f]:[^%]*%(.+)$/i.exec(address)?.[1];
}

/** The interface and everything it stands on: members of its bond or bridge, parent of its VLAN. */
function devicesBelow(top: Netdev, netdevs: ReadonlyMap<string, Netdev>): Netdev[] {
	const found = new Set<Netdev>([top]);
	// A Set takes additions while it is walked, so this follows every level once.
	for (const current of found) {
		for (const netdev of netdevs.values()) {
			if (netdev.master === current.name || current.lowerDevices.includes(netdev.name)) {
				found.add(netdev);
			}
		}
	}

	return [...found];
}
