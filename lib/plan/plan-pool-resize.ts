// Plans another size of a pool: other members, or another VF count of the PF it is made of.
import {AppError} from '../errors.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {groupBlockers} from '../model/group.ts';
import {holderOf, holderText} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import {poolMembers, poolOf} from '../model/pool.ts';
import {pfName, selectPf, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import type {Steering} from '../model/steering.ts';
import type {Action} from './action.ts';
import {planPoolPresent, poolStep, type PoolRequest} from './plan-pool.ts';
import {planVfCreate} from './plan-vfs.ts';
import type {Plan} from './plan.ts';
import {requireNotUsed, requirePool, type PoolNetwork} from './pool-preflight.ts';
import {parseVfs} from './pool-source.ts';

export interface ResizeRequest extends Pick<PoolRequest, 'name' | 'acceptedRisks' | 'renderPool'> {
	/** How many VFs it is to have; or else the VFs that come and go, as typed. */
	count?: number;
	add: readonly string[];
	remove: readonly string[];
	/** Rules of the PF that the pool is made of, where they could be read. */
	steering?: Steering | null;
}

/** Changes the members in place, keeping UUID and all guests' definitions; empty when it has them.
 * POOL_IN_USE while running guests have VFs of it. */
export function planPoolResize(inventory: Inventory, request: ResizeRequest): Plan {
	const found = requirePool(inventory, request.name);
	if (request.count !== undefined && request.count < 1) {
		throw new AppError('BAD_COUNT', `a pool cannot have ${request.count} VFs`, {why: 'libvirt starts no pool without VFs', fix: `vfctl pool delete ${quote(request.name)}`});
	}

	const pfNetdev = found.pool.saved?.pfNetdev ?? null;
	if (pfNetdev !== null) {
		return planWholePf(inventory, request, found, pfNetdev);
	}

	const now = found.pool.saved?.members ?? poolMembers(found.pool, inventory);
	// libvirt refuses a definition with a VF that is not there (networkValidate): it must go.
	const present = new Set(inventory.pfs.flatMap(({vfs}) => vfs.map(({bdf}) => bdf)));
	const wanted = request.count === undefined ? withChanges(inventory, request, now) : withCount(inventory, request.count, now.filter(bdf => present.has(bdf)));
	if (wanted.join(' ') === now.join(' ')) {
		return {version: 1, subject: {command: 'pool', pool: request.name}, title: `the pool ${request.name} has ${countText(now.length)} already`, actions: [], warnings: [], risks: []};
	}

	const gone = now.filter(bdf => !present.has(bdf));
	const vfs = wanted.filter(bdf => present.has(bdf));
	requireSome(request.name, vfs);
	const plan = planPoolPresent(inventory, {...request, source: {vfs}, autostart: found.network.autostart, start: found.network.active});
	return {
		...plan,
		title: now.length === vfs.length ? `change the VFs of the pool ${request.name}` : `resize the pool ${request.name} from ${now.length} to ${countText(vfs.length)}`,
		warnings: [...plan.warnings, ...gone.length === 0 ? [] : [`these VFs are not there any more and leave the pool: ${gone.join(', ')}`]],
	};
}

/** A pool of a whole PF has as many VFs as the PF. */
function planWholePf(inventory: Inventory, {name, count, acceptedRisks, steering = null}: ResizeRequest, found: PoolNetwork, netdev: string): Plan {
	if (count === undefined) {
		throw new AppError('UNSUPPORTED', `VFs cannot be added to or removed from the pool ${name}`, {
			why: `it is made of the whole PF ${netdev}: it has all VFs of it and no others`,
			fix: `vfctl pool resize ${quote(name)} COUNT changes the VF count of ${netdev}; or delete the pool and make it of chosen VFs`,
		});
	}

	const pf = selectPf(inventory, netdev);
	if (pf.numVfs === count) {
		return {version: 1, subject: {command: 'pool', pool: name, pf: pf.bdf}, title: `the pool ${name} has ${countText(count)} already`, actions: [], warnings: [], risks: []};
	}

	requireNotUsed(found.pool, inventory, 'resized');
	// It is itself started again, so only other pools are to be told of.
	const change = planVfCreate({...inventory, pools: inventory.pools?.filter(pool => pool.name !== name) ?? null}, {pf: netdev, count, acceptedRisks, steering});
	// libvirt lists the VFs when the network starts: a running one would go on with the old ones.
	const stop = poolStep(found, false);
	const start: Action[] = stop ? [{...stop, from: stop.to!, to: stop.from}] : [];
	return {
		...change,
		subject: {command: 'pool', pool: name, pf: pf.bdf},
		title: `resize the pool ${name} from ${pf.numVfs} to ${countText(count)} of ${netdev}`,
		actions: [...stop ? [stop] : [], ...change.actions, ...start],
	};
}

function withChanges(inventory: Inventory, {name, add, remove}: ResizeRequest, now: readonly Bdf[]): Bdf[] {
	if (add.length === 0 && remove.length === 0) {
		throw new AppError('USAGE', 'how many VFs, or which?', {why: 'neither a count nor --add or --remove was given', fix: `vfctl pool resize ${quote(name)} COUNT`});
	}

	const out = remove.flatMap(word => now.find(bdf => bdf === parseBdf(word)) ?? parseVfs(inventory, [word]));
	const stranger = out.find(bdf => !now.includes(bdf));
	if (stranger !== undefined) {
		throw new AppError('VF_NOT_FOUND', `${stranger} is not in the pool ${name}`, {why: `its VFs are: ${now.join(', ') || 'none'}`, fix: `vfctl pool show ${quote(name)}`});
	}

	const wanted = [...new Set([...now.filter(bdf => !out.includes(bdf)), ...parseVfs(inventory, add)])];
	requireSome(name, wanted);
	return wanted;
}

function withCount(inventory: Inventory, count: number, now: readonly Bdf[]): Bdf[] {
	return count <= now.length ? now.slice(0, count) : [...now, ...freeVfs(inventory, count - now.length, now)];
}

/** The first VFs that nobody has, of the PFs that the pool has VFs of; NO_FREE_VF says of each
 * other why not. */
function freeVfs(inventory: Inventory, count: number, now: readonly Bdf[]): Bdf[] {
	const pfs = inventory.pfs.filter(pf => pf.vfs.some(({bdf}) => now.includes(bdf)));
	const free: Bdf[] = [];
	const reasons: string[] = [];
	for (const {pf, vf} of pfs.flatMap(pf => pf.vfs.map(vf => ({pf, vf}))).filter(one => !now.includes(one.vf.bdf))) {
		const holder = holderOf(vf, inventory);
		const other = poolOf(vf.bdf, inventory);
		const [blocker] = vf.iommuGroup === null ? [] : groupBlockers(vf.bdf, vf.iommuGroup, inventory);
		if (holder.kind === 'nobody' && other === undefined && blocker === undefined) {
			free.push(vf.bdf);
		} else {
			reasons.push(`${vfName(pf, vf)}: ${holder.kind !== 'nobody' ? holderText(holder) : other ? `pool ${other.name} has it` : `its IOMMU group is not viable, ${blocker!.reason}`}`);
		}
	}

	if (free.length < count) {
		const names = pfs.map(pf => pfName(pf)).join(', ') || 'its PFs';
		throw new AppError('NO_FREE_VF', `${names} ${pfs.length === 1 ? 'has' : 'have'} ${free.length === 0 ? 'no free VF' : `only ${free.length} free VFs`}, and the pool needs ${count} more`, {
			why: reasons.join('; ') || 'all others are in the pool already',
			fix: 'name VFs of another PF with --add, or free some: vfctl list',
		});
	}

	return free.slice(0, count);
}

function requireSome(name: string, vfs: readonly Bdf[]): void {
	if (vfs.length === 0) {
		throw new AppError('BAD_COUNT', `the pool ${name} would have no VF left`, {why: 'libvirt could give none to a guest', fix: `vfctl pool delete ${quote(name)}`});
	}
}

function countText(count: number): string {
	return `${count} ${count === 1 ? 'VF' : 'VFs'}`;
}
