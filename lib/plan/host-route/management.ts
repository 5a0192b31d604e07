// Routes that carry the admin's own connection.
import {AppError} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Route} from '../../model/netdev.ts';
import {isRoute, routesTo, routeWords} from '../../model/route.ts';
import type {Action, HostRoute} from '../action.ts';

export interface RouteChange {
	readonly add: readonly HostRoute[];
	readonly remove: readonly HostRoute[];
}

/** Packets to where the admin came in from go the same way after the change: ROUTE_CONFLICT. */
export function requireSameWayBack({callerPeer, netdevs, routes}: Inventory, change: RouteChange): void {
	if (callerPeer === null || [...netdevs.values()].some(({addresses}) => addresses.some(text => text.split('/')[0] === callerPeer))) {
		return;
	}

	const before = routesTo(routes, callerPeer);
	const after = routesTo(routesAfter(routes, change), callerPeer);
	// Without a way back in the main table another table has it.
	if (before.length === 0 || wayOf(before) === wayOf(after)) {
		return;
	}

	throw new AppError('ROUTE_CONFLICT', 'this would cut the connection you came in on', {
		why: `packets to ${callerPeer}, where you come from, take the route ${before.map(route => routeWords(route)).join(' and ')}; after it ${after.length === 0 ? 'they would have none' : `they would take ${after.map(route => routeWords(route)).join(' and ')}`}`,
		fix: 'come in another way, or from the console',
		details: {peer: callerPeer},
	});
}

/** The same for the routes that a list of actions changes. */
export function requireSameWayBackAfter(inventory: Inventory, actions: readonly Action[]): void {
	const changes = actions.filter(action => action.kind === 'set-route');
	requireSameWayBack(inventory, {
		add: changes.flatMap(({to}) => to ?? []),
		remove: changes.flatMap(({from}) => from ?? []),
	});
}

/** The main table after a change. */
export function routesAfter(routes: readonly Route[], {add, remove}: RouteChange): Route[] {
	const left = routes.filter(route => !remove.some(gone => isRoute(route, gone)));
	return [...left, ...add.filter(route => !left.some(known => isRoute(known, route))).map(route => asRoute(route))];
}

/** A planned route as `ip route` will show it. */
export function asRoute({to, via, dev, metric, source, protocol, onlink = false}: HostRoute): Route {
	return {
		destination: to === '0.0.0.0/0' || to === '::/0' ? 'default' : to, type: 'unicast', device: dev, family: to.includes(':') ? 6 : 4,
		gateway: via, metric, protocol: protocol ?? null, source: source ?? null, onlink, hops: 1,
	};
}

function wayOf(routes: readonly Route[]): string {
	return routes.map(({device, gateway, type}) => `${type} ${device} ${gateway ?? ''}`).sort().join(',');
}
