// `forwarding` of the PFs of a host file.
import {AppError} from '../../errors.ts';
import {selectPf} from '../../model/select.ts';
import {forwardSteps, forwardWarnings} from '../plan-forward.ts';
import type {HostFileFacts} from './facts.ts';
import type {Fold} from './fold.ts';
import type {Resolved} from './resolve.ts';

/** Switches it on or off; the module is loaded once, where the first PF wants it. At boot a kernel that
 * the module was not built for yet leaves frames to the card, with a warning. */
export function planForwarding(fold: Fold, {pfs}: Resolved, {forward: facts, boot = false}: Pick<HostFileFacts, 'forward' | 'boot'>): void {
	let isPlanned = false;
	for (const {path, bdf, wanted: {forwarding}} of facts === null ? [] : pfs) {
		if (forwarding === undefined || facts === null) {
			continue;
		}

		if (boot && forwarding === 'on' && facts.load instanceof AppError) {
			const {message, why, fix} = facts.load;
			fold.warnings.add(`${path}.forwarding: frames stay with the card: ${[message, why, fix].filter(part => part !== undefined).join('; ')}`);
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
