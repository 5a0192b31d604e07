// A virtio interface on a bridge of the host, an Open vSwitch bridge, or a network of libvirt.
import type {NicSpec} from '../../libvirt/device-xml.ts';
import {AppError} from '../../errors.ts';
import type {Inventory} from '../../model/inventory.ts';
import {quote} from '../../model/shell-word.ts';
import type {AttachRequest} from '../attach-request.ts';
import type {Plan} from '../plan.ts';
import {planNic, type AttachTo} from './nic.ts';

/** The plan. Throws NETWORK_NOT_FOUND, UNSUPPORTED. */
export function planBridgeAttach(inventory: Inventory, to: AttachTo): Plan {
	const {request, targets} = to;
	const {on, name} = findBridge(inventory, request);
	const warnings = on === 'network' ? checkNetwork(inventory, name, targets.includes('live')) : [];
	const vlan = request.settings.vlan || null;
	if (vlan !== null) {
		requireVlan(inventory, {on, name}, request);
	}

	return planNic(inventory, to, {method: 'bridge', spec: {on, name}, vlan, vf: null, before: [], after: [], text: `a virtio interface on ${name}`, warnings});
}

/** BRIDGE, NETWORK, `bridge:NAME` or `network:NAME`; a bridge of the host comes first. */
function findBridge(inventory: Inventory, {device, wires}: AttachRequest): {on: 'bridge' | 'openvswitch' | 'network'; name: string} {
	const [, kind, name = ''] = /^(?:(bridge|network):)?(.*)$/s.exec(device)!;
	const netdev = inventory.netdevs.get(name);
	if (kind !== 'network') {
		if (wires?.openvswitchBridges?.includes(name)) {
			return {on: 'openvswitch', name};
		}

		if (netdev?.kind === 'bridge') {
			return {on: 'bridge', name};
		}
	}

	if (kind !== 'bridge' && inventory.networks?.some(network => network.name === name)) {
		return {on: 'network', name};
	}

	const others = [...inventory.netdevs.values()].filter(candidate => candidate.kind === 'bridge').map(candidate => candidate.name);
	throw new AppError('NETWORK_NOT_FOUND', netdev && kind !== 'network' ? `${name} is no bridge` : `this host has no ${kind ?? 'bridge or network'} '${name}'`, {
		why: `its bridges are: ${[...others, ...wires?.openvswitchBridges ?? []].join(', ') || 'none'}; libvirt's networks: ${inventory.networks?.map(network => network.name).join(', ') || 'none'}`,
		fix: netdev?.bdf ? `for a VF of ${name} leave --method out, or take --method macvtap` : 'ip link show type bridge; virsh net-list --all',
	});
}

function checkNetwork(inventory: Inventory, name: string, live: boolean): string[] {
	const network = inventory.networks?.find(candidate => candidate.name === name);
	if (network?.forward === 'hostdev') {
		throw new AppError('UNSUPPORTED', `${name} is a pool of VFs, no bridge`, {why: 'its forward mode is hostdev', fix: 'leave --method out'});
	}

	const start = `virsh net-start ${quote(name)}`;
	if (network?.active === false && live) {
		throw new AppError('NETWORK_NOT_FOUND', `the network ${name} is not started`, {why: 'a running guest can only be plugged into a started network', fix: start});
	}

	return network?.active === false ? [`the network ${name} is not started, so the guest will not start: ${start}`] : [];
}

/** Throws UNSUPPORTED where a tag would have no effect, or libvirt would drop it without a word. */
function requireVlan(inventory: Inventory, {on, name}: {on: NicSpec['on']; name: string}, {wires}: AttachRequest): void {
	if (on === 'openvswitch') {
		return;
	}

	if (on === 'network') {
		throw new AppError('UNSUPPORTED', `the VLAN of ${name} is set in the network`, {why: 'a <vlan> of an interface wins over that of its network, and not every network can have one', fix: `virsh net-edit ${quote(name)}: <vlan> or a <portgroup>`});
	}

	// virDomainNetDefValidate: before, VLANs of a Linux bridge were refused.
	const [major = 0] = (wires?.libvirtVersion ?? '0').split('.').map(Number);
	if (major < 11) {
		throw new AppError('UNSUPPORTED', `libvirt ${wires?.libvirtVersion} has no VLANs on Linux bridges`, {why: 'they came with libvirt 11.0.0', fix: 'name a bridge in that VLAN, or an Open vSwitch bridge'});
	}

	if (inventory.netdevs.get(name)?.vlanFiltering !== true) {
		throw new AppError('UNSUPPORTED', `the bridge ${name} does not tell VLANs apart`, {why: 'its vlan_filtering is 0: the guest would be in no VLAN', fix: `ip link set dev ${quote(name)} type bridge vlan_filtering 1, when its other ports are ready for that`});
	}
}
