// The network that libvirt ships as `default` (src/network/default.xml.in), in a subnet that is free.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import {subnetUser} from '../model/network-problems.ts';

export const defaultNetwork = 'default';

/** Third part of 192.168.x.0/24 as libvirt ships it. */
export const shippedSubnet = 122;

/** The definition; the bridge is libvirt's choice. */
export function defaultNetworkXml(subnet: number): string {
	const base = `192.168.${subnet}`;
	return [
		'<network>',
		`  <name>${defaultNetwork}</name>`,
		'  <forward mode=\'nat\'/>',
		`  <ip address='${base}.1' netmask='255.255.255.0'>`,
		'    <dhcp>',
		`      <range start='${base}.2' end='${base}.254'/>`,
		'    </dhcp>',
		'  </ip>',
		'</network>',
		'',
	].join('\n');
}

/** The shipped subnet, or the next that nobody of the host is in. Throws NETWORK_BROKEN. */
export function freeSubnet(inventory: Inventory): number {
	const candidates = Array.from({length: 253}, (_, index) => (shippedSubnet - 1 + index) % 254 + 1);
	const found = candidates.find(subnet => subnetUser(inventory, {family: 4, address: `192.168.${subnet}.0`, length: 24}, {name: defaultNetwork, bridge: null}) === undefined);
	if (found === undefined) {
		throw new AppError('NETWORK_BROKEN', 'no subnet of 192.168.0.0/16 is free for the default network', {why: 'the host has addresses or routes in all of them', fix: 'virsh net-define a network of your own'});
	}

	return found;
}
