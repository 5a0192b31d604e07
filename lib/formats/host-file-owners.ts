// Each VF has one owner and one value for each setting.
import type {HostFile, WantedVfs} from '../model/host-file.ts';
import {isVfioDriver} from '../model/vf-driver.ts';
import {vfSettingNames, type VfSettingsPart} from '../model/vf-settings.ts';
import type {Note} from './host-file-check.ts';
import {tuningKeys, tuningTexts} from './host-file-tuning.ts';
import type {Path} from './problems.ts';

interface Owner {
	text: string;
	path: Path;
}

/** Notes VFs that two guests or pools have, that have a host driver and are given away, and
 * settings that are told twice in different ways. */
export function checkOwners(file: HostFile, vfsPlaces: readonly number[], note: Note): void {
	const owners = new Map<string, Owner>();
	const wholePools = new Map<string, Owner>();
	const give = (pf: string, index: number, owner: Owner): boolean => {
		const other = owners.get(`${pf}#${index}`) ?? wholePools.get(pf);
		if (other) {
			note(owner.path, `${pf}#${index} has two owners`, `${other.text} has it, and ${owner.text}`, 'give it to one of them');
			return false;
		}

		owners.set(`${pf}#${index}`, owner);
		return true;
	};

	for (const {name, source} of file.pools) {
		if (source && 'pf' in source) {
			const other = wholePools.get(source.pf);
			const path: Path = ['pools', name, 'pf'];
			if (other) {
				note(path, `${source.pf} is in two pools`, `${other.text} has all its VFs`, 'give it to one of them');
			}

			wholePools.set(source.pf, {text: `pool ${name}`, path});
		}
	}

	for (const {name, source} of file.pools) {
		for (const [position, {pf, indexes}] of (source && 'vfs' in source ? source.vfs : []).entries()) {
			// One message for each range: the rest of it has the same two owners.
			indexes.every(index => give(pf, index, {text: `pool ${name}`, path: ['pools', name, 'vfs', position]}));
		}
	}

	for (const {name, vfs = []} of file.guests) {
		for (const [position, {source}] of vfs.entries()) {
			if ('pf' in source) {
				give(source.pf, source.index, {text: `guest ${name}`, path: ['guests', name, 'vfs', position, 'vf']});
			}
		}
	}

	checkDrivers(file, vfsPlaces, (pf, index) => owners.get(`${pf}#${index}`) ?? wholePools.get(pf), note);
	checkSettings(file, vfsPlaces, note);
}

/** vfio drivers are for guests; any other driver is for the host. */
function checkDrivers({vfs}: HostFile, vfsPlaces: readonly number[], ownerOf: (pf: string, index: number) => Owner | undefined, note: Note): void {
	for (const [position, {select: {pf, indexes}, driver}] of vfs.entries()) {
		const index = driver === undefined || isVfioDriver(driver) ? undefined : indexes.find(one => ownerOf(pf, one) !== undefined);
		if (index !== undefined) {
			note(['vfs', vfsPlaces[position]!, 'driver'], `${pf}#${index} has two owners`, `${ownerOf(pf, index)!.text} has it, and driver: ${driver} keeps it for the host`, 'take it out of the selection, or leave driver out');
		}
	}
}

function checkSettings({vfs, guests}: HostFile, vfsPlaces: readonly number[], note: Note): void {
	interface Told {
		value: unknown;
		place: string;
	}

	const told = new Map<string, Told>();
	const tell = (vf: string, settings: VfSettingsPart & {driver?: string | undefined; interrupts?: string; rps?: string}, place: string, path: Path): boolean => {
		for (const name of [...vfSettingNames, 'driver', ...tuningKeys] as const) {
			const value = settings[name];
			const key = `${vf} ${name}`;
			const other = told.get(key);
			if (value !== undefined && other && other.value !== value) {
				const label = name.replace(/Mbps$/, '');
				note([...path, label], `${vf} has two values of ${label}`, `${other.place} says ${String(other.value)}, and this ${String(value)}`, 'say it once');
				return false;
			}

			if (value !== undefined) {
				told.set(key, other ?? {value, place});
			}
		}

		return true;
	};
	for (const [position, {select: {pf, indexes}, settings, driver, ...tuning}] of (vfs satisfies readonly WantedVfs[]).entries()) {
		const place = `vfs[${vfsPlaces[position]!}]`;
		indexes.every(index => tell(`${pf}#${index}`, {...settings, driver, ...tuningTexts(tuning)}, place, ['vfs', vfsPlaces[position]!]));
	}

	for (const {name, vfs: own = []} of guests) {
		for (const [position, {source, settings, mac}] of own.entries()) {
			if ('pf' in source) {
				tell(`${source.pf}#${source.index}`, {...settings, ...(mac === undefined ? {} : {mac})}, `guest ${name}`, ['guests', name, 'vfs', position]);
			}
		}
	}
}
