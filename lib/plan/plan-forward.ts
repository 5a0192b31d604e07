// Plans the switching of what passes frames on between the VFs of a card.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Pf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';
import type {Action, LoadModuleAction} from './action.ts';
import type {InsertModuleAction} from './forward-actions.ts';
import type {Plan} from './plan.ts';

/** What is known of the module and of the switches of cards. */
export interface ForwardFacts {
	/** PFs that it is on for; null: the module is not loaded. */
	on: ReadonlySet<Bdf> | null;
	/** What loads the module; the error says why nothing can. Null when it is loaded, or not wanted. */
	load: LoadModuleAction | InsertModuleAction | AppError | null;
	/** PFs whose switch sends everything out (bridge link: hwmode VEPA). */
	vepa: ReadonlySet<Bdf>;
	/** PFs whose switch is in switchdev mode. */
	switchdev: ReadonlySet<Bdf>;
}

export interface ForwardRequest {
	pfs: readonly Pf[];
	on: boolean;
	facts: ForwardFacts;
}

/** The plan; empty for PFs that are so already. Switching off leaves the module loaded: without a PF
 * it does nothing. Throws what `facts.load` is. */
export function planForward(request: ForwardRequest): Plan {
	const {pfs, on, facts} = request;
	const {load, switches} = forwardSteps(request);
	const names = pfs.map(pf => pfName(pf)).join(', ');
	return {
		version: 1,
		subject: {command: 'forward', ...pfs.length === 1 ? {pf: pfs[0]!.bdf} : {}},
		title: on ? `pass frames between the VFs of ${names} on` : `leave frames between the VFs of ${names} to the card`,
		actions: [...load, ...switches],
		warnings: pfs.filter(pf => switches.some(action => action.kind === 'set-forward' && action.pf === pf.bdf && action.to)).flatMap(pf => forwardWarnings(pf, facts)),
		risks: [],
	};
}

/** The steps: loading the module, when that is needed and was not planned before, and the switches. */
export function forwardSteps({pfs, on, facts}: ForwardRequest, isPlanned = false): {load: Action[]; switches: Action[]} {
	const switches = pfs.filter(({bdf}) => (facts.on?.has(bdf) ?? false) !== on)
		.map((pf): Action => ({kind: 'set-forward', pf: pf.bdf, pfNetdev: pf.netdevs[0] ?? null, from: !on, to: on}));
	if (!on || switches.length === 0 || facts.on !== null || isPlanned) {
		return {load: [], switches};
	}

	if (facts.load === null || facts.load instanceof AppError) {
		throw facts.load ?? new AppError('BUG', 'how the forwarding module is loaded was not looked up');
	}

	return {load: [facts.load], switches};
}

/** What an admin should know of a PF before it is switched on. */
export function forwardWarnings(pf: Pf, {vepa, switchdev}: ForwardFacts): string[] {
	return [
		...vepa.has(pf.bdf) ? [`${pfName(pf)} is in VEPA mode: everything goes to the switch outside, and nothing is passed on until that changes`] : [],
		...switchdev.has(pf.bdf) ? [`${pfName(pf)} is in switchdev mode: what tc and bridges do at its representors is not done to frames that are passed on`] : [],
	];
}
