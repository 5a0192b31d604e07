// `forwarding` of the PFs of a host file.
import {selectPf} from '../../model/select.ts';
import {forwardSteps, forwardWarnings, type ForwardFacts} from '../plan-forward.ts';
import type {Fold} from './fold.ts';
import type {Resolved} from './resolve.ts';

/** Switches it on or off; the module is loaded once, where the first PF wants it. */
export function planForwarding(fold: Fold, {pfs}: Resolved, facts: ForwardFacts | null): void {
	let isPlanned = false;
	for (const {path, bdf, wanted: {forwarding}} of facts === null ? [] : pfs) {
		if (forwarding === undefined || facts === null) {
			continue;
		}

		fold.add(`${path}.forwarding`, inventory => {
			const pf = selectPf(inventory, bdf);
			const {load, switches} = forwardSteps({pfs: [pf], on: forwarding === 'on', facts}, isPlanned);
			isPlanned ||= load.length > 0;
			for (const warning of switches.length > 0 && forwarding === 'on' ? forwardWarnings(pf, facts) : []) {
				fold.warnings.add(warning);
			}

			return [...load, ...switches];
		});
	}
}
