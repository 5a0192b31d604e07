// What a host knows of the devices that a log names: whose VF it is, and who has it.
import {parseBdf, type Bdf} from '../bdf.ts';
import {holderOf} from '../holder.ts';
import type {Inventory} from '../inventory.ts';
import {pfName} from '../select.ts';

export type Fields = Readonly<Record<string, string>>;

/** The fields of a line, and what the host adds to them; what the line says itself stays, but for the
 * old name of an interface. */
export type DeviceLookup = (fields: Fields) => Fields;

/** A lookup in an inventory: for a VF `pf` (interface of its PF) and `vf` (its index), for a device
 * its `netdev`, for a VF that somebody has `guest`. A VFIO node or group in which a VF is alone is
 * that VF; AppArmor's profile of a guest tells the guest. */
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

	const ofGroup = aloneInGroup(inventory);
	const guests = new Map(inventory.guests?.map(({uuid, name}) => [`libvirt-${uuid}`, name]));
	return said => {
		const fields = {...nodeFields(said, ofGroup), ...guestFields(said, guests), ...said};
		const bdf = parseBdf(fields['bdf'] ?? '') ?? fields['netdev'];
		const device = facts.get(bdf ?? '');
		const ofVf = device === undefined || fields['vf'] === undefined ? undefined : facts.get(`${device['bdf']}#${fields['vf']}`);
		// An interface that was renamed since goes by its name of today.
		const renamed = device?.['netdev'] !== undefined && fields['netdev'] !== undefined && !facts.has(fields['netdev']);
		return {...ofVf, ...device, ...fields, ...renamed ? {netdev: device['netdev']!} : {}};
	};
}

/** VFs that have an IOMMU group for themselves, by its number. */
function aloneInGroup({pfs, functions, groups}: Inventory): Map<string, Bdf> {
	const vfs = pfs.flatMap(pf => pf.vfs).map(({bdf}) => ({bdf, group: functions.get(bdf)?.iommuGroup ?? null}));
	return new Map(vfs.flatMap(({bdf, group}): Array<[string, Bdf]> => group !== null && groups.get(group)?.members.length === 1 ? [[String(group), bdf]] : []));
}

function nodeFields({bdf, netdev, group, path}: Fields, ofGroup: ReadonlyMap<string, Bdf>): Fields {
	const number = group ?? /^\/dev\/vfio\/(\d{1,9})$/.exec(path ?? '')?.[1];
	const alone = bdf === undefined && netdev === undefined && number !== undefined ? ofGroup.get(number) : undefined;
	return alone === undefined ? {} : {bdf: alone};
}

// libvirt names the profile after the guest's UUID (src/security/security_apparmor.c, get_profile_name).
function guestFields({profile}: Fields, guests: ReadonlyMap<string, string>): Fields {
	const guest = guests.get(profile ?? '');
	return guest === undefined ? {} : {guest};
}
