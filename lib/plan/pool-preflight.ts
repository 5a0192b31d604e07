// What must hold before a pool is made or changed. Each check throws; nothing has been touched then.
import {AppError} from '../errors.ts';
import type {Pool} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Network, NetworkState} from '../model/network.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {poolOf, poolUsers, type PoolUser} from '../model/pool.ts';
import {pfName, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {requireNotHeld, requireViableGroup} from './preflight.ts';

/** A pool with the network that it is. */
export interface PoolNetwork {
	pool: Pool;
	network: Network;
}

/** The pools of the host; throws LIBVIRT_UNREACHABLE when libvirt could not be asked. */
export function requirePools({pools, networks, libvirtProblem}: Inventory): {pools: readonly Pool[]; networks: readonly Network[]} {
	if (pools === null || networks === null) {
		throw new AppError('LIBVIRT_UNREACHABLE', 'libvirt cannot be asked about networks', {why: libvirtProblem ?? 'it does not answer', fix: 'systemctl start libvirtd (or virtnetworkd.socket)'});
	}

	return {pools, networks};
}

/** The pool of that name, or undefined when there is none. */
export function poolNamed(inventory: Inventory, name: string): PoolNetwork | undefined {
	const {pools, networks} = requirePools(inventory);
	const pool = pools.find(candidate => candidate.name === name);
	const network = networks.find(candidate => candidate.name === name);
	return pool && network && {pool, network};
}

/** The pool of that name; throws POOL_NOT_FOUND. */
export function requirePool(inventory: Inventory, name: string): PoolNetwork {
	const found = poolNamed(inventory, name);
	if (!found) {
		const {pools, networks} = requirePools(inventory);
		const other = networks.find(network => network.name === name);
		throw new AppError('POOL_NOT_FOUND', `libvirt has no pool called '${name}'`, {
			why: `${other === undefined ? '' : `the network of that name is of mode ${other.forward}; `}its pools are: ${pools.map(pool => pool.name).join(', ') || 'none'}`,
			fix: pools.length > 0 ? 'vfctl pool list' : 'vfctl pool create NAME PF',
		});
	}

	return found;
}

/** What vfctl can put back: throws UNSUPPORTED for a pool without a saved definition. */
export function stateOf({name, savedXml, active, autostart}: Network): NetworkState {
	if (savedXml === null) {
		throw new AppError('UNSUPPORTED', `the network ${name} has no saved definition`, {why: 'it is transient: when it stops it is gone, and vfctl could not put it back', fix: `virsh net-dumpxml ${quote(name)} > FILE && virsh net-define FILE`});
	}

	return {xml: savedXml, active, autostart};
}

// libvirt keeps the definition in NAME.xml, and writes it as NAME.xml.new before.
const longestName = 255 - '.xml.new'.length;

/** A name that libvirt takes for a network (virXMLCheckIllegalChars) and its file system too. */
export function requirePoolName(name: string): void {
	const why = name.trim() === '' ? 'it is empty'
		: name.includes('/') ? 'libvirt names a file by it, so there can be no / in it'
			// A line end is refused by libvirt, others by XML.
			: /\p{Cc}/u.test(name) ? 'it has a control character'
				: utf8Length(name) > longestName ? `it is longer than ${longestName} bytes: libvirt names a file by it` : undefined;
	if (why !== undefined) {
		throw new AppError('USAGE', `'${name.slice(0, 80)}' cannot be the name of a pool`, {why, fix: 'choose a short name of letters and digits'});
	}
}

function utf8Length(text: string): number {
	return [...text].reduce((sum, letter) => sum + (letter.codePointAt(0)! < 0x80 ? 1 : letter.codePointAt(0)! < 0x8_00 ? 2 : letter.codePointAt(0)! < 0x1_00_00 ? 3 : 4), 0);
}

/** No running guest has a VF of the pool: POOL_IN_USE. A network must stop for every change that
 * concerns its VFs, and libvirt forgets then which of them it gave away. */
export function requireNotUsed({name}: Pool, inventory: Inventory, what: string): void {
	refuseUsers(name, poolUsers(name, inventory).filter(({when}) => when === 'live'), what);
}

/** No definition of any guest names the pool: POOL_IN_USE. */
export function requireNotNamed({name}: Pool, inventory: Inventory, what: string): void {
	refuseUsers(name, poolUsers(name, inventory), what);
}

function refuseUsers(name: string, users: readonly PoolUser[], what: string): void {
	if (users.length > 0) {
		const guests = [...new Set(users.map(({guest}) => guest))];
		throw new AppError('POOL_IN_USE', `the pool ${name} cannot be ${what} while guests use it`, {
			why: users.map(({guest, when, source}) => when === 'live' ? `guest ${guest} has ${source ?? 'a VF'} of it` : `the saved definition of ${guest} names it`).join('; '),
			fix: guests.map(guest => `vfctl detach ${quote(guest)} ${quote(`pool:${name}`)}`).join('; '),
			details: {pool: name, users: users.map(({guest, when, source, mac}) => ({guest, definition: when, vf: source, mac}))},
		});
	}
}

/** The VF may become a member of the pool: nobody has it, no other pool hands it out, and its
 * group is viable. VF_HELD, MANAGEMENT_INTERFACE, HOST_NETWORK, GROUP_NOT_VIABLE. */
export function requireFreeMember(pf: Pf, vf: Vf, name: string, inventory: Inventory): void {
	requireNotHeld(pf, vf, inventory);
	const other = poolOf(vf.bdf, {...inventory, pools: inventory.pools?.filter(pool => pool.name !== name) ?? null});
	if (other) {
		throw new AppError('VF_HELD', `${vfName(pf, vf)} (${vf.bdf}) is in another pool`, {
			why: `${other.name} hands it out, and libvirt would give it away twice`,
			fix: other.pfNetdev === null ? `vfctl pool resize ${quote(other.name)} --remove ${quote(vfName(pf, vf))}` : `choose VFs of another PF: ${other.name} has all of ${pfName(pf)}`,
		});
	}

	requireViableGroup(vf, inventory);
}
