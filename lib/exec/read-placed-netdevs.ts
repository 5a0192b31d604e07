// What an interface in a network namespace has there.
import {AppError} from '../errors.ts';
import type {CommandResult, Runner} from '../host/host.ts';
import {sortedGuestIp} from '../model/guest-ip.ts';
import type {IpRoute} from '../model/guest-network.ts';
import {parsePrefix, prefixText} from '../model/ip.ts';
import {ipInside, type NetnsRef} from '../model/netns.ts';
import {isPassing} from '../model/passing-route.ts';
import {routePrefix, statedMetric} from '../model/route.ts';
import type {NetnsIp} from '../plan/netns-actions.ts';
import {readNetdevsIn} from '../sysfs/find-functions.ts';
import {parseRoutes} from '../sysfs/read-netdevs.ts';

/** What an interface has; null when it is not there. Link-local addresses, those that a router or a
 * DHCP client gives, and their routes are left out: nobody set them. Throws STEP_FAILED. */
export async function readIpIn(runner: Runner, netns: NetnsRef | null, name: string): Promise<NetnsIp | null> {
	const [netdevs, address, routes, routes6] = await Promise.all([
		readNetdevsIn(runner, netns),
		ask(runner, netns, ['-j', 'addr', 'show']),
		ask(runner, netns, ['-j', 'route', 'show']),
		ask(runner, netns, ['-j', '-6', 'route', 'show']),
	]);
	const netdev = netdevs?.get(name);
	if (netdev === undefined) {
		return null;
	}

	for (const {code, stderr} of [address, routes]) {
		if (code !== 0) {
			throw new AppError('STEP_FAILED', `what ${name} has in namespace ${netns?.name ?? 'of the host'} cannot be read`, {why: stderr.trim() || `ip ended with ${code}`});
		}
	}

	return {
		mac: netdev.mac,
		...sortedGuestIp({
			addresses: parseAddresses(address.stdout, name),
			// Fails where IPv6 is switched off, which is the same as no routes.
			routes: parseOwnRoutes({routes: routes.stdout, routes6: routes6.code === 0 ? routes6.stdout : ''}, name),
			mtuBytes: netdev.mtuBytes,
			up: netdev.up,
		}),
	};
}

interface IpAddress {
	ifname?: string;
	addr_info?: Array<{local?: string; prefixlen?: number; scope?: string; dynamic?: boolean; temporary?: boolean}>;
}

function parseAddresses(text: string, name: string): string[] {
	const parsed = JSON.parse(text.trim() || '[]') as IpAddress[];
	return parsed.filter(({ifname}) => ifname === name).flatMap(({addr_info: infos = []}) => infos.flatMap(({local, prefixlen, scope, dynamic, temporary}) => {
		const prefix = scope === 'link' || dynamic === true || temporary === true ? undefined : parsePrefix(`${local}/${prefixlen}`);
		return prefix === undefined ? [] : [prefixText(prefix)];
	}));
}

function parseOwnRoutes(texts: {routes: string; routes6: string}, name: string): IpRoute[] {
	return parseRoutes(texts).filter(({device, type, hops, protocol}) => device === name && type === 'unicast' && hops === 1 && !isPassing(protocol)).flatMap(route => {
		const prefix = routePrefix(route);
		return prefix === undefined ? [] : [{to: prefixText(prefix), via: route.gateway, metric: statedMetric(route.family, route.metric)}];
	});
}

async function ask(runner: Runner, netns: NetnsRef | null, words: readonly string[]): Promise<CommandResult> {
	return runner.run([...ipInside(netns), ...words]);
}
