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
	/** Groups of PFs whose frames are relayed; null: the module that is loaded has no relay. */
	relays: ReadonlyMap<Bdf, string> | null;
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
	/** Group in which frames of the PFs are to be relayed; null: none, undefined: as it is. */
	relay?: string | null | undefined;
	facts: ForwardFacts;
}

/** The plan; empty for PFs that are so already. Switching off leaves the module loaded: without a PF
 * it does nothing. Throws what `facts.load` is. */
export function planForward(request: ForwardRequest): Plan {
	const {pfs, on, relay, facts} = request;
	const {load, switches} = forwardSteps(request);
	const names = pfs.map(pf => pfName(pf)).join(', ');
	return {
		version: 1,
		subject: {command: 'forward', ...pfs.length === 1 ? {pf: pfs[0]!.bdf} : {}},
		title: on ? `pass frames between the VFs of ${names} on${typeof relay === 'string' ? `, and relay in group ${relay}` : ''}` : `leave frames between the VFs of ${names} to the card`,
		actions: [...load, ...switches],
		warnings: pfs.filter(pf => switches.some(action => action.kind === 'set-forward' && action.pf === pf.bdf && action.to)).flatMap(pf => forwardWarnings(pf, facts)),
		risks: [],
	};
}

/** The steps: loading the module, when that is needed and was not planned before, and the switches. */
export function forwardSteps({pfs, on, relay, facts}: ForwardRequest, isPlanned = false): {load: Action[]; switches: Action[]} {
	const switches = pfs.flatMap((pf): Action[] => {
		const changes = (facts.on?.has(pf.bdf) ?? false) !== on;
		const step: Action[] = changes ? [{kind: 'set-forward', pf: pf.bdf, pfNetdev: pf.netdevs[0] ?? null, from: !on, to: on}] : [];
		const relays = relaySteps(pf, on ? relay : null, facts);
		return on ? [...step, ...relays] : [...relays, ...step];
	});
	if (!on || switches.length === 0 || facts.on !== null || isPlanned) {
		return {load: [], switches};
	}

	if (facts.load === null || facts.load instanceof AppError) {
		throw facts.load ?? new AppError('BUG', 'how the forwarding module is loaded was not looked up');
	}

	return {load: [facts.load], switches};
}

/** The step that puts a PF into a group or takes it out. Throws UNSUPPORTED where the module that is
 * loaded cannot relay. */
export function relaySteps({bdf, netdevs}: Pf, to: string | null | undefined, {on, relays}: ForwardFacts): Action[] {
	const from = relays?.get(bdf) ?? null;
	if (to === undefined || to === from) {
		return [];
	}

	if (on !== null && relays === null) {
		throw new AppError('UNSUPPORTED', 'the forwarding module that is loaded cannot relay', {why: 'it was built by an older vfctl', fix: 'vfctl driver build; then switch forwarding off, rmmod vfctl_fwd, and vfctl forward on'});
	}

	return [{kind: 'set-relay', pf: bdf, pfNetdev: netdevs[0] ?? null, from, to}];
}

/** What an admin should know of a PF before it is switched on. */
export function forwardWarnings(pf: Pf, {vepa, switchdev}: ForwardFacts): string[] {
	return [
		...vepa.has(pf.bdf) ? [`${pfName(pf)} is in VEPA mode: everything goes to the switch outside, and nothing is passed on until that changes`] : [],
		...switchdev.has(pf.bdf) ? [`${pfName(pf)} is in switchdev mode: its representors decide who reaches whom, and nothing is passed on while they are there`] : [],
	];
}
