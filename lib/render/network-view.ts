// libvirt networks and their leases for --json.
import type {Inventory} from '../model/inventory.ts';
import {networkProblems, type NetworkProblem} from '../model/network-problems.ts';
import type {Network} from '../model/network.ts';

export interface NetworkView {
	name: string;
	uuid: string;
	active: boolean;
	persistent: boolean;
	autostart: boolean;
	/** Forward mode; `none` is an isolated network. */
	mode: string;
	bridge: string | null;
	addresses: string[];
	/** Number of static leases. */
	leases: number;
}

export interface NetworkCheckView {
	name: string;
	/** Null when there is none of that name. */
	network: NetworkView | null;
	problems: NetworkProblem[];
	ok: boolean;
}

export interface LeaseView {
	network: string;
	mac: string;
	ip: string;
	hostName: string | null;
	/** Guest with an interface of that MAC, or null. */
	guest: string | null;
	/** Definitions of the network that have it. */
	where: 'both' | 'live' | 'config';
}

/** A network in one shape for text and JSON. */
export function networkView({name, uuid, active, persistent, autostart, forward, bridge, ips}: Network): NetworkView {
	return {name, uuid, active, persistent, autostart, mode: forward, bridge, addresses: ips.map(({address}) => address), leases: ips.flatMap(({leases}) => leases).length};
}

/** What is known to be wrong with a network; a transient one is not broken. */
export function networkCheckView(inventory: Inventory, name: string, network: Network | undefined): NetworkCheckView {
	const problems = networkProblems(inventory, name, network);
	return {name, network: network === undefined ? null : networkView(network), problems, ok: problems.every(problem => problem.name === 'transient')};
}

/** The leases of networks, in the running and the saved definitions. */
export function leaseViews(networks: readonly Network[], inventory: Inventory): LeaseView[] {
	const guests = new Map((inventory.guests ?? []).flatMap(guest => [guest.live, guest.config].flatMap(definition => (definition?.macs ?? []).map(mac => [mac, guest.name] as const))));
	return networks.flatMap(({name, active, ips, savedIps}) => {
		const running = ips.flatMap(({leases}) => leases);
		const saved = (savedIps ?? ips).flatMap(({leases}) => leases);
		const same = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);
		const view = ({mac, ip, name: hostName}: typeof running[number], where: LeaseView['where']): LeaseView => ({network: name, mac, ip, hostName, guest: guests.get(mac) ?? null, where});
		return [
			...running.map(lease => view(lease, !active ? 'config' : saved.some(other => same(lease, other)) ? 'both' : 'live')),
			...saved.filter(lease => !running.some(other => same(lease, other))).map(lease => view(lease, 'config')),
		];
	});
}
