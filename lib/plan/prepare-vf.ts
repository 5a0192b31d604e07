// The VF that an attach will use, and what must happen before it can be set.
import type {Guest} from '../model/domain.ts';
import {holderOf} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {vfName} from '../model/select.ts';
import type {Action} from './action.ts';
import type {AttachRequest} from './attach-request.ts';
import {futureVf} from './future-vf.ts';
import {pickFreeVf} from './pick-vf.ts';
import {requireNotHeld, requireViableGroup} from './preflight.ts';

/** VFs that an attach creates on a PF that has none, unless told otherwise: a count cannot grow
 * later without taking the first guest's VF away, and all of a big card's would cost queues. */
export const defaultCreatedVfs = 8;

export interface Prepared {
	vf: Vf;
	/** The VF will be made by the plan. */
	created: boolean;
	actions: Action[];
	warnings: string[];
}

/** The VF to attach, with what must happen before it can be set: PF up, VFs created. */
export function prepareVf(inventory: Inventory, pf: Pf, named: Vf | undefined, guest: Guest, request: AttachRequest): Prepared {
	const netdev = pf.netdevs[0]!;
	const actions: Action[] = [];
	const warnings: string[] = [];
	if (inventory.netdevs.get(netdev)?.up !== true) {
		actions.push({kind: 'set-link', netdev, from: 'down', to: 'up'});
	}

	if (named === undefined && pf.numVfs === 0) {
		const count = Math.min(request.createVfs ?? defaultCreatedVfs, pf.totalVfs);
		actions.push({kind: 'set-numvfs', pf: pf.bdf, pfNetdev: netdev, from: 0, to: count, remembered: []});
		return {vf: futureVf(pf, 0), created: true, actions, warnings: [...warnings, `${netdev} has no VFs: ${count} of ${pf.totalVfs} are created (--vfs N to choose)`]};
	}

	const vf = named ?? pickFreeVf(pf, inventory);
	// A VF that is in this guest's other definition may be given to the one it is missing from.
	const holder = holderOf(vf, inventory);
	if (holder.kind !== 'guest' || holder.uuid !== guest.uuid) {
		requireNotHeld(pf, vf, inventory);
	}

	requireViableGroup(vf, inventory);
	if (named && holder.kind === 'reserved') {
		warnings.push(`${vfName(pf, vf)} was chosen by name although ${holder.reason}`);
	}

	return {vf, created: false, actions, warnings};
}
