// What a host knows of the devices that a log names: whose VF it is, and who has it.
import {parseBdf} from '../bdf.ts';
import {holderOf} from '../holder.ts';
import type {Inventory} from '../inventory.ts';
import {pfName} from '../select.ts';

export type Fields = Readonly<Record<string, string>>;

/** The fields of a line, and what the host adds to them; what the line says itself stays, but for the
 * old name of an interface. */
export type DeviceLookup = (fields: Fields) => Fields;

/** A lookup in an inventory: for a VF `pf` (interface of its PF) and `vf` (its index), for a device
 * its `netdev`, for a VF that somebody has `guest`. */
export function deviceLookup(inventory: Inventory): DeviceLookup {
	const facts = new Map<string, Fields>();
	for (const pf of inventory.pfs) {
		const name = pfName(pf);
		for (const key of [pf.bdf, ...pf.netdevs]) {
			facts.set(key, {bdf: pf.bdf, ...pf.netdevs[0] === undefined ? {} : {netdev: pf.netdevs[0]}});
		}

		for (const vf of pf.vfs) {
			const holder = holderOf(vf, inventory);
			const known = {
				bdf: vf.bdf, pf: name, vf: String(vf.index),
				...vf.netdevs[0] === undefined ? {} : {netdev: vf.netdevs[0]},
				...holder.kind === 'guest' ? {guest: holder.guest} : {},
			};
			for (const key of [vf.bdf, ...vf.netdevs]) {
				facts.set(key, known);
			}

			facts.set(`${pf.bdf}#${vf.index}`, {vfBdf: vf.bdf, ...holder.kind === 'guest' ? {guest: holder.guest} : {}});
		}
	}

	return fields => {
		const bdf = parseBdf(fields['bdf'] ?? '') ?? fields['netdev'];
		const device = facts.get(bdf ?? '');
		const ofVf = device === undefined || fields['vf'] === undefined ? undefined : facts.get(`${device['bdf']}#${fields['vf']}`);
		// An interface that was renamed since goes by its name of today.
		const renamed = device?.['netdev'] !== undefined && fields['netdev'] !== undefined && !facts.has(fields['netdev']);
		return {...ofVf, ...device, ...fields, ...renamed ? {netdev: device['netdev']!} : {}};
	};
}
