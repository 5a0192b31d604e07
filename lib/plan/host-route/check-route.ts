// What a new route of the host must be by itself: a network, a device that is up, and a gateway
// that the device can reach.
import {AppError} from '../../errors.ts';
import {holderOf, holderText} from '../../model/holder.ts';
import type {Inventory} from '../../model/inventory.ts';
import {contains, hostPrefix, isUnusable, networkOf, parseAddress, parsePrefix, prefixText, samePrefix, toAddress, toPrefix, type Prefix} from '../../model/ip.ts';
import {select} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import type {HostRoute} from '../action.ts';

// RFC 6890, and RFC 4291 for IPv6: what no route can lead to.
const special: ReadonlyArray<readonly [string, string]> = [
	['127.0.0.0/8', 'it is the loopback network: every machine has its own'],
	['::1/128', 'it is the loopback address: every machine has its own'],
	['169.254.0.0/16', 'it is link-local: each link has its own'],
	['fe80::/10', 'it is link-local: each link has its own, and the kernel makes the routes'],
	['224.0.0.0/4', 'it is multicast, which is routed in another way'],
	['ff00::/8', 'it is multicast, which is routed in another way'],
	['255.255.255.255/32', 'it is the broadcast address'],
	['0.0.0.0/8', 'it stands for this host and this network'],
	['::/128', 'it stands for no address'],
	['::ffff:0:0/96', 'it is an IPv4 network written as IPv6'],
];

/** The network of a route, checked: `default` needs the family of its gateway. An address alone is
 * a network of one. Throws BAD_ADDRESS. */
export function toNetwork(text: string, via?: string): Prefix {
	if (text === 'default') {
		return via?.includes(':') === true ? {family: 6, address: '::', length: 0} : {family: 4, address: '0.0.0.0', length: 0};
	}

	const address = parseAddress(text);
	const prefix = address ? hostPrefix(address) : toPrefix(text, 'the network');
	const network = networkOf(prefix);
	if (!samePrefix(prefix, network)) {
		throw new AppError('BAD_ADDRESS', `${prefixText(prefix)} is an address, not a network`, {why: `its network is ${prefixText(network)}`, fix: `give ${prefixText(network)}, or ${prefix.address} for the one address`});
	}

	const [, why] = special.find(([range]) => contains(parsePrefix(range)!, network)) ?? [];
	if (why !== undefined) {
		throw new AppError('BAD_ADDRESS', `a route cannot lead to ${prefixText(network)}`, {why});
	}

	return network;
}

/** The interface that a name means: itself, or that of a PF or VF (`eth1#0`, an address). Throws
 * PF_NOT_FOUND, VF_HELD, and what `select` throws. */
export function routeDevice(inventory: Inventory, name: string): string {
	if (inventory.netdevs.has(name)) {
		return name;
	}

	if (!/[#:]/.test(name)) {
		throw noInterface(inventory, name);
	}

	const selected = select(inventory, name);
	const [device] = selected.kind === 'pf' ? selected.pf.netdevs : selected.vf.netdevs;
	if (device !== undefined && inventory.netdevs.has(device)) {
		return device;
	}

	if (selected.kind === 'pf') {
		throw new AppError('PF_NO_DRIVER', `${name} has no interface on the host`, {why: selected.pf.driver === null ? 'it has no driver' : `it is on ${selected.pf.driver}`, fix: 'vfctl list'});
	}

	const holder = holderOf(selected.vf, inventory);
	throw new AppError('VF_HELD', `${name} has no interface on the host`, {
		why: holder.kind === 'nobody' ? `it is on ${selected.vf.driver ?? 'no driver'}` : `it is held by ${holderText(holder)}`,
		fix: 'routes to a guest\'s network go through the PF',
	});
}

/** The interface is there, up, its own master, and no guest's: PF_NOT_FOUND, VF_HELD, UNSUPPORTED. */
export function requireDevice(inventory: Inventory, dev: string): void {
	const netdev = inventory.netdevs.get(dev);
	if (!netdev) {
		throw noInterface(inventory, dev);
	}

	const vf = inventory.pfs.flatMap(pf => pf.vfs).find(candidate => candidate.netdevs.includes(dev));
	const holder = vf && holderOf(vf, inventory);
	if (holder?.kind === 'guest') {
		throw new AppError('VF_HELD', `${dev} is the interface of a VF that belongs to a guest`, {why: `it is held by ${holderText(holder)}; the route would be gone when the guest starts`, fix: 'routes to a guest\'s network go through the PF'});
	}

	if (netdev.master !== null) {
		throw new AppError('UNSUPPORTED', `${dev} takes no routes`, {why: `it is part of ${netdev.master}, which has the host's packets`, fix: `name ${quote(netdev.master)} instead`});
	}

	if (!netdev.up) {
		throw new AppError('UNSUPPORTED', `${dev} takes no routes`, {why: 'it is down, and the kernel keeps no route on an interface that is down', fix: `ip link set dev ${quote(dev)} up`});
	}
}

function noInterface({netdevs}: Inventory, name: string): AppError {
	const names = [...netdevs.keys()].filter(known => known !== 'lo');
	const shown = names.length > 12 ? [...names.slice(0, 12), '...'] : names;
	return new AppError('PF_NOT_FOUND', `the host has no interface ${name}`, {why: `it has ${shown.join(', ')}`, fix: 'ip link'});
}

/** The gateway is a neighbour on the device's link: BAD_ADDRESS. `onLink`: networks that are. */
export function requireGateway({netdevs}: Inventory, {to, via, dev, onlink}: HostRoute, onLink: readonly Prefix[]): void {
	if (via === null) {
		return;
	}

	const address = toAddress(via, 'the gateway');
	const what = `${via} cannot be the gateway to ${to}`;
	if ((address.family === 6) !== to.includes(':')) {
		throw new AppError('BAD_ADDRESS', what, {why: 'one is IPv4 and the other IPv6'});
	}

	if (isUnusable(via)) {
		throw new AppError('BAD_ADDRESS', what, {why: 'it is no address of one machine'});
	}

	const addresses = [...netdevs.values()].flatMap(({name, addresses: own}) => own.flatMap(text => parsePrefix(text) ?? []).map(prefix => ({name, prefix})));
	const own = addresses.find(({prefix}) => prefix.address === address.address);
	if (own) {
		throw new AppError('BAD_ADDRESS', what, {why: `it is this host's own address, on ${own.name}`, fix: 'give the address of the machine that the packets go to'});
	}

	const linkLocal = address.family === 6 && contains(parsePrefix('fe80::/10')!, hostPrefix(address));
	if (onlink === true || linkLocal) {
		return;
	}

	if (addresses.some(({name, prefix}) => name === dev && isEdge(prefix, address.address))) {
		throw new AppError('BAD_ADDRESS', what, {why: `it stands for the network on ${dev} as a whole`});
	}

	if (!onLink.some(network => contains(network, hostPrefix(address)))) {
		throw new AppError('BAD_ADDRESS', what, {
			why: onLink.length === 0 ? `${dev} has no address, so no gateway is on its link` : `on the link of ${dev} are only ${[...new Set(onLink.map(network => prefixText(network)))].join(', ')}`,
			fix: `give the interface that ${via} is on, or first make it known there: vfctl route add host ${prefixText(hostPrefix(address))} --interface ${quote(dev)}`,
		});
	}
}

/** First or last address of an IPv4 network: the network itself, and broadcast. */
function isEdge({family, address, length}: Prefix, other: string): boolean {
	const network = {family, address, length};
	if (family === 6 || length > 30 || !contains(network, {family: 4, address: other, length: 32})) {
		return false;
	}

	const bits = other.split('.').map(part => Number(part).toString(2).padStart(8, '0')).join('').slice(length);
	return /^(?:0+|1+)$/.test(bits);
}
