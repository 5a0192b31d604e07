// The interface that a detach from a namespace names.
import {AppError} from '../../errors.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {NetnsRef} from '../../model/netns.ts';
import {select} from '../../model/select.ts';
import type {NetnsAttachment, NetnsFacts, PlacedNetdev} from './netns-request.ts';
import type {NetnsDetachRequest} from './plan-netns-detach.ts';

export interface NamedAttachment {
	/** The namespace as it is now; null when it is gone. */
	netns: NetnsRef | null;
	/** Name or path of it, as in `NetnsRef`: one that is gone is known by it. */
	name: string;
	/** VF or PF by any of its names, or its interface's name in the namespace. */
	device: string;
}

interface Candidate extends NetnsDetachRequest {
	/** What the interface is called there, or was on the host before. */
	names: readonly string[];
}

/** The interface in the namespace, or the one that was in a namespace of that name which is gone.
 * Throws NOT_ATTACHED, USAGE when several are meant, and what `select` throws. */
export function findNetnsAttached(inventory: Inventory, wanted: NamedAttachment, facts: NetnsFacts): NetnsDetachRequest {
	const candidates = [...presentIn(wanted, facts), ...lostWith(wanted, facts)];
	const byName = candidates.filter(({names}) => names.includes(wanted.device));
	const meant = byName.length > 0 ? byName : byDevice(inventory, wanted.device, candidates);
	const [first, second] = meant;
	if (first === undefined) {
		throw new AppError('NOT_ATTACHED', `namespace ${wanted.name} does not have ${wanted.device}`, {
			why: `it has ${candidates.map(({bdf, names}) => `${names[0] ?? 'one'} (${bdf})`).join(', ') || 'no interface of a VF or PF'}`,
			fix: 'vfctl netns list',
		});
	}

	if (second !== undefined) {
		throw new AppError('USAGE', `namespace ${wanted.name} has several VFs of ${wanted.device}`, {why: meant.map(({bdf, names}) => `${names[0]} (${bdf})`).join(', '), fix: 'name the one that is meant'});
	}

	const {bdf, placed, attachment} = first;
	return {bdf, placed, attachment};
}

function presentIn({netns}: NamedAttachment, {interfaces, attachments}: NetnsFacts): Candidate[] {
	return interfaces.filter(({place}) => netns !== null && place.netns?.inode === netns.inode).map(placed => {
		const attachment = attachments.find(({bdf}) => bdf === placed.bdf) ?? null;
		return {bdf: placed.bdf, placed, attachment, names: [placed.place.name, ...namesBefore(attachment)]};
	});
}

/** What a namespace of the name had that is gone: a new one of the name has another inode. */
function lostWith({netns, name}: NamedAttachment, {interfaces, attachments}: NetnsFacts): Candidate[] {
	return attachments.filter(attachment => attachment.netns.name === name && attachment.netns.inode !== netns?.inode).flatMap(attachment => {
		const placed: PlacedNetdev | null = interfaces.find(({bdf}) => bdf === attachment.bdf) ?? null;
		// The name may have been that of one of several ways to a namespace that is still there.
		return placed?.place.netns && placed.place.netns.inode !== attachment.netns.inode ? [] : [{bdf: attachment.bdf, placed, attachment, names: [...attachment.name === null ? [] : [attachment.name], ...namesBefore(attachment)]}];
	});
}

function namesBefore(attachment: NetnsAttachment | null): string[] {
	return (attachment?.actions ?? []).flatMap(action => action.kind === 'move-netdev' && action.from.name !== null ? [action.from.name] : []);
}

function byDevice(inventory: Inventory, device: string, candidates: readonly Candidate[]): Candidate[] {
	const selected = select(inventory, device);
	const meant: Bdf[] = selected.kind === 'vf' ? [selected.vf.bdf] : [selected.pf.bdf, ...selected.pf.vfs.map(({bdf}) => bdf)];
	return candidates.filter(({bdf}) => meant.includes(bdf));
}
