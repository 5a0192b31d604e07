// What the VFs of all running guests have inside them, for `vfctl export`.
import {AppError, errorSentence} from '../errors.ts';
import type {GuestNetworkRead, GuestNetworksRead} from '../formats/export-guest-network.ts';
import type {Clock} from '../host/host.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {Guest} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Mac} from '../model/mac.ts';
import {findVf} from '../model/select.ts';
import {guestNetworkKey} from '../plan/host-file/facts.ts';
import {readNamedGuestFiles} from './read-kept-routes.ts';
import {readGuestNetwork} from './read-guest-network.ts';

/** Asks the agents of guests that have VFs. Never throws for an agent: `notes` tell what is not known. */
export async function readGuestNetworks(libvirt: Libvirt, clock: Clock, inventory: Inventory): Promise<GuestNetworksRead> {
	const networks = new Map<string, GuestNetworkRead>();
	const notes: string[] = [];
	for (const guest of inventory.guests ?? []) {
		const macs = vfMacs(inventory, guest);
		if (macs.length === 0) {
			continue;
		}

		if (guest.live?.agent !== 'connected') {
			notes.push(`what VFs have inside guest ${guest.name} is left out: it has no guest agent that answers`);
			continue;
		}

		const problem = await problemOf(async () => {
			for (const mac of macs) {
				const ip = await readGuestNetwork(libvirt, guest.uuid, mac, clock);
				if (ip !== null) {
					networks.set(guestNetworkKey(guest.uuid, mac), {ip, files: []});
				}
			}
		});
		if (problem !== undefined) {
			notes.push(`what VFs have inside guest ${guest.name} is left out: ${problem}`);
		}

		const unread = await problemOf(async () => {
			for (const mac of macs) {
				const read = networks.get(guestNetworkKey(guest.uuid, mac));
				if (read) {
					networks.set(guestNetworkKey(guest.uuid, mac), {...read, files: await readNamedGuestFiles(libvirt, guest.uuid, mac)});
				}
			}
		});
		if (unread !== undefined) {
			notes.push(`the files that keep the network of guest ${guest.name} cannot be read, so it is exported with 'file: none': ${unread}`);
		}
	}

	return {networks, notes};
}

/** MACs of network cards' VFs in the running guest, those that are known. */
function vfMacs({pfs, pools}: Inventory, {live}: Guest): Mac[] {
	const macs = (live?.devices ?? []).flatMap(({source, network, mac}) => {
		const vf = findVf({pfs}, source)?.vf;
		const isOurs = vf !== undefined || pools?.some(({name}) => name === network) === true;
		return isOurs ? mac ?? vf?.settings?.mac ?? [] : [];
	});
	return [...new Set(macs)];
}

async function problemOf(read: () => Promise<void>): Promise<string | undefined> {
	try {
		await read();
		return undefined;
	} catch (error) {
		// The guest may have ended meanwhile, too.
		if (error instanceof AppError) {
			return errorSentence(error);
		}

		throw error;
	}
}
