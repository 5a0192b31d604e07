// Whose lease is meant: a MAC, or a guest with an interface on the network.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {quote} from '../model/shell-word.ts';
import {findGuest} from './find-guest.ts';
import {findNetwork} from './find-network.ts';

/** The MAC itself, or that of the guest's interface on the network. Throws GUEST_NOT_FOUND,
 * UNSUPPORTED when the guest has no interface there, USAGE when it has several. */
export function leaseMac(inventory: Inventory, networkName: string, who: string): Mac {
	const mac = parseMac(who);
	if (mac !== undefined) {
		return mac;
	}

	const network = findNetwork(inventory, networkName);
	const guest = findGuest(inventory, who);
	const interfaces = [guest.live, guest.config].flatMap(definition => definition?.interfaces ?? []);
	const here = interfaces.filter(({type, source}) => source !== null && ((type === 'network' && source === network.name) || (type === 'bridge' && source === network.bridge)));
	const macs = [...new Set(here.map(one => one.mac).filter(found => found !== null))];
	const [first] = macs;
	if (first === undefined) {
		throw new AppError('UNSUPPORTED', `${guest.name} has no interface on network ${network.name}`, {
			why: interfaces.length === 0 ? 'it has no interfaces at all' : `its interfaces are on ${[...new Set(interfaces.map(({type, source}) => source ?? type))].join(', ')}`,
			fix: `virsh attach-interface ${quote(guest.name)} network ${quote(network.name)} --model virtio --config${guest.active ? ' --live' : ''}`,
		});
	}

	if (macs.length > 1) {
		throw new AppError('USAGE', `${guest.name} has ${macs.length} interfaces on network ${network.name}`, {why: `their MACs are ${macs.join(', ')}`, fix: `vfctl dhcp ... ${quote(network.name)} ${first}`});
	}

	return first;
}
