// What a running guest must have for a device that is plugged in, and what is looked at after.
import {AppError} from '../errors.ts';
import type {Guest, GuestDefinition} from '../model/domain.ts';
import type {Mac} from '../model/mac.ts';
import {quote} from '../model/shell-word.ts';
import type {Action, GuestRef} from './action.ts';
import type {AttachRequest} from './attach-request.ts';

/** Throws NO_PCI_SLOT when the running guest has fewer ports left than devices come. */
export function requireFreePort(guest: Guest, targets: ReadonlyArray<'live' | 'config'>, devices = 1): void {
	if (targets.includes('live') && guest.live && !guest.live.conventionalPci && freePorts(guest.live) < devices) {
		throw new AppError('NO_PCI_SLOT', devices > 1 ? `${guest.name} needs ${devices} free PCIe ports for devices that are plugged in while it runs` : `${guest.name} has no free PCIe port for a device that is plugged in while it runs`, {
			why: guest.live.ports.length === 0 ? 'it has no root ports at all' : `it has ${guest.live.ports.length} root ports and ${freePorts(guest.live) === 0 ? 'all are taken' : `${freePorts(guest.live)} is free`}`,
			fix: `vfctl attach ${quote(guest.name)} ... --config and start the guest anew, or add <controller type='pci' model='pcie-root-port'/> with virsh edit`,
		});
	}
}

/** The look into the guest, when it has an agent that answers. */
export function checkGuest(guest: Guest, guestRef: GuestRef, live: boolean, mac: Mac, {guestTimeoutMs, failover}: AttachRequest): Action[] {
	return live && guestTimeoutMs > 0 && guest.live?.agent === 'connected' ? [{kind: 'check-guest', guest: guestRef, mac, timeoutMs: guestTimeoutMs, ...failover && {pair: true}}] : [];
}

/** Says when that look is not possible. */
export function guestWarnings(guest: Guest, live: boolean): string[] {
	return live && guest.live?.agent !== 'connected' ? [`${guest.name} has no guest agent that answers: whether its driver took the VF is not checked`] : [];
}

/** Indexes of the PCIe ports of a definition that has none left, so that libvirt will add some;
 * null when there is nothing to add. `before`: devices that take ports earlier. */
export function takenPorts(definition: GuestDefinition | null, before = 0): number[] | null {
	const full = definition !== null && !definition.conventionalPci && freePorts(definition) <= before;
	return full ? definition.ports.map(({index}) => index) : null;
}

function freePorts({ports}: GuestDefinition): number {
	return ports.filter(({occupied}) => !occupied).length;
}
