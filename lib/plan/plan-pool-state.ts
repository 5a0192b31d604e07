// Plans the start and stop of a pool.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import {poolMembers, poolUsers} from '../model/pool.ts';
import {quote} from '../model/shell-word.ts';
import {linksUp, pfsOf, poolStep} from './plan-pool.ts';
import type {Plan} from './plan.ts';
import {requireNotUsed, requirePool} from './pool-preflight.ts';

/** Starts it, and switches the PFs on that it needs; empty when it runs. */
export function planPoolStart(inventory: Inventory, name: string): Plan {
	const found = requirePool(inventory, name);
	const step = poolStep(found, true);
	const subject = {command: 'pool' as const, pool: name};
	if (!step) {
		return {version: 1, subject, title: `the pool ${name} is started already`, actions: [], warnings: [], risks: []};
	}

	const members = poolMembers(found.pool, inventory);
	const pfs = pfsOf(found.pool, inventory);
	const {pfNetdev} = found.pool;
	if (pfNetdev !== null && members.length === 0) {
		const known = inventory.pfs.some(({netdevs}) => netdevs.includes(pfNetdev));
		throw new AppError(known ? 'VF_NOT_FOUND' : 'PF_NOT_FOUND', known ? `${pfNetdev} has no VFs` : `no PF of this host is called '${pfNetdev}'`, {
			why: 'libvirt starts no network of a PF without VFs',
			fix: known ? `vfctl vf create ${quote(pfNetdev)} N` : 'vfctl list',
		});
	}

	const present = new Set(pfs.flatMap(({vfs}) => vfs.map(({bdf}) => bdf)));
	const missing = members.filter(bdf => !present.has(bdf));
	return {
		version: 1, subject, title: `start the pool ${name}`,
		actions: [...linksUp(pfs, inventory), step],
		warnings: missing.length === 0 ? [] : [`these VFs of it are not there now: ${missing.join(', ')}`],
		risks: [],
	};
}

/** Stops it; empty when it does not run. POOL_IN_USE while running guests have VFs of it. */
export function planPoolStop(inventory: Inventory, name: string): Plan {
	const found = requirePool(inventory, name);
	const step = poolStep(found, false);
	const subject = {command: 'pool' as const, pool: name};
	if (!step) {
		return {version: 1, subject, title: `the pool ${name} is stopped already`, actions: [], warnings: [], risks: []};
	}

	requireNotUsed(found.pool, inventory, 'stopped');
	const waiting = [...new Set(poolUsers(name, inventory).map(({guest}) => guest))];
	return {
		version: 1, subject, title: `stop the pool ${name}`, actions: [step],
		warnings: waiting.length === 0 ? [] : [`these guests cannot start while it is stopped: ${waiting.join(', ')}`],
		risks: [],
	};
}
