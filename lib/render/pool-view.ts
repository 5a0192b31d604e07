// Pools in the shape of `vfctl pool list --json` and `vfctl pool show --json`. null is "not known"
// or "has none".
import type {Bdf} from '../model/bdf.ts';
import {guestHolder, holderOf, isHeld} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import {changesAtStart, poolMembers, poolUsers} from '../model/pool.ts';
import {pfName, vfName} from '../model/select.ts';
import {requirePools, type PoolNetwork} from '../plan/pool-preflight.ts';
import {holderView, type HolderView} from './names.ts';

/** One VF of a pool. */
export interface PoolMemberView {
	bdf: string;
	/** `ens6f1#0`; null when there is no such VF now. */
	name: string | null;
	driver: string | null;
	holder: HolderView | null;
	/** A guest can get it from the pool; null: on another machine it is not known. */
	free: boolean | null;
	/** The pool gave it away, not somebody who named the VF. */
	fromPool: boolean;
}

export interface PoolView {
	name: string;
	uuid: string;
	active: boolean;
	autostart: boolean;
	/** False: it is gone when it stops. */
	persistent: boolean;
	managed: boolean;
	/** The PF it is made of, by its interface; null when it is made of chosen VFs. */
	pf: string | null;
	/** PFs that its VFs belong to. */
	pfs: string[];
	/** null: on another machine it is not known. */
	totalVfs: number | null;
	freeVfs: number | null;
	/** It will be of other VFs from its next start on. */
	changesAtStart: boolean;
	members: PoolMemberView[];
	/** Guests with an interface on it, and in which definition. */
	guests: Array<{name: string; uuid: string; definition: 'live' | 'config' | 'both'}>;
}

export interface PoolListView {
	version: 1;
	host: string;
	pools: PoolView[];
}

export interface PoolShowView {
	version: 1;
	host: string;
	pool: PoolView;
}

/** All pools; throws LIBVIRT_UNREACHABLE. */
export function poolListView(host: string, inventory: Inventory): PoolListView {
	const {pools, networks} = requirePools(inventory);
	return {
		version: 1, host,
		pools: pools.flatMap(pool => {
			const network = networks.find(({name}) => name === pool.name);
			return network ? [poolView({pool, network}, inventory)] : [];
		}),
	};
}

/** One pool. */
export function poolShowView(host: string, inventory: Inventory, found: PoolNetwork): PoolShowView {
	return {version: 1, host, pool: poolView(found, inventory)};
}

function poolView({pool, network}: PoolNetwork, inventory: Inventory): PoolView {
	const bdfs = poolMembers(pool, inventory);
	const users = poolUsers(pool.name, inventory);
	const given = new Set(users.map(({source}) => source));
	const members = bdfs.map(bdf => memberView(bdf, inventory, given.has(bdf)));
	return {
		name: pool.name,
		uuid: network.uuid,
		active: pool.active,
		autostart: network.autostart,
		persistent: pool.persistent,
		managed: pool.managed,
		pf: pool.pfNetdev,
		pfs: inventory.pfs.filter(pf => pf.vfs.some(({bdf}) => bdfs.includes(bdf))).map(pf => pfName(pf)),
		totalVfs: inventory.libvirtAlone && members.length === 0 ? null : members.length,
		freeVfs: inventory.libvirtAlone ? null : members.filter(({free}) => free).length,
		changesAtStart: changesAtStart(pool, inventory),
		members,
		guests: [...new Set(users.map(({uuid}) => uuid))].map(uuid => {
			const own = users.filter(user => user.uuid === uuid);
			return {name: own[0]!.guest, uuid, definition: new Set(own.map(({when}) => when)).size === 2 ? 'both' : own[0]!.when};
		}),
	};
}

function memberView(bdf: Bdf, inventory: Inventory, fromPool: boolean): PoolMemberView {
	for (const pf of inventory.pfs) {
		const vf = pf.vfs.find(candidate => candidate.bdf === bdf);
		if (vf) {
			const holder = holderOf(vf, inventory);
			return {bdf, name: vfName(pf, vf), driver: vf.driver, holder: holderView(holder, undefined), free: !isHeld(holder), fromPool};
		}
	}

	// Of another machine only its guests are known.
	const guest = inventory.libvirtAlone ? guestHolder(bdf, inventory) : undefined;
	return {bdf, name: null, driver: null, holder: guest === undefined ? null : holderView(guest, undefined), free: guest ? false : inventory.libvirtAlone ? null : false, fromPool};
}
