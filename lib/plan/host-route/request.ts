// A route of the host as it is typed: what is not said is found.
import {AppError} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import {contains, hostPrefix, parsePrefix, prefixText, samePrefix, toAddress} from '../../model/ip.ts';
import type {Route} from '../../model/netdev.ts';
import {effectiveMetric, routePrefix, routesTo, routeWords} from '../../model/route.ts';
import {quote} from '../../model/shell-word.ts';
import type {HostRoute} from '../action.ts';
import {removable} from '../plan-host-route.ts';
import {routeDevice, toNetwork} from './check-route.ts';
import {devicesOnLink, linkNetworks} from './links.ts';

/** Words of the command line. */
export interface RouteRequest {
	/** ADDRESS/LENGTH, an address, or `default`. */
	readonly network: string;
	readonly via?: string | undefined;
	/** Name of an interface, a PF or a VF. */
	readonly dev?: string | undefined;
	readonly metric?: string | undefined;
}

/** The route to add. Without a device it is that on whose link the gateway is. Throws BAD_ADDRESS,
 * USAGE, and what `routeDevice` throws. */
export function requestedRoute(inventory: Inventory, {network, via, dev, metric}: RouteRequest): HostRoute {
	const to = prefixText(toNetwork(network, via));
	const gateway = via === undefined ? null : toAddress(via, 'the gateway').address;
	if (gateway === null && dev === undefined) {
		throw new AppError('USAGE', `it is not said where ${to} is`, {why: 'a route needs a gateway or an interface', fix: 'add --via ADDRESS or --interface NAME'});
	}

	return {to, via: gateway, dev: dev === undefined ? gatewayDevice(inventory, gateway!) : routeDevice(inventory, dev), metric: toMetric(metric)};
}

/** The route to take away: the one that fits what is said. Throws ROUTE_NOT_FOUND, USAGE when
 * several fit, and UNSUPPORTED for what vfctl does not take away. */
export function requestedRemoval(inventory: Inventory, {network, via, dev, metric}: RouteRequest): HostRoute {
	const [to, wanted] = [toNetwork(network, via), toMetric(metric)];
	const gateway = via === undefined ? undefined : toAddress(via, 'the gateway').address;
	const device = dev === undefined || inventory.routes.some(route => route.device === dev) ? dev : routeDevice(inventory, dev);
	const there = inventory.routes.filter(route => {
		const prefix = routePrefix(route);
		return prefix !== undefined && samePrefix(prefix, to);
	});
	const fitting = there.filter(route => (gateway === undefined || route.gateway === gateway)
		&& (device === undefined || route.device === device)
		&& (wanted === null || effectiveMetric(route.family, route.metric) === wanted));
	const [route, another] = fitting;
	if (route === undefined) {
		throw new AppError('ROUTE_NOT_FOUND', `the host has no such route to ${prefixText(to)}`, {why: there.length === 0 ? 'no route has exactly this network' : `there is ${there.map(known => routeWords(known)).join('; ')}`, fix: 'vfctl route list host'});
	}

	if (another !== undefined && route.hops === 1) {
		throw new AppError('USAGE', `several routes lead to ${prefixText(to)}`, {why: fitting.map(known => routeWords(known)).join('; '), fix: 'say which one with --via, --interface or --metric'});
	}

	return removable(route);
}

function gatewayDevice(inventory: Inventory, via: string): string {
	const target = hostPrefix(toAddress(via, 'the gateway'));
	if (contains(parsePrefix('fe80::/10')!, target)) {
		throw new AppError('BAD_ADDRESS', `it is not said on which interface ${via} is`, {why: 'a link-local address can be on any', fix: 'add --interface NAME'});
	}

	const devices = devicesOnLink(linkNetworks(inventory), target).filter(name => inventory.netdevs.get(name)?.up === true);
	const [device, another] = devices;
	if (device === undefined) {
		const nearest = nearestRoute(inventory, via);
		throw new AppError('BAD_ADDRESS', `no interface of the host has ${via} on its link`, {
			why: `a gateway must be a neighbour${nearest === undefined ? '' : `, and packets to it take the route ${routeWords(nearest)}`}`,
			fix: 'give an interface an address in the gateway\'s network, or name the interface with --interface',
		});
	}

	if (another !== undefined) {
		throw new AppError('BAD_ADDRESS', `${via} is on the link of several interfaces`, {why: devices.join(', '), fix: `add --interface ${quote(device)}`});
	}

	return device;
}

function nearestRoute({routes}: Inventory, via: string): Route | undefined {
	return routesTo(routes, via)[0];
}

/** Null when it is not said. */
function toMetric(text: string | undefined): number | null {
	if (text === undefined) {
		return null;
	}

	const metric = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
	if (!(metric <= 0xFF_FF_FF_FF)) {
		throw new AppError('USAGE', `'${text.slice(0, 50)}' is no metric`, {why: 'it must be a whole number from 0 to 4294967295', fix: 'the lower one wins: --metric 100'});
	}

	return metric;
}
