// Which networks lie directly on which interface, and who says so.
import type {Inventory} from '../../model/inventory.ts';
import {contains, networkOf, parsePrefix, prefixText, samePrefix, type Prefix} from '../../model/ip.ts';
import {routePrefix} from '../../model/route.ts';

/** A network whose addresses are neighbours on the link of an interface. */
export interface LinkNetwork {
	readonly network: Prefix;
	readonly device: string;
	/** In words: "eth1 has 20.0.0.1/24". */
	readonly reason: string;
}

/** A network that a guest has an address in, behind an interface of the host. */
export interface GuestLink {
	readonly guest: string;
	readonly network: Prefix;
	readonly device: string;
}

/** Every network on a link: of libvirt's networks, running or not, of guests, of the host's
 * addresses, and of routes without a gateway. Each network and interface once. */
export function linkNetworks({netdevs, networks, routes}: Inventory, guests: readonly GuestLink[] = []): LinkNetwork[] {
	const found: LinkNetwork[] = [];
	const add = (network: Prefix | undefined, device: string, reason: string) => {
		if (network && network.length > 0 && !found.some(known => known.device === device && samePrefix(known.network, network))) {
			found.push({network, device, reason});
		}
	};

	for (const {name, active, bridge, ips} of networks ?? []) {
		for (const {address} of ips) {
			const prefix = parsePrefix(address);
			add(prefix && networkOf(prefix), bridge ?? '', `libvirt's network ${name}${active ? '' : ' (not running)'} has ${address}${bridge === null ? '' : ` on ${bridge}`}`);
		}
	}

	for (const {guest, network, device} of guests) {
		add(network, device, `guest ${guest} has ${prefixText(network)} behind ${device}`);
	}

	for (const {name, up, addresses} of netdevs.values()) {
		for (const address of up && name !== 'lo' ? addresses : []) {
			const prefix = parsePrefix(address);
			add(prefix && networkOf(prefix), name, `${name} has ${address}`);
		}
	}

	for (const route of routes) {
		if (route.gateway === null && route.type === 'unicast' && route.device !== 'lo') {
			add(routePrefix(route), route.device, `there is a route to ${route.destination} on ${route.device}`);
		}
	}

	return found;
}

/** The interfaces on whose link an address is, those of the longest network that has it. */
export function devicesOnLink(links: readonly LinkNetwork[], target: Prefix): string[] {
	const fitting = links.filter(({network, device}) => device !== '' && contains(network, target));
	const longest = Math.max(...fitting.map(({network}) => network.length));
	return [...new Set(fitting.filter(({network}) => network.length === longest).map(({device}) => device))];
}
