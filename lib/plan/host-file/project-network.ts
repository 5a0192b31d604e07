// Routes, libvirt networks, pools and leases as they will be.
import {bdfOf, type Bdf} from '../../model/bdf.ts';
import type {Pool} from '../../model/domain.ts';
import type {Inventory} from '../../model/inventory.ts';
import {isRoute} from '../../model/route.ts';
import type {Lease, Network, NetworkIp} from '../../model/network.ts';
import {contains, hostPrefix, parseAddress, parsePrefix} from '../../model/ip.ts';
import type {SetLeaseAction, SetNetworkAction, SetRouteAction} from '../action.ts';
import {asRoute} from '../host-route/management.ts';

/** The main table without the one route and with the other. */
export function projectRoute(inventory: Inventory, {from, to}: SetRouteAction): Inventory {
	const others = inventory.routes.filter(route => from === null || !isRoute(route, from));
	return {...inventory, routes: to === null ? others : [...others, asRoute(to)]};
}

/** A network defined, changed or gone; a pool when its forward mode is hostdev. */
export function projectNetwork(inventory: Inventory, {name, to}: SetNetworkAction): Inventory {
	const known = inventory.networks?.find(network => network.name === name);
	const networks = (inventory.networks ?? []).filter(network => network !== known);
	const pools = (inventory.pools ?? []).filter(pool => pool.name !== name);
	if (to === null) {
		return {...inventory, networks, pools};
	}

	const network: Network = {
		name, uuid: known?.uuid ?? '', active: to.active, persistent: true, autostart: to.autostart,
		forward: /<forward\b[^>]*\bmode=['"](\w+)['"]/.exec(to.xml)?.[1] ?? (to.xml.includes('<forward') ? 'nat' : 'none'),
		bridge: /<bridge\b[^>]*\bname=['"]([^'"]+)['"]/.exec(to.xml)?.[1] ?? null,
		ips: known?.ips ?? [], savedXml: to.xml,
	};
	return {...inventory, networks: [...networks, network], pools: network.forward === 'hostdev' ? [...pools, poolOf(inventory, network, to.xml)] : pools};
}

/** The lease in the <ip> whose network it is in. */
export function projectLease(inventory: Inventory, {network: name, from, to}: SetLeaseAction): Inventory {
	return {
		...inventory,
		networks: inventory.networks?.map(network => network.name === name ? {...network, ips: network.ips.map(ip => withLease(ip, from, to))} : network) ?? null,
	};
}

function withLease(ip: NetworkIp, from: Lease | null, to: Lease | null): NetworkIp {
	const others = ip.leases.filter(lease => lease.mac !== from?.mac);
	const [network, address] = [parsePrefix(ip.address), to === null ? undefined : parseAddress(to.ip)];
	return {...ip, leases: to !== null && network && address && contains(network, hostPrefix(address)) ? [...others, to] : others};
}

/** The VFs of <pf>, or those that are listed. */
function poolOf(inventory: Inventory, {name, active}: Network, xml: string): Pool {
	const pfNetdev = /<pf\b[^>]*\bdev=['"]([^'"]+)['"]/.exec(xml)?.[1] ?? null;
	const pf = inventory.pfs.find(({netdevs}) => pfNetdev !== null && netdevs.includes(pfNetdev));
	const listed = pfNetdev === null ? listedVfs(xml) : [];
	return {
		name, active, persistent: true, pfNetdev, members: pf === undefined ? listed : pf.vfs.map(({bdf}) => bdf),
		managed: /<forward\b[^>]*\bmanaged=['"]yes['"]/.test(xml), saved: {pfNetdev, members: listed},
	};
}

function listedVfs(xml: string): Bdf[] {
	return [...xml.matchAll(/<address\b[^>]*\btype=['"]pci['"][^>]*>/g)].map(([element]) => {
		const number = (name: string) => Number(new RegExp(`\\b${name}=['"]([\\dxa-fA-F]+)['"]`).exec(element)?.[1] ?? 0);
		return bdfOf({domain: number('domain'), bus: number('bus'), slot: number('slot'), function: number('function')});
	});
}
