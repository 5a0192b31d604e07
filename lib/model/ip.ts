// IP addresses and networks, IPv4 and IPv6, as text in one canonical form.
import ipaddr from 'ipaddr.js';
import {AppError} from '../errors.ts';

type Parsed = ReturnType<typeof ipaddr.parse>;

/** An address with the length of its network: `20.0.0.3/24`, `fd00::3/64`. */
export interface Prefix {
	readonly family: 4 | 6;
	/** RFC 5952 for IPv6. */
	readonly address: string;
	readonly length: number;
}

/** An address in canonical form, or undefined. Only four decimal parts are an IPv4 address:
 * `010.1` means different things to different programs. */
export function parseAddress(text: string): {family: 4 | 6; address: string} | undefined {
	const parsed = parse(text);
	return parsed && {family: parsed.kind() === 'ipv4' ? 4 : 6, address: format(parsed)};
}

/** `ADDRESS/LENGTH`, or undefined. Bits behind the length stay: an interface's address has them. */
export function parsePrefix(text: string): Prefix | undefined {
	const [, address = '', digits = ''] = text.length > longestText ? [] : /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
	const parsed = parseAddress(address);
	const length = Number(digits);
	return parsed && length <= bits(parsed.family) ? {...parsed, length} : undefined;
}

/** As parsePrefix; throws BAD_ADDRESS, naming what was meant by it. */
export function toPrefix(text: string, what: string): Prefix {
	const prefix = parsePrefix(text);
	if (!prefix) {
		throw new AppError('BAD_ADDRESS', `${what} '${shown(text)}' is not an address with the length of its network`, {why: 'it must be like 20.0.0.3/24 or fd00::3/64', fix: `give ${what} as ADDRESS/LENGTH`});
	}

	return prefix;
}

/** As parseAddress; throws BAD_ADDRESS. */
export function toAddress(text: string, what: string): {family: 4 | 6; address: string} {
	const parsed = parseAddress(text);
	if (!parsed) {
		throw new AppError('BAD_ADDRESS', `${what} '${shown(text)}' is not an IP address`, {why: 'it must be like 20.0.0.1 or fd00::1', fix: `give ${what} as an address`});
	}

	return parsed;
}

/** `20.0.0.3/24`. */
export function prefixText({address, length}: Prefix): string {
	return `${address}/${length}`;
}

/** The network of an address: 20.0.0.0/24 of 20.0.0.3/24. */
export function networkOf({family, address, length}: Prefix): Prefix {
	const bytes = ipaddr.parse(address).toByteArray().map((byte, index) => {
		const kept = Math.max(0, Math.min(8, length - index * 8));
		return byte & (0xFF << (8 - kept)) & 0xFF;
	});
	return {family, address: format(ipaddr.fromByteArray(bytes)), length};
}

/** The broadcast address of an IPv4 network; undefined where there is none: IPv6, /31 and /32. */
export function broadcastOf(prefix: Prefix): string | undefined {
	return prefix.family === 6 || prefix.length >= 31 ? undefined : ipaddr.IPv4.broadcastAddressFromCIDR(prefixText(prefix)).toString();
}

/** Everything in `inner` is in `outer`. */
export function contains(outer: Prefix, inner: Prefix): boolean {
	return outer.family === inner.family && outer.length <= inner.length && networkOf({...inner, length: outer.length}).address === networkOf(outer).address;
}

/** Some address is in both. */
export function overlap(a: Prefix, b: Prefix): boolean {
	return contains(a, b) || contains(b, a);
}

/** The address after it; its last byte must not be 255. */
export function nextAddress(address: string): string {
	const bytes = ipaddr.parse(address).toByteArray();
	return format(ipaddr.fromByteArray([...bytes.slice(0, -1), bytes.at(-1)! + 1]));
}

/** An address alone as a network: /32 or /128. */
export function hostPrefix({family, address}: {family: 4 | 6; address: string}): Prefix {
	return {family, address, length: bits(family)};
}

/** Same address or network, however it was written. */
export function samePrefix(a: Prefix, b: Prefix): boolean {
	return a.family === b.family && a.address === b.address && a.length === b.length;
}

/** Multicast, unspecified, loopback, IPv4 in an IPv6 address: nothing that an interface can be given. */
export function isUnusable(address: string): boolean {
	const range = parse(address)?.range();
	return range === undefined || ['multicast', 'unspecified', 'loopback', 'broadcast', 'ipv4Mapped'].includes(range);
}

function bits(family: 4 | 6): number {
	return family === 4 ? 32 : 128;
}

// INET6_ADDRSTRLEN, and the length behind a slash. Longer text is not even looked at.
const longestText = 45 + 4;

function parse(text: string): Parsed | undefined {
	// A zone (fe80::1%eth0) belongs to an interface, not to an address.
	if (text.length > longestText || text.includes('%')) {
		return undefined;
	}

	if (!text.includes(':')) {
		return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : undefined;
	}

	const plain = withoutDots(text);
	return plain !== undefined && ipaddr.IPv6.isValid(plain) ? ipaddr.IPv6.parse(plain) : undefined;
}

/** `::ffff:102:304` of `::ffff:1.2.3.4` (RFC 4291, 2.2): ipaddr.js would take octal parts there
 * and make `::1.2.3.4` another address. */
function withoutDots(text: string): string | undefined {
	if (!text.includes('.')) {
		return text;
	}

	const start = text.lastIndexOf(':') + 1;
	const last = text.slice(start);
	if (!ipaddr.IPv4.isValidFourPartDecimal(last)) {
		return undefined;
	}

	const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(last).toByteArray();
	return `${text.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** What was typed, cut where it stops to be of use. */
function shown(text: string): string {
	return text.length > longestText ? `${text.slice(0, longestText)}...` : text;
}

function format(parsed: Parsed): string {
	return parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
}
