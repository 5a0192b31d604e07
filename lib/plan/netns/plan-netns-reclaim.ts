// Plans how devices whose network namespaces are gone become what they were.
import {AppError, errorSentence} from '../../errors.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {Inventory} from '../../model/inventory.ts';
import {findVf, pfName, select, vfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import type {Plan} from '../plan.ts';
import type {NetnsAttachment, NetnsFacts} from './netns-request.ts';
import {planNetnsDetach} from './plan-netns-detach.ts';

/** One plan for the named devices, or for all; empty when nothing is left to put back. Of all,
 * those that cannot be put back now are told as warnings. Throws NOT_ATTACHED or VF_HELD for a
 * named one. */
export function planNetnsReclaim(inventory: Inventory, devices: readonly string[], facts: NetnsFacts): Plan {
	const warnings: string[] = [];
	const plans = new Map<Bdf, Plan>();
	for (const attachment of devices.length > 0 ? devices.map(device => named(inventory, device, facts)) : facts.attachments.filter(one => isLost(inventory, one, facts))) {
		try {
			const plan = planNetnsDetach(inventory, {bdf: attachment.bdf, placed: facts.interfaces.find(({bdf}) => bdf === attachment.bdf) ?? null, attachment});
			if (plan.actions.length > 0) {
				plans.set(attachment.bdf, plan);
			}
		} catch (error) {
			if (devices.length > 0 || !(error instanceof AppError)) {
				throw error;
			}

			warnings.push(`${attachment.bdf} is left alone: ${errorSentence(error)}`);
		}
	}

	const all = [...plans.values()];
	return {
		version: 1,
		subject: all.length === 1 ? all[0]!.subject : {command: 'netns-detach', leaves: true, ...all.length === 0 ? {} : {vfs: [...plans.keys()]}},
		title: all.length === 0 ? 'no namespace that is gone left anything to put back' : all.length === 1 ? all[0]!.title : `put back ${all.length} interfaces whose namespaces are gone`,
		actions: all.flatMap(({actions}) => actions),
		warnings: [...warnings, ...all.flatMap(plan => plan.warnings)],
		risks: [],
	};
}

/** The device is in no namespace any more. */
export function isLost(inventory: Inventory, {bdf}: NetnsAttachment, {interfaces}: NetnsFacts): boolean {
	const exists = findVf(inventory, bdf) !== undefined || inventory.pfs.some(pf => pf.bdf === bdf);
	return exists && !interfaces.some(one => one.bdf === bdf && one.place.netns !== null);
}

function named(inventory: Inventory, device: string, facts: NetnsFacts): NetnsAttachment {
	const selected = select(inventory, device);
	const [bdf, name] = selected.kind === 'vf' ? [selected.vf.bdf, vfName(selected.pf, selected.vf)] : [selected.pf.bdf, pfName(selected.pf)];
	const attachment = facts.attachments.find(one => one.bdf === bdf);
	if (attachment === undefined) {
		throw new AppError('NOT_ATTACHED', `${name} (${bdf}) has nothing to reclaim`, {why: 'it went to no namespace since the last boot, or is back already', fix: 'vfctl netns list'});
	}

	if (!isLost(inventory, attachment, facts)) {
		const place = facts.interfaces.find(one => one.bdf === bdf)?.place;
		throw new AppError('VF_HELD', `${name} (${bdf}) is in use`, {why: `it is in namespace ${place?.netns?.name ?? attachment.netns.name}, which is there`, fix: `vfctl netns detach ${quote(place?.netns?.name ?? attachment.netns.name)} ${quote(name)}`});
	}

	return attachment;
}
