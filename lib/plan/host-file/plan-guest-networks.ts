// What interfaces have inside guests: `network` of a guest's VF.
import {AppError} from '../../errors.ts';
import type {GuestNetwork} from '../../model/guest-network.ts';
import type {WantedGuestNetwork} from '../../model/host-file.ts';
import {guestNetworkActions} from '../guest-network-actions.ts';
import {guestNetworkKey, type HostFileFacts} from './facts.ts';
import type {Fold} from './fold.ts';
import type {GuestInterface} from './plan-guests.ts';

/** Addresses, routes and MTU in running guests. With `facts` null only notes what must be read. */
export function planGuestNetworks(fold: Fold, interfaces: readonly GuestInterface[], facts: HostFileFacts | null): void {
	for (const {guest, mac, vf: {path: vfPath, wanted}, fresh} of interfaces) {
		const path = `${vfPath}.network`;
		if (wanted.network === undefined) {
			continue;
		}

		if (!guest.active) {
			fold.warnings.add(`${path}: ${guest.name} does not run, so nothing is set in it`);
			continue;
		}

		if (mac === null) {
			throw new AppError('UNSUPPORTED', `${path}: it is unknown by which MAC ${guest.name} knows this interface`, {why: 'libvirt and the PF do not tell it', fix: `give it one: ${vfPath}.mac`, details: {path}});
		}

		const ref = {name: guest.name, uuid: guest.uuid};
		if (facts === null) {
			fold.needs.push({guest: ref, mac, path, wanted: asGuestNetwork(wanted.network), file: wanted.network.file, failover: wanted.failover !== undefined, fresh});
			continue;
		}

		const known = facts.guestNetworks.get(guestNetworkKey(guest.uuid, mac));
		if (known === undefined) {
			throw new AppError('NO_AGENT', `${path}: it is unknown what ${guest.name} has`, {why: 'its guest agent was not asked', fix: 'run the command again', details: {path}});
		}

		fold.add(path, () => guestNetworkActions({guest: ref, mac, wanted: asGuestNetwork(wanted.network!), current: fresh ? null : known.current, file: known.file}));
	}
}

function asGuestNetwork({addresses, routes, mtuBytes, nameservers}: WantedGuestNetwork): GuestNetwork {
	return {addresses, routes, mtuBytes: mtuBytes ?? null, nameservers};
}
