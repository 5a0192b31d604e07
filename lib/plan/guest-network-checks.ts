// What an interface of a guest cannot be given, found before anything changes.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import {broadcastOf, contains, hostPrefix, isUnusable, networkOf, nextAddress, overlap, parsePrefix, prefixText, samePrefix, toAddress, toPrefix, type Prefix} from '../model/ip.ts';
import type {GuestNetwork, IpRoute} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import type {Pf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';

// RFC 8200: every link of IPv6 carries 1280 bytes; the kernel takes IPv6 off an interface below.
const leastMtu6 = 1280;

/** Throws BAD_ADDRESS for an address, gateway or route that no interface could have together
 * with the others. */
export function requireUsableNetwork({addresses, routes, mtuBytes}: Omit<GuestNetwork, 'nameservers'>): void {
	const own = addresses.map(text => toPrefix(text, 'the address'));
	for (const prefix of own) {
		requireHostAddress(prefix, 'the address');
	}

	for (const route of routes) {
		requireRoute(route, own);
	}

	if (mtuBytes !== null && mtuBytes < leastMtu6 && own.some(({family}) => family === 6)) {
		throw new AppError('BAD_ADDRESS', `an interface with an MTU of ${mtuBytes} has no IPv6 address`, {why: `IPv6 needs ${leastMtu6} bytes, and the kernel takes its addresses away below that`, fix: `give --mtu ${leastMtu6} or more, or IPv4 addresses alone`});
	}
}

/** Throws BAD_ADDRESS when the route cannot be on an interface with these addresses. */
export function requireRoute({to, via}: IpRoute, own: readonly Prefix[]): void {
	const network = toPrefix(to, 'the network');
	if (!samePrefix(networkOf(network), network)) {
		throw new AppError('BAD_ADDRESS', `${to} is not a network`, {why: `it has bits behind its length; the network is ${prefixText(networkOf(network))}`, fix: `give ${prefixText(networkOf(network))}`});
	}

	if (network.length > 0 && isUnusable(network.address)) {
		throw new AppError('BAD_ADDRESS', `there is no route to ${to}`, {why: 'it is multicast or loopback', fix: 'name the network of other machines'});
	}

	if (own.some(address => samePrefix(networkOf(address), network))) {
		throw new AppError('BAD_ADDRESS', `the network ${to} needs no route`, {why: 'the interface has an address in it, and the kernel makes the route with the address', fix: `leave the route to ${to} out`});
	}

	if (via === null) {
		return;
	}

	const gateway = toAddress(via, 'the gateway');
	if (gateway.family !== network.family) {
		throw new AppError('BAD_ADDRESS', `${via} is no gateway to ${to}`, {why: 'one is IPv4 and the other IPv6', fix: 'give a gateway of the same kind'});
	}

	// Every interface has a link-local address, so those of neighbours can always be reached.
	const on = own.find(address => contains(networkOf(address), hostPrefix(gateway)));
	if (on === undefined && !via.startsWith('fe80:')) {
		const networks = own.filter(({family}) => family === gateway.family).map(address => prefixText(networkOf(address)));
		throw new AppError('BAD_ADDRESS', `the gateway ${via} cannot be reached`, {
			why: networks.length === 0 ? 'the interface has no address of that kind' : `it is not in ${networks.join(' or ')}`,
			fix: 'give a gateway in the network of an address, or an address in the network of the gateway',
		});
	}

	if (own.some(({address}) => address === gateway.address)) {
		throw new AppError('BAD_ADDRESS', `the gateway ${via} is the interface's own address`, {why: 'a gateway is another machine', fix: 'give the address of the router'});
	}

	requireHostAddress(on === undefined ? hostPrefix(gateway) : {...on, address: gateway.address}, 'the gateway');
}

function requireHostAddress(prefix: Prefix, what: string): void {
	const refuse = (why: string) => new AppError('BAD_ADDRESS', `${what} ${prefixText(prefix)} cannot be given to an interface`, {why, fix: 'give an address of one machine'});
	if (isUnusable(prefix.address) || prefix.length === 0) {
		throw refuse(prefix.length === 0 ? 'its network would be the whole internet' : 'it is multicast, loopback or unspecified');
	}

	if (what === 'the address' && prefix.address.startsWith('fe80:')) {
		throw refuse('link-local addresses are made by the kernel');
	}

	if (prefix.family === 4 && prefix.length < 31) {
		const network = networkOf(prefix);
		if (prefix.address === network.address) {
			throw refuse(`it is the address of the network ${prefixText(network)} itself`);
		}

		if (prefix.address === broadcastOf(network)) {
			throw refuse(`it is the broadcast address of ${prefixText(network)}`);
		}
	}
}

/** First address that a machine can have in the network of an address: what a gateway is by
 * custom. Throws BAD_ADDRESS where there is none. */
export function usualGateway(address: Prefix): string {
	const network = networkOf(address);
	const refuse = (why: string) => new AppError('BAD_ADDRESS', '--gateway needs an address here', {why, fix: '--gateway ADDRESS'});
	if (address.length > (address.family === 4 ? 30 : 126)) {
		throw refuse(`${prefixText(network)} has no usual gateway`);
	}

	const first = nextAddress(network.address);
	if (first === address.address) {
		throw refuse(`${first}, the first address of ${prefixText(network)}, is the interface's own`);
	}

	return first;
}

/** Throws UNSUPPORTED for an MTU that the PF does not carry: a VF's frames go through it. */
export function requireMtuOfPf({netdevs}: Inventory, pf: Pf, mtuBytes: number | null): void {
	const carried = netdevs.get(pfName(pf))?.mtuBytes;
	if (mtuBytes !== null && carried !== undefined && mtuBytes > carried) {
		throw new AppError('UNSUPPORTED', `${pfName(pf)} does not carry an MTU of ${mtuBytes}`, {
			why: `its own MTU is ${carried}, and larger frames of its VFs are dropped`,
			fix: `ip link set dev ${pfName(pf)} mtu ${mtuBytes}, or mtu: ${mtuBytes} of the PF in the host file`,
			details: {pf: pfName(pf), mtuBytes: carried},
		});
	}
}

/** Interfaces that are known, as far as addresses go. */
export interface KnownInterface {
	/** `vm1 (enp7s0)`, `this host (br0)`. */
	readonly where: string;
	/** The same guest. */
	readonly same: boolean;
	readonly mac: Mac | null;
	readonly addresses: readonly string[];
}

/** Throws ADDRESS_CONFLICT when another interface has one of the addresses. Resolves to warnings:
 * two interfaces of one guest in one network answer for each other. */
export function requireFreeAddresses(addresses: readonly string[], mac: Mac | null, known: readonly KnownInterface[]): string[] {
	const warnings: string[] = [];
	for (const own of addresses.map(text => toPrefix(text, 'the address'))) {
		for (const {where, same, mac: theirs, addresses: their} of known) {
			if (theirs !== null && theirs === mac && same) {
				continue;
			}

			for (const other of their.map(text => parsePrefix(text)).filter(prefix => prefix !== undefined)) {
				if (other.address === own.address) {
					throw new AppError('ADDRESS_CONFLICT', `${own.address} is in use already`, {why: `${where} has it`, fix: 'give another address, or take that one away', details: {address: own.address, where}});
				}

				if (same && overlap(networkOf(other), networkOf(own)) && own.length < (own.family === 4 ? 32 : 128)) {
					warnings.push(`${where} has ${prefixText(other)}, in the same network as ${prefixText(own)}: the guest answers for both addresses on both interfaces`);
				}
			}
		}
	}

	return [...new Set(warnings)];
}
