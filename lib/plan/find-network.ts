// libvirt networks by name.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Network} from '../model/network.ts';

/** All networks; throws LIBVIRT_UNREACHABLE when libvirt could not be asked. */
export function knownNetworks({networks, libvirtProblem}: Inventory): readonly Network[] {
	if (networks === null) {
		throw new AppError('LIBVIRT_UNREACHABLE', 'libvirt cannot be asked about networks', {why: libvirtProblem ?? 'it does not answer', fix: 'systemctl start libvirtd (or virtnetworkd.socket)'});
	}

	return networks;
}

/** The network; throws NETWORK_NOT_FOUND. */
export function findNetwork(inventory: Inventory, name: string): Network {
	const networks = knownNetworks(inventory);
	const network = networks.find(candidate => candidate.name === name);
	if (!network) {
		throw new AppError('NETWORK_NOT_FOUND', `libvirt has no network called '${name}'`, {
			why: `its networks are: ${networks.map(candidate => candidate.name).join(', ') || 'none'}`,
			fix: name === 'default' ? 'vfctl network repair' : 'vfctl network list',
		});
	}

	return network;
}
