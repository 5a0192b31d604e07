// Plans the addresses and routes that an IPAM plugin gave for an interface in a container.
import {AppError} from '../../errors.ts';
import type {CniResult} from '../../model/cni.ts';
import type {IpRoute} from '../../model/guest-network.ts';
import {sameGuestIp, sortedGuestIp} from '../../model/guest-ip.ts';
import {parsePrefix} from '../../model/ip.ts';
import type {CniAttachment, NetnsRef} from '../../model/netns.ts';
import type {PlacedNetdev} from '../netns/netns-request.ts';
import type {Plan} from '../plan.ts';

/** The plan that gives the interface what the result says, beside what it has (a link-local
 * address is not told). Throws UNSUPPORTED for what vfctl does not set on routes. */
export function planCniAddresses(netdev: PlacedNetdev & {place: {netns: NetnsRef}}, result: CniResult, cni: CniAttachment): Plan {
	const {bdf, place, ip} = netdev;
	const to = {...ip, ...sortedGuestIp({
		addresses: [...ip.addresses, ...result.ips.map(({address}) => address)],
		routes: [...ip.routes, ...cniRoutes(result)],
		mtuBytes: ip.mtuBytes,
		up: true,
	})};
	return {
		version: 1,
		// Not 'netns-attach': taking the interface back takes its addresses with it.
		subject: {command: 'network', netns: place.netns, vf: bdf, cni},
		title: `give ${place.name} in namespace ${place.netns.name} what IPAM says`,
		actions: sameGuestIp(ip, to) ? [] : [{kind: 'netns-network', bdf, place, from: ip, to}],
		warnings: [],
		risks: [],
	};
}

/** Routes of a result as they are set: without a gateway of its own, a route goes through that of
 * the first address of its family (ipam.ConfigureIface of containernetworking/plugins). */
export function cniRoutes({ips, routes}: CniResult): IpRoute[] {
	return routes.map(({to, via, metric, more}) => {
		const named = Object.keys(more);
		if (named.length > 0) {
			throw new AppError('UNSUPPORTED', `the route to ${to} has ${named.join(', ')}, which vfctl does not set`, {why: 'IPAM gave it with the route', fix: 'take it out of \'ipam\', and use the sbr or tuning plugin after this one'});
		}

		const family = parsePrefix(to)?.family;
		return {to, metric, via: via ?? ips.find(({address, gateway}) => gateway !== null && parsePrefix(address)?.family === family)?.gateway ?? null};
	});
}
