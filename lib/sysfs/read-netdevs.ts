// Interfaces, addresses and routes of the host's namespace, from iproute2's JSON.
import type {Runner} from '../host/host.ts';
import {AppError} from '../errors.ts';
import {parseBdf} from '../model/bdf.ts';
import {parseMac} from '../model/mac.ts';
import type {Netdev, Route} from '../model/netdev.ts';

/** What iproute2 answered, as text; parsed by the functions below. */
export interface IpOutput {
	link: string;
	address: string;
	routes: string;
	routes6: string;
}

/** Runs the four `ip` queries side by side. */
export async function readIp(runner: Runner): Promise<IpOutput> {
	const [link, address, routes, routes6] = await Promise.all([
		run(runner, ['ip', '-j', '-d', 'link', 'show']),
		run(runner, ['ip', '-j', 'addr', 'show']),
		run(runner, ['ip', '-j', 'route', 'show']),
		run(runner, ['ip', '-j', '-6', 'route', 'show']),
	]);
	return {link, address, routes, routes6};
}

async function run(runner: Runner, argv: readonly [string, ...string[]]): Promise<string> {
	const {code, stdout, stderr} = await runner.run(argv);
	// IPv6 switched off makes `ip -6` fail; that is the same as no IPv6 routes.
	if (code !== 0 && !argv.includes('-6')) {
		throw new AppError('STEP_FAILED', `'${argv.join(' ')}' failed`, {why: stderr.trim() || `exit status ${code}`});
	}

	return code === 0 ? stdout : '[]';
}

interface IpLink {
	ifname?: string;
	altnames?: string[];
	flags?: string[];
	mtu?: number;
	min_mtu?: number;
	max_mtu?: number;
	operstate?: string;
	address?: string;
	master?: string;
	link?: string;
	linkinfo?: {info_kind?: string; info_data?: {vlan_filtering?: number}};
	parentbus?: string;
	parentdev?: string;
}

interface IpAddress {
	ifname?: string;
	addr_info?: Array<{family?: string; local?: string; prefixlen?: number; scope?: string}>;
}

/** Interfaces by name. */
export function parseNetdevs({link, address}: IpOutput): Map<string, Netdev> {
	const addresses = new Map<string, string[]>();
	for (const {ifname, addr_info: infos = []} of parseJson<IpAddress>(address, 'ip addr')) {
		if (ifname !== undefined) {
			addresses.set(ifname, infos.filter(info => info.scope !== 'link' && info.local !== undefined).map(info => `${info.local}/${info.prefixlen}`));
		}
	}

	const netdevs = new Map<string, Netdev>();
	for (const entry of parseJson<IpLink>(link, 'ip link')) {
		if (entry.ifname === undefined) {
			continue;
		}

		netdevs.set(entry.ifname, {
			name: entry.ifname,
			...entry.altnames === undefined ? {} : {altnames: entry.altnames},
			mac: entry.address === undefined ? null : parseMac(entry.address) ?? null,
			mtuBytes: entry.mtu ?? 0,
			minMtuBytes: entry.min_mtu ?? null,
			// 0 is a driver without a limit of its own (dev_validate_mtu in net/core/dev.c).
			maxMtuBytes: entry.max_mtu === undefined || entry.max_mtu === 0 ? null : entry.max_mtu,
			up: entry.flags?.includes('UP') ?? false,
			operstate: (entry.operstate ?? 'unknown').toLowerCase(),
			addresses: addresses.get(entry.ifname) ?? [],
			kind: entry.linkinfo?.info_kind ?? null,
			vlanFiltering: entry.linkinfo?.info_data?.vlan_filtering === 1,
			master: entry.master ?? null,
			lowerDevices: entry.link === undefined ? [] : [entry.link],
			bdf: entry.parentbus === 'pci' && entry.parentdev !== undefined ? parseBdf(entry.parentdev) ?? null : null,
		});
	}

	return netdevs;
}

interface NextHop {
	dev?: string;
	gateway?: string;
	/** An IPv4 route through an IPv6 gateway. */
	via?: {host?: string};
	flags?: string[];
}

interface IpRoute extends NextHop {
	type?: string;
	dst?: string;
	metric?: number;
	protocol?: string;
	prefsrc?: string;
	nexthops?: NextHop[];
}

/** Routes of the main tables, one entry per next hop. Those of link-local IPv6 are left out. */
export function parseRoutes({routes, routes6}: Pick<IpOutput, 'routes' | 'routes6'>): Route[] {
	const parsed: Route[] = [];
	const families = [[4, parseJson<IpRoute>(routes, 'ip route')], [6, parseJson<IpRoute>(routes6, 'ip -6 route')]] as const;
	for (const [family, list] of families) {
		for (const {dst, type = 'unicast', metric, protocol, prefsrc, nexthops = [], ...single} of list) {
			const hops = nexthops.length > 0 ? nexthops : [single];
			for (const {dev = '', gateway, via, flags = []} of dst === undefined || dst.startsWith('fe80:') || dst.startsWith('ff00:') ? [] : hops) {
				if (dev !== '' || type !== 'unicast') {
					parsed.push({
						destination: dst!, type, device: dev, family, gateway: gateway ?? via?.host ?? null,
						metric: metric ?? null, protocol: protocol ?? null, source: prefsrc ?? null, onlink: flags.includes('onlink'), hops: hops.length,
					});
				}
			}
		}
	}

	return parsed;
}

/** Routes of one family, as they are now. Throws STEP_FAILED. */
export async function readRoutes(runner: Runner, family: 4 | 6): Promise<Route[]> {
	return parseRoutes(family === 4
		? {routes: await run(runner, ['ip', '-j', 'route', 'show']), routes6: ''}
		: {routes: '', routes6: await run(runner, ['ip', '-j', '-6', 'route', 'show'])});
}

/** A JSON array of objects; damaged output is told, not guessed at. */
function parseJson<T>(text: string, what: string): T[] {
	let parsed: unknown;
	try {
		parsed = text.trim() === '' ? [] : JSON.parse(text);
	} catch (error) {
		throw new AppError('STEP_FAILED', `'${what}' answered something that is not JSON`, {why: String(error), fix: 'apt-get install --reinstall iproute2', cause: error});
	}

	return Array.isArray(parsed) ? parsed.filter(entry => typeof entry === 'object' && entry !== null) as T[] : [];
}
