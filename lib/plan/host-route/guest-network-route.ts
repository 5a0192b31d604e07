// How the host reaches a network that a guest has behind a PF.
import {AppError} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import {contains, networkOf, parsePrefix, prefixText, type Prefix} from '../../model/ip.ts';
import type {Pf} from '../../model/pci.ts';
import {routesTo} from '../../model/route.ts';
import {pfName} from '../../model/select.ts';
import type {HostRoute} from '../action.ts';
import type {GuestLink} from './links.ts';

/** The route to a guest's network: on the PF's interface, or on the bond or bridge that it is part
 * of. Null when an address there is in the network already. Throws PF_NO_DRIVER. */
export function guestNetworkRoute({netdevs}: Inventory, {pf, network}: {pf: Pf; network: Prefix}): HostRoute | null {
	const own = pf.netdevs.map(name => netdevs.get(name)).find(netdev => netdev !== undefined);
	if (!own) {
		throw new AppError('PF_NO_DRIVER', `the host has no way to ${prefixText(network)} through ${pfName(pf)}`, {why: 'the PF has no interface on the host'});
	}

	const netdev = own.master === null ? own : netdevs.get(own.master) ?? own;
	const wanted = networkOf(network);
	const connected = netdev.up && netdev.addresses.some(address => {
		const prefix = parsePrefix(address);
		return prefix !== undefined && contains(networkOf(prefix), wanted);
	});
	return connected ? null : {to: prefixText(wanted), via: null, dev: netdev.name, metric: null};
}

/** Routes that the host lacks to networks of guests: packets to them go elsewhere, or nowhere. */
export function missingGuestRoutes(inventory: Inventory, guests: readonly GuestLink[]): Array<{guest: string; route: HostRoute}> {
	return guests.flatMap(({guest, network, device}) => {
		const pf = inventory.pfs.find(({netdevs}) => netdevs.some(name => name === device || inventory.netdevs.get(name)?.master === device));
		const route = pf === undefined ? null : guestNetworkRoute(inventory, {pf, network});
		const reached = routesTo(inventory.routes, network.address).some(known => known.device === device);
		return route === null || reached ? [] : [{guest, route}];
	});
}
