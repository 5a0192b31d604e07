// Plans pools: libvirt networks of forward mode hostdev, made and taken away.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Pool} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf} from '../model/pci.ts';
import {changesAtStart, poolMembers, poolUsers} from '../model/pool.ts';
import {pfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import type {PoolXmlSpec} from '../libvirt/pool-xml.ts';
import type {Action, SetNetworkAction} from './action.ts';
import {poolNamed, requireFreeMember, requireNotNamed, requireNotUsed, requirePoolName, requirePools, stateOf, type PoolNetwork} from './pool-preflight.ts';
import {resolveSource, type PoolSource, type ResolvedSource} from './pool-source.ts';
import type {Plan, RiskName} from './plan.ts';
import {requireAssignment} from './preflight.ts';

export interface PoolRequest {
	name: string;
	source: PoolSource;
	/** Started with libvirt. */
	autostart: boolean;
	/** Started now; true unless told otherwise. False leaves one alone that runs. */
	start?: boolean;
	/** VFs to create when the pool is of a whole PF that has none. */
	createVfs?: number;
	acceptedRisks: readonly RiskName[];
	/** The <network>: planning itself knows no templates. */
	renderPool: (spec: PoolXmlSpec) => string;
}

/** Makes the pool, or changes the one of that name in place; empty when it is so. POOL_EXISTS when
 * the name is taken by a network of another kind, POOL_IN_USE when guests use what must change. */
export function planPoolPresent(inventory: Inventory, request: PoolRequest): Plan {
	const {name, start = true} = request;
	requirePoolName(name);
	const present = poolNamed(inventory, name);
	requireNoOtherNetwork(inventory, name, present);
	const source = resolveSource(inventory, request.source);
	const subject = {command: 'pool' as const, pool: name};
	const same = present !== undefined && hasSource(present.pool, source);
	const from = present ? stateOf(present.network) : null;
	if (present && from && same && from.autostart === request.autostart && (from.active || !start)) {
		return restart(present, inventory);
	}

	const risks = requireAssignment(inventory, request.acceptedRisks);
	const actions: Action[] = [];
	if (!same) {
		if (present) {
			requireNotUsed(present.pool, inventory, 'changed');
		}

		const members = present ? poolMembers(present.pool, inventory) : [];
		for (const {pf, vf} of source.vfs.filter(one => !members.includes(one.vf.bdf))) {
			requireFreeMember(pf, vf, name, inventory);
		}
	}

	const active = start || from?.active === true;
	const created = newVfs(source, request);
	actions.push(...active || created.length > 0 ? linksUp(source.pfs, inventory) : [], ...created);
	const xml = from !== null && same ? from.xml : request.renderPool({name, managed: present?.pool.managed ?? true, pf: source.made, savedXml: from?.xml ?? null});
	actions.push({kind: 'set-network', name, from, to: {xml, active, autostart: request.autostart}});
	return {version: 1, subject, title: `${present ? 'change' : 'make'} the pool ${name}${same ? '' : `: ${sourceText(source)}`}`, actions, warnings: pinnedWarnings(source), risks};
}

/** For a pool that is as wanted, but may run with other VFs than its definition says. */
function restart(found: PoolNetwork, inventory: Inventory): Plan {
	const {pool: {name}} = found;
	const stop = poolStep(found, false);
	const stale = stop !== undefined && changesAtStart(found.pool, inventory);
	const used = poolUsers(name, inventory).some(({when}) => when === 'live');
	return {
		version: 1, subject: {command: 'pool', pool: name},
		title: stale && !used ? `start the pool ${name} again with the VFs that it is made of` : `the pool ${name} is so already`,
		actions: stale && !used ? [stop, {...stop, from: stop.to, to: stop.from}] : [],
		warnings: stale && used ? [`the pool ${name} goes on with other VFs than it is made of: guests use it, and it must be stopped and started for that`] : [],
		risks: [],
	};
}

/** As planPoolPresent, but never changes what an existing pool is made of: POOL_EXISTS. */
export function planPoolCreate(inventory: Inventory, request: PoolRequest): Plan {
	const present = poolNamed(inventory, request.name);
	if (present && !hasSource(present.pool, resolveSource(inventory, request.source))) {
		throw new AppError('POOL_EXISTS', `there is a pool called '${request.name}' already`, {
			why: present.pool.pfNetdev === null ? `it has the VFs ${poolMembers(present.pool, inventory).join(', ') || 'none'}` : `it has all VFs of ${present.pool.pfNetdev}`,
			fix: `vfctl pool resize ${quote(request.name)} --add VF, or vfctl pool delete ${quote(request.name)} first`,
		});
	}

	return planPoolPresent(inventory, request);
}

/** Takes the pool away; empty when there is none of that name. POOL_IN_USE while a guest uses it
 * or its saved definition names it. */
export function planPoolAbsent(inventory: Inventory, {name}: {name: string}): Plan {
	const subject = {command: 'pool' as const, pool: name};
	const present = poolNamed(inventory, name);
	if (!present) {
		const other = requirePools(inventory).networks.find(network => network.name === name);
		return {version: 1, subject, title: `there is no pool ${name}`, actions: [], warnings: other ? [`the network ${name} is no pool (forward mode ${other.forward}) and stays`] : [], risks: []};
	}

	requireNotNamed(present.pool, inventory, 'deleted');
	return {version: 1, subject, title: `delete the pool ${name}`, actions: [{kind: 'set-network', name, from: stateOf(present.network), to: null}], warnings: [], risks: []};
}

/** A step that only starts or stops it, or undefined when it does so already. */
export function poolStep({network}: PoolNetwork, active: boolean): SetNetworkAction | undefined {
	const from = stateOf(network);
	return from.active === active ? undefined : {kind: 'set-network', name: network.name, from, to: {...from, active}};
}

/** PFs that the VFs of the pool belong to. */
export function pfsOf(pool: Pool, inventory: Inventory): Pf[] {
	const members = poolMembers(pool, inventory);
	return inventory.pfs.filter(pf => pf.vfs.some(({bdf}) => members.includes(bdf)));
}

/** Switches PFs on: libvirt refuses VFs of one that is not (virNetDevSetNetConfig). */
export function linksUp(pfs: readonly Pf[], {netdevs}: Inventory): Action[] {
	return pfs.flatMap(({netdevs: [netdev]}) => netdev === undefined || netdevs.get(netdev)?.up === true ? [] : [{kind: 'set-link' as const, netdev, from: 'down' as const, to: 'up' as const}]);
}

function requireNoOtherNetwork(inventory: Inventory, name: string, present: PoolNetwork | undefined): void {
	const other = requirePools(inventory).networks.find(network => network.name === name);
	if (other && !present) {
		throw new AppError('POOL_EXISTS', `libvirt has a network called '${name}' that is no pool`, {why: `its forward mode is ${other.forward}, that of a pool is hostdev`, fix: 'choose another name (virsh net-list --all shows those that are taken)'});
	}
}

function newVfs({made, pfs: [pf]}: ResolvedSource, {name, createVfs}: PoolRequest): Action[] {
	if (typeof made !== 'string' || pf === undefined || pf.numVfs > 0) {
		return [];
	}

	if (createVfs === undefined) {
		throw new AppError('VF_NOT_FOUND', `${made} has no VFs`, {why: 'libvirt starts no network of a PF without them', fix: `vfctl pool create ${quote(name)} ${quote(made)} --vfs ${Math.min(8, pf.totalVfs)}`});
	}

	if (createVfs < 1 || createVfs > pf.totalVfs) {
		throw new AppError('BAD_COUNT', `${made} cannot have ${createVfs} VFs for a pool`, {why: `it can have 1 to ${pf.totalVfs} (sriov_totalvfs)`, fix: `--vfs ${Math.min(8, pf.totalVfs)}`});
	}

	return [{kind: 'set-numvfs', pf: pf.bdf, pfNetdev: made, from: 0, to: createVfs, remembered: []}];
}

/** The saved definition is made of it; the order of VFs says nothing. */
function hasSource({saved}: Pool, {made}: ResolvedSource): boolean {
	const set = (vfs: readonly Bdf[]) => vfs.toSorted().join(' ');
	return saved !== null && (typeof made === 'string' ? saved.pfNetdev === made : saved.pfNetdev === null && set(saved.members) === set(made));
}

function sourceText({made, vfs, pfs}: ResolvedSource): string {
	return typeof made === 'string' ? `all VFs of ${made}` : `${vfs.length} ${vfs.length === 1 ? 'VF' : 'VFs'} of ${pfs.map(pf => pfName(pf)).join(', ')}`;
}

function pinnedWarnings({vfs}: ResolvedSource): string[] {
	return vfs.filter(({vf}) => vf.driverOverride !== null).map(({vf}) => `${vf.bdf} is in the pool although its driver is pinned to ${vf.driverOverride}`);
}
