// The output of `ip` in a guest, of iproute2 and of busybox, which has no JSON. Pure.
import type {GuestIp, IpRoute} from '../model/guest-network.ts';
import {sortedGuestIp} from '../model/guest-ip.ts';
import {contains, hostPrefix, networkOf, parseAddress, parsePrefix, prefixText, samePrefix, type Prefix} from '../model/ip.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {isPassing} from '../model/passing-route.ts';
import {statedMetric} from '../model/route.ts';

/** One line of `ip -o link show`. */
export interface GuestLink {
	readonly name: string;
	readonly mac: Mac;
	readonly mtuBytes: number;
	readonly up: boolean;
	/** Bond, bridge or failover interface above it, or null. */
	readonly master: string | null;
}

// So much is looked at: a guest may say what it likes.
const mostLines = 2000;

/** Interfaces with a MAC address; lines that are something else are passed over. */
export function parseGuestLinks(text: string): GuestLink[] {
	return lines(text).flatMap(line => {
		const [, name, flags] = /^\d+: ([^\s:@]{1,15})(?:@[^\s:]+)?: <([\w,-]*)>/.exec(line) ?? [];
		const mac = parseMac(/\slink\/\w+ ([\da-f:]{17})(?:\s|$)/.exec(line)?.[1] ?? '');
		const mtu = /\smtu (\d{1,6})\s/.exec(line)?.[1];
		return name === undefined || mac === undefined || mtu === undefined ? [] : [{
			name, mac,
			mtuBytes: Number(mtu),
			up: flags!.split(',').includes('UP'),
			master: /\smaster (\S{1,15})\s/.exec(line)?.[1] ?? null,
		}];
	});
}

/** The interface to configure of those with the MAC: the halves of a failover pair and members of
 * a bond have a master, which has the same MAC. */
export function chooseGuestLink(links: readonly GuestLink[], mac: Mac): GuestLink | undefined {
	const same = links.filter(link => link.mac === mac);
	return same.find(({name}) => same.some(({master}) => master === name))
		?? same.find(({master}) => master === null)
		?? same[0];
}

/** What an interface has: outputs of `ip -o addr show dev X`, `ip route show dev X` and
 * `ip -6 route show dev X`. Link-local and passing addresses (DHCP, router advertisements) and
 * the routes that come with addresses are left out: nobody set them. */
export function parseGuestIp({mtuBytes, up}: Pick<GuestLink, 'mtuBytes' | 'up'>, {addresses, routes, routes6}: {addresses: string; routes: string; routes6: string}): GuestIp {
	const all = lines(addresses).flatMap(line => {
		const [, text, rest] = /^\d+: \S+\s+inet6? ([\da-f.:]+\/\d+) (.*)$/.exec(line) ?? [];
		const prefix = text === undefined ? undefined : parsePrefix(text);
		return prefix === undefined ? [] : [{prefix, kept: !/\bscope (?:link|host)\b/.test(rest!) && !/ (?:dynamic|temporary) /.test(rest!)}];
	});
	const own = lines(addresses).flatMap(line => {
		// `inet 50.0.0.1 peer 50.0.0.2/32`: the address of a line to one other end.
		const [, address = '', length = ''] = /\sinet6? ([\da-f.:]+)(?: peer [\da-f.:]+)?\/(\d+) /.exec(line) ?? [];
		return parsePrefix(`${address}/${length}`) ?? [];
	});
	return sortedGuestIp({
		addresses: all.filter(({kept}) => kept).map(({prefix}) => prefixText(prefix)),
		routes: [...lines(routes).flatMap(line => parseRoute(line, 4, own)), ...lines(routes6).flatMap(line => parseRoute(line, 6, own))],
		mtuBytes, up,
	});
}

function parseRoute(line: string, family: 4 | 6, own: readonly Prefix[]): IpRoute[] {
	const words = line.trim().split(/\s+/);
	const after = (name: string) => words.includes(name) ? words[words.indexOf(name) + 1] : undefined;
	const to = destination(words[0] ?? '', family);
	const via = words.includes('via') ? parseAddress(after('via') ?? '')?.address : null;
	const metric = Number(after('metric') ?? 0);
	if (to === undefined || via === undefined || !Number.isSafeInteger(metric) || isPassing(after('proto')) || words.includes('expires')) {
		return [];
	}

	// busybox does not tell the protocol.
	const source = after('src');
	const comesWithAddress = via === null && (own.some(one => samePrefix(networkOf(one), to)) || own.some(({address}) => address === source));
	const local = [{family: 6, address: 'fe80::', length: 10}, {family: 6, address: 'ff00::', length: 8}] as const;
	return comesWithAddress || local.some(network => contains(network, to))
		? []
		: [{to: prefixText(to), via, metric: statedMetric(family, metric)}];
}

function destination(word: string, family: 4 | 6): Prefix | undefined {
	const address = parseAddress(word);
	const prefix = word === 'default' ? parsePrefix(family === 4 ? '0.0.0.0/0' : '::/0') : address ? hostPrefix(address) : parsePrefix(word);
	return prefix?.family === family ? prefix : undefined;
}

function lines(text: string): string[] {
	return text.split('\n', mostLines);
}
