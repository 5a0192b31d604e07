// VFs whose namespace went away: the kernel moved the interface back to the host (default_device_exit_net
// in net/core/dev.c) as the container left it, and what was set on the PF is still there.
import {AppError} from '../../errors.ts';
import type {Bdf} from '../../model/bdf.ts';
import {holderOf, isHeld} from '../../model/holder.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf, Vf} from '../../model/pci.ts';
import {findVf, pfName, vfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import type {NetnsAttachment, PlacedNetdev} from './netns-request.ts';
import {planNetnsDetach} from './plan-netns-detach.ts';

/** The inventory, with the VFs noted that are not yet as they were before their namespace had them:
 * nothing chooses them by itself. */
export function withLeftovers(inventory: Inventory, attachments: readonly NetnsAttachment[]): Inventory {
	const leftovers = new Map<Bdf, string>();
	for (const attachment of attachments) {
		if (isLeftover(inventory, attachment)) {
			leftovers.set(attachment.bdf, `it is as namespace ${attachment.netns.name} left it, which is gone (vfctl netns reclaim)`);
		}
	}

	return leftovers.size === 0 ? inventory : {...inventory, leftovers};
}

/** The device of the attachment is back on the host, nobody else has it, and not all is as before. */
export function isLeftover(inventory: Inventory, attachment: NetnsAttachment): boolean {
	const placed = placedOnHost(inventory, attachment.bdf);
	const owner = findVf(inventory, attachment.bdf);
	if (owner ? owner.vf.inNamespace || isHeld(holderOf(owner.vf, inventory)) : placed === null) {
		return false;
	}

	return planNetnsDetach(inventory, {bdf: attachment.bdf, placed, attachment}).actions.length > 0;
}

/** The interface of a function in the namespace of the host, or null. */
export function placedOnHost({netdevs}: Inventory, bdf: Bdf): PlacedNetdev | null {
	const netdev = [...netdevs.values()].find(candidate => candidate.bdf === bdf);
	return netdev === undefined ? null : {
		bdf,
		place: {netns: null, name: netdev.name},
		ip: {mac: netdev.mac, mtuBytes: netdev.mtuBytes, addresses: netdev.addresses, routes: [], up: netdev.up},
	};
}

/** Throws VF_HELD for a VF that is not as it was before its last namespace. */
export function requireNothingLeft({leftovers}: Inventory, pf: Pf, vf: Vf): void {
	const reason = leftovers?.get(vf.bdf);
	if (reason !== undefined) {
		throw new AppError('VF_HELD', `${vfName(pf, vf)} (${vf.bdf}) is not as it was`, {why: reason, fix: `vfctl netns reclaim ${quote(`${pfName(pf)}#${vf.index}`)}`});
	}
}
