// Addresses for a measurement that nothing else here has.
import {overlap, toPrefix, type Prefix} from './ip.ts';

/** The addresses of both ends, `198.18.0.1/24` and `198.18.0.2/24`. */
export type BenchAddresses = readonly [string, string];

// RFC 2544, appendix C.2.2: 198.18.0.0/15 is for measurements between devices. Where a host has a
// route to all of it, a network of unique local addresses (RFC 4193) with a fixed odd global ID.
const networks = [
	...Array.from({length: 512}, (_, index) => `198.${18 + (index >> 8)}.${index & 255}`).map(start => ({network: `${start}.0/24`, ends: [`${start}.1/24`, `${start}.2/24`] as const})),
	{network: 'fdb5:7ac1:94e3::/64', ends: ['fdb5:7ac1:94e3::1/64', 'fdb5:7ac1:94e3::2/64'] as const},
];

/** The first network that overlaps none of these; undefined when all are taken. A default route
 * (length 0) takes nothing. */
export function freeBenchNetwork(used: readonly Prefix[]): BenchAddresses | undefined {
	const taken = used.filter(({length}) => length > 0);
	return networks.find(({network}) => {
		const prefix = toPrefix(network, 'the network');
		return !taken.some(other => overlap(prefix, other));
	})?.ends;
}
