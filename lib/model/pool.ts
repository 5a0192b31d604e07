// Pools of VFs: which VFs a pool has, and which guests use it.
import type {Bdf} from './bdf.ts';
import type {Pool} from './domain.ts';
import type {Inventory} from './inventory.ts';
import type {Mac} from './mac.ts';

/** The VFs that the pool hands out; of one that is not started, those that it will. */
export function poolMembers(pool: Pool, {pfs}: Inventory): readonly Bdf[] {
	// Only a running pool that was made from a whole PF lists the PF's VFs.
	return pool.members.length > 0 || pool.pfNetdev === null
		? pool.members
		: pfs.find(({netdevs}) => netdevs.includes(pool.pfNetdev!))?.vfs.map(({bdf}) => bdf) ?? [];
}

/** The pool runs with other VFs than it will have from its next start on: its definition was
 * changed, or the PF got another VF count. */
export function changesAtStart(pool: Pool, inventory: Inventory): boolean {
	const set = (vfs: readonly Bdf[]) => vfs.toSorted().join(' ');
	return pool.active && pool.saved !== null && set(poolMembers({...pool, ...pool.saved}, inventory)) !== set(poolMembers(pool, inventory));
}

/** The pool, started or not, that has the VF. */
export function poolOf(bdf: Bdf, inventory: Inventory): Pool | undefined {
	return inventory.pools?.find(pool => poolMembers(pool, inventory).includes(bdf));
}

/** One interface of a guest that is on a pool. */
export interface PoolUser {
	guest: string;
	uuid: string;
	/** `live`: it has a VF now. `config`: its saved definition asks for one at every start. */
	when: 'live' | 'config';
	source: Bdf | null;
	mac: Mac | null;
}

/** Who uses the pool, or will. */
export function poolUsers(name: string, {guests}: Inventory): PoolUser[] {
	return (guests ?? []).flatMap(({name: guest, uuid, ...definitions}) => (['live', 'config'] as const).flatMap(when =>
		(definitions[when]?.devices ?? []).filter(({network}) => network === name).map(({source, mac}) => ({guest, uuid, when, source, mac}))));
}
