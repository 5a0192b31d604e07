// Routes and MTU of the host, planned: what contradicts the host as it is, is refused before.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import {parsePrefix, prefixText, samePrefix, toAddress} from '../model/ip.ts';
import type {Route} from '../model/netdev.ts';
import type {Pf} from '../model/pci.ts';
import {effectiveMetric, isRoute, routePrefix, routeWords} from '../model/route.ts';
import {pfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import type {Action, HostRoute, SetRouteAction} from './action.ts';
import {requireDevice, requireGateway, toNetwork} from './host-route/check-route.ts';
import {checkOverlaps, requireFreePlace} from './host-route/conflicts.ts';
import {linkNetworks, type GuestLink} from './host-route/links.ts';
import {asRoute, requireSameWayBack, routesAfter} from './host-route/management.ts';
import type {Plan} from './plan.ts';

export interface HostRouteChange {
	readonly add: readonly HostRoute[];
	/** Those that are not there are gone already. */
	readonly remove: readonly HostRoute[];
	/** Networks of guests, as far as they are known. */
	readonly guests?: readonly GuestLink[];
}

/** Adds and removes routes of the host; empty when all is so already. A route that goes and one
 * that comes to the same network are one change. Throws BAD_ADDRESS, ROUTE_CONFLICT,
 * PF_NOT_FOUND, VF_HELD and UNSUPPORTED. */
export function planHostRoutes(inventory: Inventory, {add, remove, guests = []}: HostRouteChange): Plan {
	const wanted = distinct(add.map(route => ({...route, to: prefixText(toNetwork(route.to)), via: route.via === null ? null : toAddress(route.via, 'the gateway').address})));
	const gone = remove.filter(route => !wanted.some(other => sameKey(route, other))).flatMap(route => present(inventory, route));
	const missing = wanted.filter(route => !inventory.routes.some(known => isRoute(known, route)));
	const left: Inventory = {...inventory, routes: routesAfter(inventory.routes, {add: [], remove: gone})};
	const warnings: string[] = [];
	// Those on the link first: they are what gateways are found by.
	const ordered = [...missing.filter(({via}) => via === null), ...missing.filter(({via}) => via !== null)];
	for (const [index, route] of ordered.entries()) {
		const before = withEarlier(left, ordered, index);
		requireDevice(before, route.dev);
		requireGateway(before, route, networksOn(before, route.dev));
		requireFreePlace(before, route);
	}

	requireSameWayBack(inventory, {add: missing, remove: gone});
	for (const [index, route] of ordered.entries()) {
		warnings.push(...checkOverlaps(withEarlier(left, ordered, index), route, guests));
	}

	const actions = pair(ordered, gone);
	warnings.push(...actions.flatMap(({from, to}) => from !== null && to === null ? removalNotes(from) : []));
	return {version: 1, subject: {command: 'route'}, title: titleOf(wanted, remove), actions, warnings: [...new Set(warnings)], risks: []};
}

function removalNotes({to, protocol}: HostRoute): string[] {
	return [
		...to === '0.0.0.0/0' || to === '::/0' ? [`this takes the ${to === '::/0' ? 'IPv6 ' : ''}default route away: what has no route of its own cannot be reached`] : [],
		...protocol === 'dhcp' || protocol === 'ra' ? [`the route to ${to} was made by ${protocol}, which may make it again`] : [],
	];
}

/** The host when the routes before that one are set. */
function withEarlier(inventory: Inventory, routes: readonly HostRoute[], index: number): Inventory {
	return {...inventory, routes: [...inventory.routes, ...routes.slice(0, index).map(earlier => asRoute(earlier))]};
}

/** Twice the same is once; two that the kernel cannot have both contradict each other. */
function distinct(routes: readonly HostRoute[]): HostRoute[] {
	return routes.filter((route, index) => {
		const earlier = routes.slice(0, index).find(other => samePlace(route, other));
		if (earlier && !sameKey(route, earlier)) {
			throw new AppError('ROUTE_CONFLICT', `two routes to ${route.to} are asked for`, {why: `${hostRouteWords(earlier)}, and ${hostRouteWords(route)}: of two with the same metric the kernel keeps one`, fix: 'leave one out, or give them different metrics'});
		}

		return earlier === undefined;
	});
}

/** The route as it is there, with all that is needed to make it again; none when it is not there. */
function present({routes}: Inventory, route: HostRoute): HostRoute[] {
	const isIt = (known: Route) => isRoute({...known, hops: 1}, route);
	const known = routes.find(candidate => isIt(candidate));
	return known === undefined ? [] : [removable(known)];
}

/** A route of the host as an action names it. Throws UNSUPPORTED for one that vfctl cannot make again. */
export function removable(route: Route): HostRoute {
	const {type, device, gateway, metric, protocol, source, onlink, hops} = route;
	const prefix = routePrefix(route);
	if (protocol === 'kernel') {
		throw new AppError('UNSUPPORTED', `the route to ${route.destination} on ${device} is the kernel's own`, {why: `it comes and goes with the address of ${device}`, fix: `take the address away: ip addr show dev ${quote(device)}`});
	}

	if (prefix === undefined || hops > 1 || type !== 'unicast') {
		throw new AppError('UNSUPPORTED', `vfctl does not change the route ${routeWords(route)}`, {why: hops > 1 ? `it has ${hops} next hops, which go as a whole` : `it is of type ${type}`, fix: `by hand: ip${route.family === 6 ? ' -6' : ''} route del ${quote(route.destination)}`});
	}

	return {
		to: prefixText(prefix), via: gateway, dev: device, metric,
		...source === null ? {} : {source}, ...protocol === null ? {} : {protocol}, ...onlink ? {onlink} : {},
	};
}

function networksOn(inventory: Inventory, dev: string) {
	const links = linkNetworks(inventory).filter(({device}) => device === dev).map(({network}) => network);
	// A default route without a gateway makes everything a neighbour.
	const all = inventory.routes.filter(route => route.device === dev && route.gateway === null && route.destination === 'default').flatMap(route => routePrefix(route) ?? []);
	return [...links, ...all];
}

/** One action for what goes and comes to the same network, preferably with the same metric. */
function pair(added: readonly HostRoute[], gone: readonly HostRoute[]): SetRouteAction[] {
	const left = new Set(gone);
	const changes = added.map((to): SetRouteAction => {
		const from = [...left].find(route => samePlace(route, to)) ?? [...left].find(route => route.to === to.to && !added.some(other => samePlace(other, route))) ?? null;
		if (from !== null) {
			left.delete(from);
		}

		return {kind: 'set-route', from, to};
	});
	return [...changes, ...[...left].map((from): SetRouteAction => ({kind: 'set-route', from, to: null}))];
}

function samePlace(a: HostRoute, b: HostRoute): boolean {
	const [one, other] = [parsePrefix(a.to), parsePrefix(b.to)];
	return one !== undefined && other !== undefined && samePrefix(one, other) && effectiveMetric(one.family, a.metric) === effectiveMetric(other.family, b.metric);
}

function sameKey(a: HostRoute, b: HostRoute): boolean {
	return samePlace(a, b) && a.via === b.via && a.dev === b.dev;
}

function hostRouteWords(route: HostRoute): string {
	return routeWords(asRoute(route));
}

function titleOf(add: readonly HostRoute[], remove: readonly HostRoute[]): string {
	const parts = [
		...add.length === 0 ? [] : [`add ${add.map(route => hostRouteWords(route)).join('; ')}`],
		...remove.length === 0 ? [] : [`remove ${remove.map(route => hostRouteWords(route)).join('; ')}`],
	];
	return `routes of the host: ${parts.join('; ') || 'none named'}`;
}

// ETH_MIN_MTU, and what a packet's length field holds.
const anyMtu = {least: 68, most: 65_535};
// RFC 8200, 5.
const ipv6Mtu = 1280;

/** Sets the MTU of a PF's interface, first of the VLANs on it that have a bigger one; empty when it
 * has it. Throws PF_NO_DRIVER, and UNSUPPORTED for
 * what the driver does not take, or for less than the interface's IPv6 addresses need. */
export function mtuActions({netdevs}: Inventory, pf: Pf, mtuBytes: number): Action[] {
	const netdev = pf.netdevs.map(name => netdevs.get(name)).find(candidate => candidate !== undefined);
	if (!netdev) {
		throw new AppError('PF_NO_DRIVER', `${pfName(pf)} has no interface whose MTU could be set`, {why: pf.driver === null ? 'it has no driver' : `it is on ${pf.driver}`});
	}

	const [least, most] = [netdev.minMtuBytes ?? anyMtu.least, Math.min(netdev.maxMtuBytes ?? anyMtu.most, anyMtu.most)];
	if (!Number.isInteger(mtuBytes) || mtuBytes < least || mtuBytes > most) {
		throw new AppError('UNSUPPORTED', `${netdev.name} cannot have an MTU of ${mtuBytes}`, {why: `${netdev.maxMtuBytes === null ? 'it can be' : `driver ${pf.driver ?? ''} takes`} ${least} to ${most} bytes`, fix: `ip -d link show dev ${quote(netdev.name)}`, details: {least, most}});
	}

	const above = [...netdevs.values()].filter(({name, lowerDevices}) => name === netdev.name || lowerDevices.includes(netdev.name));
	const ipv6 = above.flatMap(({name, addresses}) => addresses.filter(address => address.includes(':')).map(address => `${name} has ${address}`))[0];
	if (mtuBytes < ipv6Mtu && ipv6 !== undefined) {
		throw new AppError('UNSUPPORTED', `${netdev.name} cannot have an MTU of ${mtuBytes}`, {why: `${ipv6}, and the kernel takes IPv6 off an interface below ${ipv6Mtu} bytes, with its addresses and routes`, fix: 'take the IPv6 addresses away first, if that is meant'});
	}

	// The kernel makes VLANs follow down (vlan_device_event), but not up again: said, so that undo can.
	const tooBig = [...netdevs.values()].filter(({lowerDevices, mtuBytes: own}) => lowerDevices.includes(netdev.name) && own > mtuBytes);
	return netdev.mtuBytes === mtuBytes ? [] : [...tooBig, netdev].map(({name, mtuBytes: from}) => ({kind: 'set-mtu', netdev: name, from, to: mtuBytes}));
}
