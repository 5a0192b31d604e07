// The names in a host file, as the devices that they mean on this host.
import {AppError} from '../../errors.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {HostFile, VfRange, WantedGuestVf, WantedPf, WantedTuning, WantedVfs} from '../../model/host-file.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName, selectPf} from '../../model/select.ts';
import {vfRangeText} from '../../model/vf-range.ts';
import {settingLabel, type VfSettingsPart} from '../../model/vf-settings.ts';
import {findGuest} from '../find-guest.ts';
import {futureVf} from '../future-vf.ts';
import {at} from './fold.ts';

/** One VF that the file says something about. */
export interface ResolvedVf {
	path: string;
	/** `ens1f0#2`. */
	name: string;
	pf: Bdf;
	index: number;
	bdf: Bdf;
	settings: VfSettingsPart;
	driver: string | undefined;
	tuning: WantedTuning;
}

/** One VF that a guest is to have. */
export interface ResolvedGuestVf {
	path: string;
	wanted: WantedGuestVf;
	/** Null: a VF of the pool. */
	vf: {name: string; pf: Bdf; index: number; bdf: Bdf} | null;
	pool: string | null;
	/** With what `vfs` says about the VF. */
	settings: VfSettingsPart;
}

export interface Resolved {
	pfs: Array<{path: string; wanted: WantedPf; bdf: Bdf}>;
	vfs: ResolvedVf[];
	guests: Array<{path: string; uuid: string; name: string; vfs: ResolvedGuestVf[] | null}>;
	/** Members of the pools that list VFs, by pool. */
	poolVfs: ReadonlyMap<string, readonly Bdf[]>;
}

/** Everything the file names, found on the host. Throws what `select` throws, with the place in the
 * file, and BAD_HOST_FILE where two names mean one device. */
export function resolve(inventory: Inventory, file: HostFile): Resolved {
	const pfs = file.pfs.map(wanted => {
		const path = `pfs.${wanted.pf}`;
		return {path, wanted, bdf: at(path, () => selectPf(inventory, wanted.pf)).bdf};
	});
	requireOnce(pfs.map(({path, bdf}) => ({path, key: bdf, what: `PF ${bdf}`})));
	const counts = new Map(pfs.flatMap(({wanted, bdf}) => wanted.numVfs === undefined ? [] : [[bdf, wanted.numVfs] as const]));
	const find = (path: string, name: string, index: number) => at(path, () => findVf(selectPf(inventory, name), index, counts));

	const known = new Map<Bdf, ResolvedVf>();
	for (const vf of file.vfs.flatMap(wanted => resolveVfs(wanted, `vfs (${vfRangeText(wanted.select)})`, find))) {
		known.set(vf.bdf, merge(known.get(vf.bdf), vf));
	}

	const guests = file.guests.map(wanted => {
		const path = `guests.${wanted.name}`;
		const {uuid, name} = at(path, () => findGuest(inventory, wanted.name));
		return {path, uuid, name, vfs: wanted.vfs?.map((vf, position) => resolveGuestVf(vf, `${path}.vfs[${position}]`, find, known)) ?? null};
	});
	requireOnce(guests.map(({path, uuid, name}) => ({path, key: uuid, what: `guest ${name}`})));

	const poolVfs = new Map(file.pools.flatMap(({name, source}) => source !== undefined && 'vfs' in source
		? [[name, source.vfs.flatMap(range => rangeVfs(range, `pools.${name}.vfs`, find))] as const]
		: []));
	requireOneOwner(guests, poolVfs);
	return {pfs, vfs: [...known.values()], guests, poolVfs: new Map([...poolVfs].map(([name, members]) => [name, members.map(({bdf}) => bdf)]))};
}

/** Addresses that VFs have or could have, of every PF that tells them. */
export function vfAddresses({pfs}: Inventory): ReadonlySet<Bdf> {
	const addresses = new Set<Bdf>();
	for (const pf of pfs) {
		for (const {bdf} of pf.vfs) {
			addresses.add(bdf);
		}

		const count = pf.vfOffset === null ? 0 : pf.vfStride === null ? 1 : pf.totalVfs;
		for (let index = 0; index < count; index++) {
			addresses.add(futureVf(pf, index).bdf);
		}
	}

	return addresses;
}

type Found = {name: string; pf: Bdf; index: number; bdf: Bdf};
type Find = (path: string, pf: string, index: number) => Found;

function findVf(pf: Pf, index: number, counts: ReadonlyMap<Bdf, number>): Found {
	const count = counts.get(pf.bdf) ?? pf.numVfs;
	if (index >= count) {
		const pfText = pfName(pf);
		throw new AppError('VF_NOT_FOUND', `${pfText} will have no VF ${index}`, {
			why: counts.has(pf.bdf) ? `numVfs makes it have ${count}` : `it has ${count}, and the file does not ask for more`,
			fix: `set pfs.${pfText}.numVfs to ${index + 1} or more (it can have ${pf.totalVfs})`,
		});
	}

	return {name: `${pfName(pf)}#${index}`, pf: pf.bdf, index, bdf: (pf.vfs.find(vf => vf.index === index) ?? futureVf(pf, index)).bdf};
}

function rangeVfs({pf, indexes}: VfRange, path: string, find: Find): Found[] {
	return indexes.map(index => find(path, pf, index));
}

function resolveVfs({select, settings, driver, ...tuning}: WantedVfs, path: string, find: Find): ResolvedVf[] {
	return rangeVfs(select, path, find).map(vf => ({...vf, path, settings, driver, tuning}));
}

function resolveGuestVf(wanted: WantedGuestVf, path: string, find: Find, known: ReadonlyMap<Bdf, ResolvedVf>): ResolvedGuestVf {
	const own: VfSettingsPart = {...wanted.settings, ...wanted.mac === undefined ? {} : {mac: wanted.mac}};
	if ('pool' in wanted.source) {
		return {path, wanted, vf: null, pool: wanted.source.pool, settings: own};
	}

	const vf = find(path, wanted.source.pf, wanted.source.index);
	const {settings} = merge(known.get(vf.bdf), {...vf, path, settings: own, driver: undefined, tuning: {}});
	return {path, wanted, vf, pool: null, settings};
}

/** What two places say about one VF; throws BAD_HOST_FILE where they contradict each other. */
function merge(first: ResolvedVf | undefined, second: ResolvedVf): ResolvedVf {
	if (first === undefined) {
		return second;
	}

	const values = (vf: ResolvedVf): Array<[string, unknown]> => Object.entries({...vf.settings, ...vf.driver === undefined ? {} : {driver: vf.driver}, ...Object.fromEntries(Object.entries(vf.tuning).map(([name, choice]) => [name, JSON.stringify(choice)]))});
	const known = new Map(values(first));
	for (const [name, value] of values(second)) {
		if (known.has(name) && known.get(name) !== value) {
			throw new AppError('BAD_HOST_FILE', `${second.path}: ${second.name} is to have two values of ${settingLabel(name)}`, {
				why: `it is ${String(value)} here and ${String(known.get(name))} at ${first.path}`, fix: 'say it once', details: {path: second.path, other: first.path},
			});
		}
	}

	return {...first, settings: {...first.settings, ...second.settings}, driver: first.driver ?? second.driver, tuning: {...first.tuning, ...second.tuning}};
}

function requireOnce(names: ReadonlyArray<{path: string; key: string; what: string}>): void {
	const seen = new Map<string, string>();
	for (const {path, key, what} of names) {
		const first = seen.get(key);
		if (first !== undefined) {
			throw new AppError('BAD_HOST_FILE', `${path}: ${what} is in the file twice`, {why: first === path ? 'it is named twice there' : `${first} means the same`, fix: 'put into one what is to be said about it', details: {path, other: first}});
		}

		seen.set(key, path);
	}
}

/** A VF goes to one guest, or to one pool that lists it. */
function requireOneOwner(guests: Resolved['guests'], pools: ReadonlyMap<string, readonly Found[]>): void {
	const owners = new Map<Bdf, string>();
	const claims = [
		...guests.flatMap(({vfs}) => (vfs ?? []).flatMap(({path, vf}) => vf === null ? [] : [{path, vf}])),
		...[...pools].flatMap(([name, vfs]) => vfs.map(vf => ({path: `pools.${name}.vfs`, vf}))),
	];
	for (const {path, vf} of claims) {
		const other = owners.get(vf.bdf);
		if (other !== undefined) {
			throw new AppError('BAD_HOST_FILE', `${path}: ${vf.name} (${vf.bdf}) has two owners`, {why: `${other} has it too`, fix: 'give each VF to one guest or one pool', details: {path, other}});
		}

		owners.set(vf.bdf, path);
	}
}

