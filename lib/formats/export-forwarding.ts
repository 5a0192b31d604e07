// Where frames between VFs are passed on, as a host file says it.
import type {Bdf} from '../model/bdf.ts';
import {compareNames} from '../model/host-file-order.ts';
import type {HostFile} from '../model/host-file.ts';
import type {Inventory} from '../model/inventory.ts';
import {fileNameOf} from './export-vf.ts';

/** The file with the `forwarding` of all PFs that it is on for; off is how a host starts. */
export function withForwarding(file: HostFile, {pfs}: Inventory, {on, relays}: {on: ReadonlySet<Bdf> | null; relays: ReadonlyMap<Bdf, string>}): HostFile {
	const wanted = new Map(file.pfs.map(pf => [pf.pf, pf]));
	for (const pf of pfs.filter(({bdf}) => on?.has(bdf) === true)) {
		const name = fileNameOf(pf);
		const relay = relays.get(pf.bdf);
		wanted.set(name, {...wanted.get(name) ?? {pf: name}, forwarding: 'on', ...relay === undefined ? {} : {relay}});
	}

	return {...file, pfs: [...wanted.values()].toSorted((a, b) => compareNames(a.pf, b.pf))};
}
