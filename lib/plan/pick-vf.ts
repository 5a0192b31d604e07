// The free VF that an attach takes when only a PF was named.
import {AppError} from '../errors.ts';
import {groupBlockers} from '../model/group.ts';
import {holderOf, holderText} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';

/** The first VF that nobody holds, pins or hands out, and whose group is viable (`forGuest`); throws
 * NO_FREE_VF and says of each why not. */
export function pickFreeVf(pf: Pf, inventory: Inventory, {forGuest = true} = {}): Vf {
	const reasons: string[] = [];
	for (const vf of pf.vfs) {
		const holder = holderOf(vf, inventory);
		const blockers = vf.iommuGroup === null || !forGuest ? [] : groupBlockers(vf.bdf, vf.iommuGroup, inventory);
		if (holder.kind === 'nobody' && blockers.length === 0) {
			return vf;
		}

		reasons.push(`${vfName(pf, vf)}: ${holder.kind === 'nobody' ? `its IOMMU group is not viable, ${blockers[0]!.reason}` : holderText(holder)}`);
	}

	const pool = (inventory.pools ?? []).find(({active, members}) => active && pf.vfs.some(vf => members.includes(vf.bdf) && holderOf(vf, inventory).kind === 'reserved'));
	throw new AppError('NO_FREE_VF', `${pfName(pf)} has no free VF`, {
		why: reasons.join('; '),
		fix: pool !== undefined ? `take one from the pool: vfctl attach GUEST ${quote(`pool:${pool.name}`)}` : pf.numVfs < pf.totalVfs
			? `the card can have ${pf.totalVfs} VFs, but the count changes only while none is in use: detach them, then vfctl vf create ${quote(pfName(pf))} ${pf.totalVfs}`
			: 'detach one, or use another PF: vfctl list',
		details: {pf: pf.bdf, reasons},
	});
}
