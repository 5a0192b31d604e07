// Comparing what interfaces of guests have: lists in one order, without doubles.
import type {GuestIp, GuestNetwork, IpRoute} from './guest-network.ts';

/** An interface that has just appeared, or that nothing is known of. */
export const noGuestIp: GuestIp = {addresses: [], routes: [], mtuBytes: null, up: false};

/** The same with its lists sorted and without doubles. */
export function sortedGuestIp({addresses, routes, ...rest}: GuestIp): GuestIp {
	return {
		...rest,
		addresses: [...new Set(addresses)].sort(),
		routes: routes.filter((route, index) => routes.findIndex(other => sameRoute(route, other)) === index)
			.map(({to, via, metric}) => ({to, via, metric}))
			.sort((a, b) => compareText(routeText(a), routeText(b))),
	};
}

/** Same addresses, routes and state; an MTU that one of them does not tell counts as the same. */
export function sameGuestIp(a: GuestIp, b: GuestIp): boolean {
	const [one, other] = [sortedGuestIp(a), sortedGuestIp(b)];
	return one.up === other.up
		&& (one.mtuBytes === null || other.mtuBytes === null || one.mtuBytes === other.mtuBytes)
		&& one.addresses.join(' ') === other.addresses.join(' ')
		&& one.routes.map(route => routeText(route)).join('|') === other.routes.map(route => routeText(route)).join('|');
}

/** The same for a configuration file, whatever the order of addresses and routes. 1500 is the MTU of
 * an interface that is given none. */
export function sameGuestNetwork(a: GuestNetwork, b: GuestNetwork): boolean {
	const asIp = ({addresses, routes, mtuBytes}: GuestNetwork): GuestIp => ({addresses, routes, mtuBytes: mtuBytes ?? 1500, up: true});
	return sameGuestIp(asIp(a), asIp(b)) && a.nameservers.join(' ') === b.nameservers.join(' ');
}

/** Same network, gateway and metric. */
export function sameRoute(a: IpRoute, b: IpRoute): boolean {
	return a.to === b.to && a.via === b.via && a.metric === b.metric;
}

/** `10.0.0.0/24 via 20.0.0.1 metric 5`. */
export function routeText({to, via, metric}: IpRoute): string {
	return `${to}${via === null ? '' : ` via ${via}`}${metric === null ? '' : ` metric ${metric}`}`;
}

/** `20.0.0.3/24, route 10.0.0.0/24 via 20.0.0.1, MTU 1500, up`. */
export function guestIpText({addresses, routes, mtuBytes, up}: GuestIp): string {
	return [...addresses, ...routes.map(route => `route ${routeText(route)}`), ...mtuBytes === null ? [] : [`MTU ${mtuBytes}`], up ? 'up' : 'down'].join(', ');
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
