// What `ip` of iproute2 or BusyBox says at an end of a measurement. Pure.
import {contains, isUnusable, networkOf, parseAddress, parsePrefix, samePrefix, type Prefix} from '../../model/ip.ts';

const mostLines = 2000;

export interface EndAddress {
	readonly interface: string;
	readonly prefix: Prefix;
}

/** Addresses of `ip -o addr show` that another machine can reach. */
export function parseEndAddresses(text: string): EndAddress[] {
	return text.split('\n').slice(0, mostLines).flatMap(line => {
		const [, name, cidr] = /^\d+: ([^\s:@]{1,15})\s+inet6? (\S{1,50}) /.exec(line) ?? [];
		const prefix = parsePrefix(cidr ?? '');
		return name === undefined || prefix === undefined || isUnusable(prefix.address) || isLinkLocal(prefix) ? [] : [{interface: name, prefix}];
	});
}

/** Everything in the text that is an address or a network: what is in use there. */
export function parsePrefixes(text: string): Prefix[] {
	return text.split('\n').slice(0, mostLines).flatMap(line => line.split(/\s+/)).flatMap(word => {
		const address = parseAddress(word);
		return parsePrefix(word) ?? (address === undefined ? [] : {...address, length: address.family === 4 ? 32 : 128});
	});
}

/** The first pair of addresses in one network, IPv4 first. */
export function findCommonNetwork(a: readonly EndAddress[], b: readonly EndAddress[]): [EndAddress, EndAddress] | undefined {
	const pairs = a.flatMap(one => b.filter(other => samePrefix(networkOf(one.prefix), networkOf(other.prefix)) && one.prefix.address !== other.prefix.address).map(other => [one, other] as [EndAddress, EndAddress]));
	return pairs.find(([{prefix}]) => prefix.family === 4) ?? pairs[0];
}

/** Interface and own address of `ip route get`. */
export function parseRouteGet(text: string): {interface: string | null; address: string | null} {
	return {
		interface: /\sdev (\S{1,15})(?:\s|$)/.exec(text)?.[1] ?? null,
		address: parseAddress(/\ssrc (\S{1,45})(?:\s|$)/.exec(text)?.[1] ?? '')?.address ?? null,
	};
}

function isLinkLocal(prefix: Prefix): boolean {
	return contains({family: 6, address: 'fe80::', length: 10}, prefix) || contains({family: 4, address: '169.254.0.0', length: 16}, prefix);
}
