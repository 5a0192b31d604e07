// `ip [-6] route ...` on the main tables, with the kernel's rules and words as iproute2 6.1 prints
// them; test/route-kernel.test.ts holds this against the real thing.
import type {CommandResult} from '../host/host.ts';
import {broadcastOf, contains, hostPrefix, networkOf, parseAddress, prefixText, samePrefix, type Prefix} from '../model/ip.ts';
import {effectiveMetric, routePrefix} from '../model/route.ts';
import {addressList} from './ip-show.ts';
import {changing} from './machine.ts';
import type {Json, Machine} from './machine.ts';
import {isUp} from './netdevs.ts';

type Family = 4 | 6;
type Verb = 'add' | 'replace' | 'append' | 'del';

interface Wanted {
	family: Family;
	prefix: Prefix;
	via: string | undefined;
	dev: string | undefined;
	metric: number | undefined;
	protocol: string | undefined;
	source: string | undefined;
	onlink: boolean;
}

/** `ip -j [-6] route show`: routes of interfaces that are up. */
export function routeList(machine: Machine, family: Family): Json[] {
	return machine.routes[family].filter(route => devicesOf(route).some(name => name === 'lo' || !machine.tree.exists(`/sys/class/net/${name}`) || isUp(machine, name)));
}

/** Deletes the routes that the kernel deletes when an interface goes down and does not make again
 * when it comes up: all that it had not made itself (fib_sync_down_dev). */
export function loseRoutes(machine: Machine, netdev: string): void {
	for (const family of [4, 6] as const) {
		machine.routes[family] = machine.routes[family].filter(route => !devicesOf(route).includes(netdev) || route['protocol'] === 'kernel');
	}
}

/** Runs the words after `ip` of `ip [-4|-6] route add|replace|append|del ...`; undefined for others. */
export function ipRoute(machine: Machine, words: readonly string[]): CommandResult | undefined {
	const [option = '', ...rest] = words[0]?.startsWith('-') ? words : ['', ...words];
	const [object, verb, ...route] = rest;
	if (!['', '-4', '-6'].includes(option) || object !== 'route' || !isVerb(verb)) {
		return undefined;
	}

	const wanted = parseWanted(machine, option === '-6' ? 6 : route[0]?.includes(':') ? 6 : 4, route);
	if ('code' in wanted) {
		return wanted;
	}

	const refused = problem(machine, verb, wanted);
	if (refused !== undefined) {
		return failed(2, refused);
	}

	const at = machine.routes[wanted.family].findIndex(known => verb === 'del' ? fits(known, wanted) : takesPlace(known, wanted));
	if (verb === 'del' ? at < 0 : verb === 'add' && at >= 0) {
		return failed(2, `RTNETLINK answers: ${verb === 'del' ? 'No such process' : 'File exists'}`);
	}

	changing(machine, ['ip', ...words].join(' '));
	change(machine, verb, wanted, at);
	return {code: 0, stdout: '', stderr: ''};
}

function isVerb(word: string | undefined): word is Verb {
	return ['add', 'replace', 'append', 'del'].includes(word ?? '');
}

function parseWanted(machine: Machine, family: Family, [to = '', ...words]: readonly string[]): Wanted | CommandResult {
	const prefix = routePrefix({destination: to, family});
	if (prefix?.family !== family) {
		return failed(1, `Error: ${family === 6 ? 'inet6' : 'any valid'} prefix is expected rather than "${to}".`);
	}

	const wanted: Wanted = {family, prefix, via: undefined, dev: undefined, metric: undefined, protocol: undefined, source: undefined, onlink: false};
	for (let at = 0; at < words.length; at += 2) {
		const [word = '', value = ''] = words.slice(at, at + 2);
		switch (word) {
			case 'via': {
				const address = parseAddress(value);
				if (address?.family !== family) {
					return failed(1, `Error: ${family === 4 ? 'inet' : 'inet6'} address is expected rather than "${value}".`);
				}

				wanted.via = address.address;
				break;
			}

			case 'metric': {
				wanted.metric = Number(value);
				break;
			}

			case 'proto': {
				wanted.protocol = value;
				break;
			}

			case 'src': {
				wanted.source = value;
				break;
			}

			case 'dev': {
				wanted.dev = value;
				break;
			}

			case 'onlink': {
				wanted.onlink = true;
				at--;
				break;
			}

			default: {
				return failed(255, `Error: either "to" is duplicate, or "${word}" is a garbage.`);
			}
		}
	}

	return wanted.dev === undefined || machine.tree.exists(`/sys/class/net/${wanted.dev}`) ? wanted : failed(1, `Cannot find device "${wanted.dev}"`);
}

/** What the kernel says against it (fib_valid_key_len, fib_check_nh, fib6_nh_init), or undefined. */
function problem(machine: Machine, verb: Verb, wanted: Wanted): string | undefined {
	const {family, prefix, via, dev, source, onlink} = wanted;
	if (family === 4 && !samePrefix(networkOf(prefix), prefix)) {
		return 'Error: Invalid prefix for given prefix length.';
	}

	if (verb === 'del') {
		return undefined;
	}

	if (via === undefined && dev === undefined) {
		return 'RTNETLINK answers: No such device';
	}

	if (dev !== undefined && !isUp(machine, dev) && (via === undefined || (family === 6 && via.startsWith('fe80:')))) {
		return family === 4 ? 'Error: Device for nexthop is not up.' : 'Error: Nexthop device is not up.';
	}

	if (source !== undefined && !ownAddresses(machine).includes(source)) {
		return 'Error: Invalid prefsrc address.';
	}

	return via === undefined || onlink ? undefined : gatewayProblem(machine, wanted, via);
}

function gatewayProblem(machine: Machine, {family, dev}: Wanted, via: string): string | undefined {
	if (family === 6 && ownAddresses(machine).includes(via)) {
		return 'Error: Gateway can not be a local address.';
	}

	if (via.startsWith('fe80:')) {
		return dev === undefined ? 'Error: Egress device not specified.' : undefined;
	}

	const device = gatewayDevice(machine, via, dev);
	return device !== undefined && !isBroadcast(machine, via) ? undefined : family === 4 ? 'Error: Nexthop has invalid gateway.' : 'RTNETLINK answers: No route to host';
}

/** The interface of the longest network on a link that has the address. */
function gatewayDevice(machine: Machine, via: string, dev: string | undefined): string | undefined {
	const address = parseAddress(via);
	const target = address && hostPrefix(address);
	const [best] = routeList(machine, address?.family ?? 4).flatMap(route => {
		const prefix = routePrefix({destination: String(route['dst']), family: address?.family ?? 4});
		const onLink = route['gateway'] === undefined && (dev === undefined || route['dev'] === dev) && route['type'] === undefined;
		return prefix && target && onLink && contains(prefix, target) ? [{name: String(route['dev']), length: prefix.length}] : [];
	}).sort((a, b) => b.length - a.length);
	return best?.name;
}

function isBroadcast(machine: Machine, via: string): boolean {
	return interfaceAddresses(machine).some(({family, local, prefixlen}) => family === 'inet' && broadcastOf({family: 4, address: local, length: prefixlen}) === via);
}

function ownAddresses(machine: Machine): string[] {
	return interfaceAddresses(machine).map(({local}) => local);
}

function interfaceAddresses(machine: Machine): Array<{family: string; local: string; prefixlen: number}> {
	return addressList(machine).flatMap(link => Array.isArray(link['addr_info']) ? link['addr_info'] as Array<{family: string; local: string; prefixlen: number}> : []);
}

/** `ip route del` compares what was said. */
function fits(route: Json, {family, prefix, via, dev, metric}: Wanted): boolean {
	return isTo(route, family, prefix)
		&& (via === undefined || route['gateway'] === via)
		&& (dev === undefined || route['dev'] === dev)
		&& (metric === undefined || metric === 0 || metricOf(family, route) === metric);
}

function takesPlace(route: Json, {family, prefix, metric}: Wanted): boolean {
	return isTo(route, family, prefix) && metricOf(family, route) === effectiveMetric(family, metric ?? null);
}

function isTo(route: Json, family: Family, prefix: Prefix): boolean {
	const known = routePrefix({destination: String(route['dst']), family});
	return known !== undefined && samePrefix(known, networkOf(prefix));
}

function metricOf(family: Family, route: Json): number {
	return effectiveMetric(family, typeof route['metric'] === 'number' ? route['metric'] : null);
}

function change(machine: Machine, verb: Verb, wanted: Wanted, at: number): void {
	const {family} = wanted;
	const routes = [...machine.routes[family]];
	if (verb === 'del') {
		routes.splice(at, 1);
	} else if (verb === 'replace' && at >= 0) {
		routes[at] = shown(machine, wanted);
	} else {
		const before = routes.findIndex(route => isTo(route, family, wanted.prefix) && metricOf(family, route) > effectiveMetric(family, wanted.metric ?? null));
		routes.splice(before < 0 ? routes.length : before, 0, shown(machine, wanted));
	}

	machine.routes[family] = routes;
}

function shown(machine: Machine, {family, prefix, via, dev, metric, protocol, source, onlink}: Wanted): Json {
	const network = networkOf(prefix);
	const seen = effectiveMetric(family, metric ?? null);
	return {
		dst: network.length === 0 ? 'default' : network.length === (family === 4 ? 32 : 128) ? network.address : prefixText(network),
		...via === undefined ? {} : {gateway: via},
		dev: dev ?? gatewayDevice(machine, via ?? '', undefined),
		// "boot" is what iproute2 takes and does not show.
		...protocol === undefined || protocol === 'boot' ? {} : {protocol},
		...family === 4 && via === undefined ? {scope: 'link'} : {},
		...source === undefined ? {} : {prefsrc: source},
		...seen === 0 ? {} : {metric: seen},
		flags: onlink ? ['onlink'] : [],
		...family === 6 ? {pref: 'medium'} : {},
	};
}

function devicesOf(route: Json): string[] {
	const hops = Array.isArray(route['nexthops']) ? route['nexthops'] as Json[] : [route];
	return hops.map(hop => String(hop['dev'] ?? 'lo'));
}

function failed(code: number, message: string): CommandResult {
	return {code, stdout: '', stderr: `${message}\n`};
}
