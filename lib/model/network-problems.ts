// What is wrong with a libvirt network, as far as can be seen without starting it.
import type {Inventory} from './inventory.ts';
import {networkOf, overlap, parsePrefix, prefixText, type Prefix} from './ip.ts';
import type {Network} from './network.ts';

export interface NetworkProblem {
	readonly name: 'missing' | 'inactive' | 'no-autostart' | 'transient' | 'subnet-in-use';
	readonly text: string;
}

/** The problems, worst first; `network` is undefined when libvirt has none of that name. */
export function networkProblems(inventory: Inventory, name: string, network: Network | undefined): NetworkProblem[] {
	if (network === undefined) {
		return [{name: 'missing', text: `libvirt has no network ${name}`}];
	}

	const problems: NetworkProblem[] = [];
	for (const {address} of network.active ? [] : network.ips) {
		const prefix = parsePrefix(address);
		const user = prefix && subnetUser(inventory, prefix, network);
		if (prefix && user !== undefined) {
			problems.push({name: 'subnet-in-use', text: `its subnet ${prefixText(networkOf(prefix))} is in use already: ${user}`});
		}
	}

	return [
		...problems,
		...network.active ? [] : [{name: 'inactive', text: 'it is not running'} as const],
		...network.savedXml === null ? [{name: 'transient', text: 'it has no saved definition and is lost when it stops'} as const] : [],
		...network.autostart || network.savedXml === null ? [] : [{name: 'no-autostart', text: 'it does not start with the host'} as const],
	];
}

/** Who is in a subnet, in words, or undefined: an interface or route of the host (libvirt does not
 * start a network then), or another network of libvirt. */
export function subnetUser({netdevs, routes, networks}: Inventory, subnet: Prefix, self: Pick<Network, 'name' | 'bridge'>): string | undefined {
	const taken = (text: string) => {
		const prefix = parsePrefix(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
		return prefix !== undefined && prefix.length > 0 && overlap(prefix, subnet);
	};

	for (const {name, addresses} of netdevs.values()) {
		const address = name === self.bridge ? undefined : addresses.find(one => taken(one));
		if (address !== undefined) {
			return `${name} has ${address}`;
		}
	}

	const route = routes.find(({destination, device}) => device !== self.bridge && destination !== 'default' && taken(destination));
	if (route) {
		return `the host has a route to ${route.destination} through ${route.device}`;
	}

	const other = networks?.find(({name, ips}) => name !== self.name && ips.some(({address}) => taken(address)));
	return other && `network ${other.name} of libvirt has it`;
}
