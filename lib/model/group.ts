// Whether an IOMMU group can be given to a guest.
import type {Bdf} from './bdf.ts';
import type {Inventory} from './inventory.ts';
import {holderOf, holderText} from './holder.ts';
import {isVfioDriver} from './vf-driver.ts';

/** A member of the group that stands in the way. */
export interface GroupBlocker {
	bdf: Bdf;
	reason: string;
	/** On a driver of the host; false for what a guest or a program has, who may want the whole group. */
	byHost: boolean;
}

// Drivers that leave DMA ownership alone (`driver_managed_dma` in the kernel: pci-stub and the
// PCIe port driver) or are vfio themselves do not make a group unviable.
const harmlessDrivers = new Set(['pcieport', 'pci-stub', 'shpchp']);

/** The members that keep a VF's group from being given away; empty when nothing does. The rule
 * of the kernel is that every other member is unbound, on a vfio driver, or on a driver that
 * does no DMA of its own (__iommu_take_dma_ownership in drivers/iommu/iommu.c). */
export function groupBlockers(vf: Bdf, groupNumber: number, inventory: Inventory): GroupBlocker[] {
	const blockers: GroupBlocker[] = [];
	for (const member of inventory.groups.get(groupNumber)?.members ?? []) {
		const fn = inventory.functions.get(member);
		if (member === vf || !fn) {
			continue;
		}

		const use = inventory.hostUses.find(({bdf}) => bdf === member);
		const sibling = inventory.pfs.find(({bdf}) => bdf === fn.physfn)?.vfs.find(({bdf}) => bdf === member);
		const holder = sibling && holderOf(sibling, inventory);
		if (holder?.kind === 'guest' || holder?.kind === 'process') {
			blockers.push({bdf: member, reason: `${member} is held by ${holderText(holder)}`, byHost: false});
		} else if (fn.driver !== null && !isVfioDriver(fn.driver) && !harmlessDrivers.has(fn.driver)) {
			blockers.push({bdf: member, reason: `${member} is on the host's driver ${fn.driver}${use ? ` (${use.reason})` : ''}`, byHost: true});
		}
	}

	return blockers;
}
