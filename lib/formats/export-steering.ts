// Steering rules and huge pages that a host has, as a host file says them.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import {compareNames} from '../model/host-file-order.ts';
import type {HostFile, WantedHugepages} from '../model/host-file.ts';
import {pageSizeWord, persistentPages, type HugepageFacts} from '../model/hugepages.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Steering} from '../model/steering.ts';
import {fileNameOf} from './export-vf.ts';

/** The file with the `steering` of PFs that have rules, and what could not be said. */
export function withSteering(file: HostFile, {pfs}: Inventory, tables: ReadonlyMap<Bdf, Steering | AppError>): {file: HostFile; notes: string[]} {
	const notes: string[] = [];
	const wanted = new Map(file.pfs.map(pf => [pf.pf, pf]));
	for (const pf of pfs) {
		const table = tables.get(pf.bdf);
		const name = fileNameOf(pf);
		if (table instanceof AppError) {
			notes.push(`steering of ${name} is left out: ${table.message}${table.why === undefined ? '' : ` (${table.why})`}`);
		}

		const entries = table instanceof AppError ? [] : table?.entries ?? [];
		const steering = entries.toSorted((a, b) => a.location - b.location).flatMap(({location, rule}) => {
			if (rule === null) {
				notes.push(`steering rule ${location} of ${name} is left out: a host file has no words for it`);
			}

			return rule === null ? [] : [{...rule, location}];
		});
		if (steering.length > 0) {
			wanted.set(name, {...wanted.get(name) ?? {pf: name}, steering});
		}
	}

	return {file: {...file, pfs: [...wanted.values()].toSorted((a, b) => compareNames(a.pf, b.pf))}, notes};
}

/** What the kernel keeps, by size; by node where they are not spread evenly. */
export function exportHugepages({pools}: HugepageFacts): {hugepages: WantedHugepages[]; notes: string[]} {
	const notes: string[] = [];
	const hugepages = pools.filter(pool => pool.node === null).flatMap((pool): WantedHugepages[] => {
		const {sizeKiB} = pool;
		const count = persistentPages(pool);
		const shares = pools.filter(other => other.sizeKiB === sizeKiB && other.node !== null).map(other => ({sizeKiB, node: other.node, count: persistentPages(other)}));
		if (count === 0) {
			return [];
		}

		const even = shares.length < 2 || shares.every((share, index) => share.count === Math.floor(count / shares.length) + (index < count % shares.length ? 1 : 0));
		if (pool.surplus > 0) {
			notes.push(`${pool.surplus} surplus huge pages of ${pageSizeWord(sizeKiB)} are left out: they go when they are freed`);
		}

		return even ? [{sizeKiB, node: null, count}] : shares.filter(share => share.count > 0);
	});
	return {hugepages, notes};
}
