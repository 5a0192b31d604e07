// The routes of the host, with what each is for.
import type {Inventory} from '../model/inventory.ts';
import {overlap} from '../model/ip.ts';
import type {Route} from '../model/netdev.ts';
import {routePrefix, routesTo} from '../model/route.ts';
import type {GuestLink} from '../plan/host-route/links.ts';
import {table} from './table.ts';

export interface HostRouteView {
	network: string;
	family: 4 | 6;
	type: string;
	gateway: string | null;
	device: string | null;
	metric: number | null;
	/** Who made it; iproute2 does not name those made by hand (`boot`). */
	protocol: string;
	source: string | null;
	/** "your ssh connection", "guest vm0", "pool fast", "network default". */
	for: string[];
}

/** Every route of the main tables, in the kernel's order. */
export function hostRouteViews(inventory: Inventory, guests: readonly GuestLink[]): HostRouteView[] {
	const back = inventory.callerPeer === null ? [] : routesTo(inventory.routes, inventory.callerPeer);
	return inventory.routes.map(route => ({
		network: route.destination, family: route.family, type: route.type, gateway: route.gateway, device: route.device === '' ? null : route.device,
		metric: route.metric, protocol: route.protocol ?? 'boot', source: route.source,
		for: [...back.includes(route) ? ['your ssh connection'] : [], ...purposes(route, inventory, guests)],
	}));
}

function purposes(route: Route, {networks, pools}: Inventory, guests: readonly GuestLink[]): string[] {
	const prefix = routePrefix(route);
	const reached = prefix === undefined || prefix.length === 0 ? [] : guests.filter(({network, device}) => device === route.device && overlap(network, prefix));
	return [
		...new Set(reached.map(({guest}) => `guest ${guest}`)),
		...(networks ?? []).filter(({bridge}) => bridge !== null && bridge === route.device).map(({name}) => `network ${name}`),
		...(pools ?? []).filter(({pfNetdev}) => pfNetdev !== null && pfNetdev === route.device).map(({name}) => `pool ${name}`),
	];
}

/** As a table. */
export function hostRoutesText(views: readonly HostRouteView[]): string {
	return views.length === 0 ? 'the host has no routes' : table(['NETWORK', 'GATEWAY', 'DEVICE', 'METRIC', 'PROTOCOL', 'FOR'], views.map(view => [
		view.type === 'unicast' ? view.network : `${view.type} ${view.network}`,
		view.gateway ?? '', view.device ?? '', view.metric === null ? '' : String(view.metric), view.protocol, view.for.join(', '),
	]));
}
