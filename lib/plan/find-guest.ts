// Guests by name, and which of their definitions an operation concerns.
import {AppError} from '../errors.ts';
import type {Guest} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import {quote} from '../model/shell-word.ts';

/** All guests; throws LIBVIRT_UNREACHABLE when libvirt could not be asked. */
export function knownGuests({guests, libvirtProblem}: Inventory): readonly Guest[] {
	if (guests === null) {
		throw new AppError('LIBVIRT_UNREACHABLE', 'libvirt cannot be asked about guests', {why: libvirtProblem ?? 'it does not answer', fix: 'systemctl start libvirtd (or virtqemud.socket)'});
	}

	return guests;
}

/** A guest by name or UUID; throws GUEST_NOT_FOUND, or LIBVIRT_UNREACHABLE when libvirt could
 * not be asked. */
export function findGuest(inventory: Inventory, name: string): Guest {
	const guests = knownGuests(inventory);
	const guest = guests.find(candidate => candidate.name === name || candidate.uuid === name);
	if (!guest) {
		throw new AppError('GUEST_NOT_FOUND', `libvirt has no guest called '${name}'`, {
			why: `its guests are: ${guests.map(candidate => candidate.name).join(', ') || 'none'}`,
			fix: 'virsh list --all',
		});
	}

	return guest;
}

export interface TargetOptions {
	live: boolean;
	config: boolean;
}

/** The definitions to change: those that were asked for, else every one that the guest has.
 * Throws UNSUPPORTED when the guest has not the one that was asked for. */
export function resolveTargets(guest: Guest, {live, config}: TargetOptions): Array<'config' | 'live'> {
	if (live && !guest.active) {
		throw new AppError('UNSUPPORTED', `--live needs a running guest, and ${guest.name} is ${guest.state}`, {why: 'a guest that is off has no devices, only a definition', fix: `virsh start ${quote(guest.name)}, or leave --live out: the guest gets the VF when it starts`});
	}

	if (config && !guest.persistent) {
		throw new AppError('UNSUPPORTED', `--config needs a saved definition, and ${guest.name} is transient`, {why: 'libvirt forgets such a guest when it stops', fix: 'leave --config out: the VF stays until the guest stops'});
	}

	const both = !live && !config;
	// The saved definition first: what libvirt refuses there has not yet touched the running guest.
	return [
		...(config || (both && guest.persistent) ? ['config' as const] : []),
		...(live || (both && guest.active) ? ['live' as const] : []),
	];
}
