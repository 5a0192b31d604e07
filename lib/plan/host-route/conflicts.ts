// Whether a new route contradicts what is there. The kernel takes the longest network that has an
// address, then the lowest metric. So a network inside one that a gateway serves, or around a
// smaller one, is routing as it should be; a network that also lies on the link of another
// interface is not: its machines are in two places.
import {AppError} from '../../errors.ts';
import {contains, parsePrefix, prefixText, samePrefix, type Prefix} from '../../model/ip.ts';
import type {Inventory} from '../../model/inventory.ts';
import {effectiveMetric, isRoute, routePrefix, routeWords, sameSlot} from '../../model/route.ts';
import {quote} from '../../model/shell-word.ts';
import type {HostRoute} from '../action.ts';
import {linkNetworks, type GuestLink, type LinkNetwork} from './links.ts';

const shownNotes = 5;

/** Throws ROUTE_CONFLICT for a network that lies on the link of another interface. Returns what
 * else the admin should know. `inventory` is without routes that go. */
export function checkOverlaps(inventory: Inventory, route: HostRoute, guests: readonly GuestLink[]): string[] {
	const network = parsePrefix(route.to)!;
	if (network.length === 0) {
		return defaultNotes(inventory, route);
	}

	const links = linkNetworks(inventory, guests);
	const notes = links.flatMap(link => linkNote(link, {route, network, links}));
	const all = [...notes, ...gatewayNotes(inventory, route, network), ...sourceNotes(inventory, route)];
	return all.length > shownNotes ? [...all.slice(0, shownNotes), `and ${all.length - shownNotes} more networks overlap with ${route.to}: vfctl route list host`] : all;
}

/** Throws ROUTE_CONFLICT when there is another route of the same network and metric. */
export function requireFreePlace({routes}: Inventory, route: HostRoute): void {
	const there = routes.find(known => sameSlot(known, route) && !isRoute(known, route));
	if (there) {
		throw new AppError('ROUTE_CONFLICT', `${route.to} has a route already`, {
			why: `there is ${routeWords(there)}; of two with the same metric the kernel keeps one`,
			fix: there.protocol === 'kernel' ? `it comes with the address of ${there.device}: use another network` : `vfctl route delete host ${quote(route.to)} first, or give --metric: the lower one wins`,
			details: {route: {destination: there.destination, gateway: there.gateway, device: there.device, metric: there.metric}},
		});
	}
}

/** Throws when the network is on the link of another interface; a note when that one goes on as before. */
function linkNote({network: theirs, device, reason}: LinkNetwork, {route, network, links}: {route: HostRoute; network: Prefix; links: readonly LinkNetwork[]}): string[] {
	const {to, via, dev} = route;
	const isOwn = links.some(link => link.device === dev && link.network.length >= theirs.length && contains(link.network, network));
	if (device === dev || isOwn || theirs.family !== network.family) {
		return [];
	}

	if (contains(theirs, network)) {
		throw new AppError('ROUTE_CONFLICT', `${to} is on the link of ${device === '' ? 'another network' : device} already`, {
			why: `${reason}: ${samePrefix(theirs, network) ? 'its' : 'some of its'} machines would be looked for through ${dev}`,
			fix: `use a network that is not part of ${prefixText(theirs)}`,
			details: {network: prefixText(theirs), device},
		});
	}

	if (!contains(network, theirs)) {
		return [];
	}

	const isOne = theirs.length === (theirs.family === 4 ? 32 : 128);
	if (via === null && !isOne) {
		throw new AppError('ROUTE_CONFLICT', `${to} overlaps with ${prefixText(theirs)}`, {
			why: `${reason}, and the longer network wins: machines of ${prefixText(theirs)} behind ${dev} would never be reached`,
			fix: 'give the networks that are on the link one by one, or a gateway',
			details: {network: prefixText(theirs), device},
		});
	}

	return [`${prefixText(theirs)} goes on through ${device === '' ? 'its own network' : device} (${reason}): the longer network wins`];
}

/** Routes through gateways that the new one takes packets from, or leaves alone. */
function gatewayNotes({routes}: Inventory, route: HostRoute, network: Prefix): string[] {
	return routes.flatMap(known => {
		const theirs = routePrefix(known);
		if (!theirs || theirs.length === 0 || known.gateway === null || theirs.family !== network.family || (known.device === route.dev && known.gateway === route.via)) {
			return [];
		}

		if (samePrefix(theirs, network)) {
			const [old, now] = [effectiveMetric(theirs.family, known.metric), effectiveMetric(network.family, route.metric)];
			return [`there is also ${routeWords(known)}: ${now < old ? 'the new route wins, its metric is lower' : 'the new route is only for when that one is gone, its metric is higher'}`];
		}

		return contains(theirs, network) ? [`packets to ${route.to} no longer take ${routeWords(known)}: the longer network wins`]
			: contains(network, theirs) ? [`${known.destination} goes on ${known.gateway === null ? '' : `via ${known.gateway} `}on ${known.device}: the longer network wins`] : [];
	});
}

function defaultNotes({routes}: Inventory, route: HostRoute): string[] {
	const family = route.to.includes(':') ? 6 : 4;
	return routes.filter(known => known.destination === 'default' && known.family === family).map(known =>
		`there is also ${routeWords(known)}: ${effectiveMetric(family, route.metric) < effectiveMetric(family, known.metric) ? 'everything that has no route of its own takes the new one, whose metric is lower' : 'the new one is only for when that one is gone'}`);
}

/** Without an address the answers of the other side have no network to come back to. */
function sourceNotes({netdevs}: Inventory, {to, dev, source}: HostRoute): string[] {
	const isV6 = to.includes(':');
	const has = netdevs.get(dev)?.addresses.some(address => address.includes(':') === isV6) ?? false;
	return has || source !== undefined ? [] : [`${dev} has no ${isV6 ? 'IPv6' : 'IPv4'} address: the host's packets leave with another interface's address, and the other side needs a route back to that`];
}
