// Where the virtio half of a failover pair is plugged in.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Netdev} from '../model/netdev.ts';
import {quote} from '../model/shell-word.ts';

/** A libvirt network, or a bridge of the host. */
export interface FailoverSource {
	kind: 'network' | 'bridge';
	name: string;
}

/** NETWORK or bridge:BR; throws USAGE when there is no name. */
export function parseFailoverSource(text: string): FailoverSource {
	const kind = text.startsWith('bridge:') ? 'bridge' : 'network';
	const name = kind === 'bridge' ? text.slice('bridge:'.length) : text;
	if (name === '') {
		throw new AppError('USAGE', '--failover needs the name of a network, or bridge:NAME', {fix: 'virsh net-list shows the networks, ip link show type bridge the bridges'});
	}

	return {kind, name};
}

/** What is wrong with it but does not stop the plan. Throws NETWORK_NOT_FOUND, UNSUPPORTED. */
export function checkFailoverSource(inventory: Inventory, {kind, name}: FailoverSource, {live}: {live: boolean}): string[] {
	return kind === 'bridge' ? checkBridge(inventory, name) : checkNetwork(inventory, name, live);
}

function checkBridge({netdevs}: Inventory, name: string): string[] {
	const bridge = netdevs.get(name);
	if (bridge === undefined || bridge.bdf !== null) {
		throw new AppError('NETWORK_NOT_FOUND', bridge ? `${name} is a network card, no bridge` : `this host has no bridge ${name}`, {why: bridge ? 'a virtio interface is plugged into a bridge' : 'no interface has that name', fix: 'ip link show type bridge; or name a libvirt network: virsh net-list'});
	}

	return leadsToCard(netdevs, name) ? neighbours(netdevs, name) : [`no network card is part of ${name}: while the VF is away, the guest reaches only what is on this host`];
}

function checkNetwork({networks, netdevs}: Inventory, name: string, live: boolean): string[] {
	const network = networks?.find(candidate => candidate.name === name);
	if (!network) {
		throw new AppError('NETWORK_NOT_FOUND', `libvirt has no network called '${name}'`, {
			why: `its networks are: ${networks?.map(candidate => candidate.name).join(', ') || 'none'}`,
			fix: netdevs.has(name) ? `a bridge of the host is named bridge:${name}` : 'virsh net-list --all; a bridge of the host is named bridge:NAME',
		});
	}

	if (network.forward === 'hostdev') {
		throw new AppError('UNSUPPORTED', `${name} is a pool of VFs, and the half that stays must be virtio`, {why: 'a VF cannot stand by for a VF', fix: 'name a network with a bridge, or bridge:NAME'});
	}

	if (network.bridge === null) {
		throw new AppError('UNSUPPORTED', `the network ${name} has no bridge (it forwards by ${network.forward})`, {why: 'macvtap gives the guest\'s MAC to the card itself, which has to send it to the VF', fix: 'name a network with a bridge, or bridge:NAME'});
	}

	const start = `virsh net-start ${quote(name)}`;
	if (!network.active && live) {
		throw new AppError('NETWORK_NOT_FOUND', `the network ${name} is not started`, {why: 'a running guest can only be plugged into a started network', fix: start});
	}

	const elsewhere = network.forward !== 'bridge' || !leadsToCard(netdevs, network.bridge);
	return [
		...network.active ? [] : [`the network ${name} is not started, so the guest will not start: ${start}`],
		...elsewhere ? [`the network ${name} (${network.forward === 'none' ? 'isolated' : network.forward}) is not the network of the VF: while the VF is away, the guest's connections lead elsewhere and stop`] : neighbours(netdevs, network.bridge),
	];
}

/** The host and guests on the bridge of a PF. The card's switch sends a frame from a VF to the PF
 * only when it knows the address, and to the cable otherwise. Seen with igb: the host did not reach
 * the guest any more once it used the VF, and did after `bridge fdb add`. */
function neighbours(netdevs: ReadonlyMap<string, Netdev>, name: string): string[] {
	const ports = [...netdevs.values()].filter(port => port.master === name);
	const card = ports.find(port => port.bdf !== null)?.name;
	const addresses = netdevs.get(name)?.addresses ?? [];
	const guests = ports.filter(port => port.bdf === null && port.lowerDevices.length === 0 && ![...netdevs.values()].some(({master}) => master === port.name));
	const who = [...addresses.length > 0 ? [`the host (${addresses.join(', ')})`] : [], ...guests.length > 0 ? [`the guests on ${guests.map(port => port.name).join(', ')}`] : []];
	return card === undefined || who.length === 0 ? [] : [
		`${who.join(' and ')} may not reach the guest over ${name} while it uses a VF of ${card}: the card's switch must know their MAC addresses (bridge fdb add MAC dev ${quote(card)} self)`,
	];
}

/** A card, or what stands on one (a VLAN, a bond), is a port of the bridge. */
function leadsToCard(netdevs: ReadonlyMap<string, Netdev>, bridge: string): boolean {
	const seen = new Set<string>();
	const reaches = (name: string): boolean => {
		if (seen.has(name)) {
			return false;
		}

		seen.add(name);
		const netdev = netdevs.get(name);
		return netdev !== undefined && (netdev.bdf !== null || netdev.lowerDevices.some(lower => reaches(lower)) || [...netdevs.values()].some(port => port.master === name && reaches(port.name)));
	};

	return reaches(bridge);
}
