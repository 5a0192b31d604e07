// Plans how the switches of cards work: by themselves (VEB), or by one outside (VEPA).
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {SwitchMode} from '../model/forward.ts';
import type {Pf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import type {Action} from './action.ts';
import type {Plan} from './plan.ts';

/** The mode of each PF that was looked at; null: its driver tells none. */
export type SwitchModes = ReadonlyMap<Bdf, SwitchMode | null>;

/** The plan; empty for PFs that are so already. Throws PF_NO_DRIVER, or UNSUPPORTED for a card whose
 * driver has no such mode. */
export function planSwitchMode({pfs, to, modes}: {pfs: readonly Pf[]; to: SwitchMode; modes: SwitchModes}): Plan {
	const made = pfs.map(pf => switchModeSteps(pf, to, modes));
	const names = pfs.map(pf => pfName(pf)).join(', ');
	return {
		version: 1,
		subject: {command: 'forward', ...pfs.length === 1 ? {pf: pfs[0]!.bdf} : {}},
		title: `make the switch of ${names} a ${to.toUpperCase()}`,
		actions: made.flatMap(({actions}) => actions),
		warnings: made.flatMap(({warnings}) => warnings),
		risks: [],
	};
}

/** The step for one PF, and what an admin should know of it. */
export function switchModeSteps(pf: Pf, to: SwitchMode, modes: SwitchModes): {actions: Action[]; warnings: string[]} {
	const [netdev] = pf.netdevs;
	if (netdev === undefined) {
		throw new AppError('PF_NO_DRIVER', `PF ${pf.bdf} has no interface on this host`, {why: pf.driver === null ? 'it has no driver' : `it is on ${pf.driver}`});
	}

	const from = modes.get(pf.bdf) ?? null;
	if (from === to) {
		return {actions: [], warnings: []};
	}

	if (from === null) {
		throw new AppError('UNSUPPORTED', `how the switch of ${pfName(pf)} works cannot be set`, {
			why: `its driver${pf.driver === null ? '' : ` ${pf.driver}`} tells no mode (bridge link show dev ${netdev}): igb, for one, has none and always switches between its VFs`,
			fix: 'leave it as it is',
		});
	}

	return {
		actions: [{kind: 'set-switch-mode', pf: pf.bdf, netdev, from, to}],
		warnings: to === 'vepa' ? [`VFs of ${pfName(pf)} reach each other by the switch outside alone, where its port reflects (hairpin): running guests too`] : [],
	};
}
