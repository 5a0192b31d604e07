// `forwarding` and `relay` of the PFs of a host file.
import {AppError} from '../../errors.ts';
import {noRelay} from '../../model/forward.ts';
import type {WantedPf} from '../../model/host-file.ts';
import {selectPf} from '../../model/select.ts';
import {forwardSteps, forwardWarnings, relaySteps} from '../plan-forward.ts';
import {switchModeSteps} from '../plan-switch-mode.ts';
import type {HostFileFacts} from './facts.ts';
import type {Fold} from './fold.ts';
import type {Resolved} from './resolve.ts';

/** Switches it on or off; the module is loaded once, where the first PF wants it. At boot a kernel that
 * the module was not built for yet leaves frames to the card, with a warning. */
export function planForwarding(fold: Fold, {pfs}: Resolved, {forward: facts, boot = false}: Pick<HostFileFacts, 'forward' | 'boot'>): void {
	let isPlanned = false;
	for (const {path, bdf, wanted} of facts === null ? [] : pfs) {
		const {forwarding} = wanted;
		if (facts === null) {
			continue;
		}

		if (boot && forwarding === 'on' && facts.load instanceof AppError) {
			const {message, why, fix} = facts.load;
			fold.warnings.add(`${path}.forwarding: frames stay with the card: ${[message, why, fix].filter(part => part !== undefined).join('; ')}`);
			continue;
		}

		if (forwarding !== undefined) {
			fold.add(`${path}.forwarding`, inventory => {
				const pf = selectPf(inventory, bdf);
				const {load, switches} = forwardSteps({pfs: [pf], on: forwarding === 'on', facts}, isPlanned);
				isPlanned ||= load.length > 0;
				for (const warning of switches.some(({kind}) => kind === 'set-forward') && forwarding === 'on' ? forwardWarnings(pf, facts) : []) {
					fold.warnings.add(warning);
				}

				return [...load, ...switches];
			});
		}

		if (wanted.relay !== undefined) {
			const {relay} = wanted;
			fold.add(`${path}.relay`, inventory => relaySteps(selectPf(inventory, bdf), relayFor(wanted, relay, facts.on?.has(bdf) ?? false), facts));
		}
	}
}

/** Sets how the cards' own switches work. */
export function planSwitches(fold: Fold, {pfs}: Resolved, {switchModes}: Pick<HostFileFacts, 'switchModes'>): void {
	for (const {path, bdf, wanted: {switch: mode}} of pfs) {
		if (mode !== undefined) {
			fold.add(`${path}.switch`, inventory => {
				const {actions, warnings} = switchModeSteps(selectPf(inventory, bdf), mode, switchModes);
				for (const warning of warnings) {
					fold.warnings.add(warning);
				}

				return actions;
			});
		}
	}
}

/** The group that is wanted. Without forwarding there is none; throws BAD_HOST_FILE for a file that
 * wants one all the same. */
function relayFor({forwarding}: WantedPf, relay: string, isOn: boolean): string | null | undefined {
	const willBeOn = forwarding === undefined ? isOn : forwarding === 'on';
	if (!willBeOn && relay !== noRelay) {
		throw new AppError('BAD_HOST_FILE', `frames cannot be relayed in group ${relay}`, {why: 'forwarding of the PF is off', fix: 'write forwarding: on too'});
	}

	return willBeOn ? relay === noRelay ? null : relay : undefined;
}
