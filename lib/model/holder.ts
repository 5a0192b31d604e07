// Who has a VF.
import type {Bdf} from './bdf.ts';
import type {Guest, GuestDefinition} from './domain.ts';
import type {Inventory} from './inventory.ts';
import type {Vf} from './pci.ts';
import {isVfioDriver} from './vf-driver.ts';

export type Holder =
	/** `failover`: network or bridge of the virtio interface that stands by for it. */
	| {kind: 'guest'; guest: string; uuid: string; when: 'live' | 'config' | 'both'; failover: string | null}
	| {kind: 'namespace'}
	| {kind: 'process'; pid: number; command: string}
	| {kind: 'host'; reason: string}
	/** Kept out of the automatic choice: someone pinned its driver, a pool hands it out, or a
	 * namespace left its settings on it. */
	| {kind: 'reserved'; reason: string}
	| {kind: 'nobody'};

/** Who holds a VF; the strongest claim wins. */
export function holderOf(vf: Vf, inventory: Inventory): Holder {
	const guest = guestHolder(vf.bdf, inventory);
	if (guest) {
		return guest;
	}

	const user = inventory.uioUsers.find(({bdf}) => bdf === vf.bdf)
		?? (isVfioDriver(vf.driver) ? inventory.vfioUsers.find(({group}) => group === vf.iommuGroup) : undefined);
	if (user) {
		return {kind: 'process', pid: user.pid, command: user.command};
	}

	if (vf.inNamespace) {
		return {kind: 'namespace'};
	}

	const reason = hostReason(vf, inventory);
	if (reason !== undefined) {
		return {kind: 'host', reason};
	}

	const leftover = inventory.leftovers?.get(vf.bdf);
	if (leftover !== undefined) {
		return {kind: 'reserved', reason: leftover};
	}

	if (vf.driverOverride !== null) {
		return {kind: 'reserved', reason: `its driver is pinned to ${vf.driverOverride}`};
	}

	const pool = (inventory.pools ?? []).find(({active, members}) => active && members.includes(vf.bdf));
	return pool ? {kind: 'reserved', reason: `pool ${pool.name} hands it out`} : {kind: 'nobody'};
}

/** The guest that has the device at an address. */
export function guestHolder(bdf: Bdf, {guests}: Pick<Inventory, 'guests'>): Holder | undefined {
	const found = (guests ?? []).map(candidate => ({candidate, when: guestClaim(candidate, bdf)})).find(({when}) => when !== undefined);
	return found?.when === undefined ? undefined : {kind: 'guest', guest: found.candidate.name, uuid: found.candidate.uuid, when: found.when, failover: failoverOf(found.candidate, bdf)};
}

/** In plain words, for tables and errors. */
export function holderText(holder: Holder): string {
	switch (holder.kind) {
		case 'guest': {
			const more = [...holder.when === 'config' ? ['not running with it'] : [], ...holder.failover === null ? [] : [`failover: ${holder.failover}`]];
			return `guest ${holder.guest}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
		}

		case 'namespace': {
			return 'another network namespace';
		}

		case 'process': {
			return `process ${holder.command} (${holder.pid})`;
		}

		case 'host': {
			return `host: ${holder.reason}`;
		}

		case 'reserved': {
			return holder.reason;
		}

		case 'nobody': {
			return 'nobody';
		}
	}
}

/** True when the VF is in somebody's hands now, so that its count or driver must not change. A
 * pin or a pool alone holds nothing. */
export function isHeld(holder: Holder): boolean {
	return holder.kind !== 'nobody' && holder.kind !== 'reserved';
}

function guestClaim(guest: Guest, bdf: Bdf): 'live' | 'config' | 'both' | undefined {
	const has = (definition: GuestDefinition | null) => definition?.devices.some(({source}) => source === bdf) ?? false;
	const live = has(guest.live);
	const config = has(guest.config);
	return live && config ? 'both' : live ? 'live' : config ? 'config' : undefined;
}

function failoverOf(guest: Guest, bdf: Bdf): string | null {
	const definition = [guest.live, guest.config].find(candidate => candidate?.devices.some(({source, teaming}) => source === bdf && teaming !== null));
	const alias = definition?.devices.find(({source}) => source === bdf)?.teaming;
	return definition?.interfaces.find(nic => nic.teaming?.type === 'persistent' && nic.alias === alias)?.source ?? null;
}

/** A VF that is up, has addresses, or is part of a bond or bridge serves the host. */
function hostReason(vf: Vf, {netdevs, hostUses}: Inventory): string | undefined {
	const use = hostUses.find(({bdf}) => bdf === vf.bdf);
	if (use) {
		return use.reason;
	}

	for (const name of vf.netdevs) {
		const netdev = netdevs.get(name);
		if (netdev && netdev.master !== null) {
			return `${name} is part of ${netdev.master}`;
		}

		if (netdev?.up) {
			return `${name} is up`;
		}
	}

	return undefined;
}
