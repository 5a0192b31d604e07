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
	const made = preparePf(inventory, pf, named, request.createVfs);
	if (made.vf !== null) {
		return {...made, vf: made.vf, created: true};
	}

	const vf = named ?? pickFreeVf(pf, inventory);
	// A VF that is in this guest's other definition may be given to the one it is missing from.
	const holder = holderOf(vf, inventory);
	if (holder.kind !== 'guest' || holder.uuid !== guest.uuid) {
		requireNotHeld(pf, vf, inventory);
	}

	requireViableGroup(vf, inventory);
	return {vf, created: false, actions: made.actions, warnings: [...made.warnings, ...reservedWarnings(inventory, pf, named)]};
}

/** PF up, and VFs where it has none and none was named: `vf` is the first of them then. */
export function preparePf(inventory: Inventory, pf: Pf, named: Vf | undefined, createVfs: number | undefined): {vf: Vf | null; actions: Action[]; warnings: string[]} {
	const netdev = pf.netdevs[0]!;
	const actions: Action[] = inventory.netdevs.get(netdev)?.up === true ? [] : [{kind: 'set-link', netdev, from: 'down', to: 'up'}];
	if (named !== undefined || pf.numVfs > 0) {
		return {vf: null, actions, warnings: []};
	}

	const count = Math.min(createVfs ?? defaultCreatedVfs, pf.totalVfs);
	actions.push({kind: 'set-numvfs', pf: pf.bdf, pfNetdev: netdev, from: 0, to: count, remembered: []});
	return {vf: futureVf(pf, 0), actions, warnings: [`${netdev} has no VFs: ${count} of ${pf.totalVfs} are created (--vfs N to choose)`]};
}

/** What is said of a VF that was named although the automatic choice would pass it over. */
export function reservedWarnings(inventory: Inventory, pf: Pf, named: Vf | undefined): string[] {
	const holder = named && holderOf(named, inventory);
	return named && holder?.kind === 'reserved' ? [`${vfName(pf, named)} was chosen by name although ${holder.reason}`] : [];
}
