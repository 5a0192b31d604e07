// The networks that guests have behind PFs, as far as vfctl set them.
import type {FileReader} from '../host/host.ts';
import type {Inventory} from '../model/inventory.ts';
import {networkOf, parsePrefix} from '../model/ip.ts';
import {findVf} from '../model/select.ts';
import type {GuestNetworkAction} from '../plan/action.ts';
import type {GuestLink} from '../plan/host-route/links.ts';
import {listOperations} from './journal.ts';
import {doneActions} from './operation.ts';

/** Networks of the addresses that vfctl gave guests last, on VFs that they still have. */
export function readGuestLinks(files: FileReader, inventory: Inventory): GuestLink[] {
	const latest = new Map<string, GuestNetworkAction>();
	// An operation that undid another one is one like any other here: what it set counts.
	for (const operation of listOperations(files, 'guest-network')) {
		for (const action of operation.outcome === 'done' ? doneActions(operation) : []) {
			if (action.kind === 'guest-network') {
				latest.set(`${action.guest.uuid} ${action.mac}`, action);
			}
		}
	}

	return [...latest.values()].flatMap(({guest, mac, to}) => {
		const device = deviceOf(inventory, guest.uuid, mac);
		return device === undefined ? [] : to.addresses.flatMap(address => {
			const prefix = parsePrefix(address);
			return prefix === undefined ? [] : [{guest: guest.name, network: networkOf(prefix), device}];
		});
	});
}

/** The host's interface that the guest's VF hangs on: of its PF, or what that is part of. */
function deviceOf({guests, pfs, netdevs}: Inventory, uuid: string, mac: string): string | undefined {
	const guest = guests?.find(candidate => candidate.uuid === uuid);
	const device = [guest?.live, guest?.config].flatMap(definition => definition?.devices ?? []).find(candidate => candidate.mac === mac);
	const pf = findVf({pfs}, device?.source)?.pf;
	const netdev = netdevs.get(pf?.netdevs[0] ?? '');
	return netdev?.master ?? netdev?.name;
}
