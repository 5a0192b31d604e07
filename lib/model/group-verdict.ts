// Whether an IOMMU group as a whole can be given to a guest: what `vfctl iommu` says.
import type {Bdf} from './bdf.ts';
import {groupBlockers} from './group.ts';
import type {Inventory} from './inventory.ts';
import type {IommuGroup, PciFunction} from './pci.ts';

export interface GroupVerdict {
	/** Null when the group has only bridges, which nobody gives away. */
	viable: boolean | null;
	/** Why not; empty when viable. */
	reasons: string[];
}

/** The verdict for the member that would be given: its VFs when the group has some, else any
 * function that is no bridge. Viable when nothing but that member itself is in the way and the
 * host does not live on it. */
export function groupVerdict(group: IommuGroup, inventory: Inventory): GroupVerdict {
	const members = group.members.map(bdf => inventory.functions.get(bdf)).filter(fn => fn !== undefined && !isBridge(fn)) as PciFunction[];
	const vfs = members.filter(({physfn}) => physfn !== null);
	const candidates = vfs.length > 0 ? vfs : members;
	if (candidates.length === 0) {
		return {viable: null, reasons: []};
	}

	// '' is nobody's address: asks what is in the way of any member, because asking it of each is
	// too slow for a group of thousands. Nothing is in the way of a member that is alone.
	const blockers = group.members.length === 1 ? [] : groupBlockers('' as Bdf, group.number, inventory);
	const [only, ...others] = blockers;
	if (others.length > 0) {
		return {viable: false, reasons: blockers.map(({reason}) => reason)};
	}

	if (only !== undefined && !candidates.some(({bdf}) => bdf === only.bdf)) {
		return {viable: false, reasons: [only.reason]};
	}

	const uses = inventory.hostUses.filter(({bdf}) => candidates.length === 1 && candidates[0]!.bdf === bdf).map(({bdf, reason}) => `${bdf} belongs to the host: ${reason}`);
	return {viable: uses.length === 0, reasons: uses};
}

/** Bridges and ports, class 06. */
export function isBridge({classCode}: PciFunction): boolean {
	return classCode >> 16 === 6;
}

/** Network functions, class 02. */
export function isNetwork({classCode}: PciFunction): boolean {
	return classCode >> 16 === 2;
}
