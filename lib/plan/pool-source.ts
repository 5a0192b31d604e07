// What a pool is made of, as an admin types it and as plans use it.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName, select, selectPf, selectVf} from '../model/select.ts';
import {parseVfRange} from '../model/vf-range.ts';

/** All VFs of a PF, by a name of it; or VFs, of several PFs too. */
export type PoolSource = {readonly pf: string} | {readonly vfs: readonly Bdf[]};

/** A PF, or VFs by any of their names and as ranges (`eth1#0-3`). Throws what `select` throws, and
 * USAGE for a PF among others. */
export function parsePoolSource(inventory: Inventory, words: readonly string[]): PoolSource {
	const [first, ...more] = words;
	if (first === undefined) {
		throw new AppError('USAGE', 'a pool needs a PF or VFs', {why: 'none was named', fix: 'vfctl pool create NAME PF'});
	}

	if (parseVfRange(first) === undefined && select(inventory, first).kind === 'pf') {
		if (more.length > 0) {
			throw new AppError('USAGE', 'a pool has one PF, or VFs', {why: 'libvirt takes only one <pf> for a network', fix: `name the VFs instead: vfctl pool create NAME ${first}#0-3 ...`});
		}

		return {pf: first};
	}

	return {vfs: parseVfs(inventory, words)};
}

/** VFs by any of their names and as ranges, each once, in the order they were named. */
export function parseVfs(inventory: Inventory, words: readonly string[]): Bdf[] {
	return [...new Set(words.flatMap(word => {
		const range = parseVfRange(word);
		return range === undefined ? [selectVf(inventory, word).vf.bdf] : range.indexes.map(index => selectVf(inventory, `${range.pf}#${index}`).vf.bdf);
	}))];
}

/** A source with the PFs and VFs of the host that it means. */
export interface ResolvedSource {
	/** Interface of the PF for a whole one, or else the VFs. */
	readonly made: string | readonly Bdf[];
	readonly pfs: readonly Pf[];
	readonly vfs: ReadonlyArray<{pf: Pf; vf: Vf}>;
}

/** Throws VF_NOT_FOUND, PF_NOT_FOUND, and PF_NO_DRIVER where a PF has no interface. */
export function resolveSource(inventory: Inventory, source: PoolSource): ResolvedSource {
	if ('pf' in source) {
		const pf = selectPf(inventory, source.pf);
		return {made: netdevOf(pf), pfs: [pf], vfs: pf.vfs.map(vf => ({pf, vf}))};
	}

	const vfs = [...new Set(source.vfs)].map(bdf => selectVf(inventory, bdf));
	const pfs = [...new Set(vfs.map(({pf}) => pf))];
	for (const pf of pfs) {
		netdevOf(pf);
	}

	return {made: vfs.map(({vf}) => vf.bdf), pfs, vfs};
}

/** libvirt finds the VFs of a <pf> by it, and sets MAC and VLAN of any VF through it. */
function netdevOf(pf: Pf): string {
	const [netdev] = pf.netdevs;
	if (netdev === undefined) {
		throw new AppError('PF_NO_DRIVER', `PF ${pfName(pf)} has no network interface on this host`, {why: 'libvirt sets MAC and VLAN of the VFs of a pool through it', fix: `bind it to its kernel driver: vfctl show ${pfName(pf)}`});
	}

	return netdev;
}
