// What a route of the main table means: which network, which one wins, where packets go.
import {contains, hostPrefix, parseAddress, parsePrefix, samePrefix, type Prefix} from './ip.ts';
import type {Route} from './netdev.ts';

/** A route as far as it decides where packets go. */
export interface RouteKey {
	/** CIDR. */
	readonly to: string;
	readonly via: string | null;
	readonly dev: string;
	readonly metric: number | null;
}

/** The network of a route, or undefined for text that is none. */
export function routePrefix({destination, family}: Pick<Route, 'destination' | 'family'>): Prefix | undefined {
	if (destination === 'default') {
		return {family, address: family === 4 ? '0.0.0.0' : '::', length: 0};
	}

	const address = parseAddress(destination);
	return address ? hostPrefix(address) : parsePrefix(destination);
}

/** What the kernel takes when no metric is given: 0 for IPv4, IP6_RT_PRIO_USER for IPv6, which
 * stands for 0 there too. */
export function effectiveMetric(family: 4 | 6, metric: number | null): number {
	return family === 6 && (metric === null || metric === 0) ? 1024 : metric ?? 0;
}

/** The metric as one would state it: null for what the kernel takes when none is given. */
export function statedMetric(family: 4 | 6, metric: number | null): number | null {
	return effectiveMetric(family, metric) === effectiveMetric(family, null) ? null : metric;
}

/** The same network with the same metric: of two such routes the kernel keeps one. */
export function sameSlot(route: Route, {to, metric}: Pick<RouteKey, 'to' | 'metric'>): boolean {
	const [one, other] = [routePrefix(route), parsePrefix(to)];
	return one !== undefined && other !== undefined && samePrefix(one, other)
		&& effectiveMetric(route.family, route.metric) === effectiveMetric(route.family, metric);
}

/** Exactly this route: network, gateway, device and metric, and no other next hop. */
export function isRoute(route: Route, key: RouteKey): boolean {
	return sameSlot(route, key) && route.type === 'unicast' && route.hops === 1 && route.device === key.dev && route.gateway === key.via;
}

/** In words: "10.0.0.0/24 via 10.1.0.1 on eth1, metric 5". */
export function routeWords({destination, type, gateway, device, metric, protocol, hops}: Route): string {
	const where = [
		destination === 'default' ? 'default' : destination,
		...type === 'unicast' ? [] : [`(${type})`],
		...gateway === null ? [] : [`via ${gateway}`],
		...device === '' ? [] : [`on ${device}`],
	].join(' ');
	return [where, ...metric === null ? [] : [`metric ${metric}`], ...hops > 1 ? [`one of ${hops} next hops`] : [], ...protocol === null || protocol === 'boot' ? [] : [`made by ${protocol}`]].join(', ');
}

/** The routes that packets to an address take: the longest network that has it, then the lowest
 * metric; several next hops of one route, or none. */
export function routesTo(routes: readonly Route[], address: string): Route[] {
	const parsed = parseAddress(address);
	if (!parsed) {
		return [];
	}

	const target = hostPrefix(parsed);
	const fitting = routes.flatMap(route => {
		const prefix = routePrefix(route);
		return prefix && contains(prefix, target) ? [{route, length: prefix.length, metric: effectiveMetric(route.family, route.metric)}] : [];
	});
	const longest = Math.max(...fitting.map(({length}) => length));
	const lowest = Math.min(...fitting.filter(({length}) => length === longest).map(({metric}) => metric));
	return fitting.filter(({length, metric}) => length === longest && metric === lowest).map(({route}) => route);
}
