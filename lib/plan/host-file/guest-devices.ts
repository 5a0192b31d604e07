// The VFs that a guest has, against those that it is to have.
import type {Bdf} from '../../model/bdf.ts';
import type {Guest, GuestDevice} from '../../model/domain.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Mac} from '../../model/mac.ts';
import {findVf} from '../../model/select.ts';
import type {ResolvedGuestVf} from './resolve.ts';

/** One VF of a guest, in its running and its saved definition. */
export interface HeldVf {
	source: Bdf | null;
	network: string | null;
	mac: Mac | null;
	live: GuestDevice | null;
	config: GuestDevice | null;
}

/** What becomes of a guest's VFs. */
export interface Matched {
	/** Devices that the guest is not to have. */
	removed: HeldVf[];
	wanted: Array<{
		vf: ResolvedGuestVf;
		/** What the guest has of it and keeps; null: it is attached, or attached anew. */
		held: HeldVf | null;
		/** What is taken away first because it cannot be changed in place, and why. */
		replaced: {held: HeldVf; why: string} | null;
	}>;
}

/** Compares; `addresses` are those of VFs, because other PCI devices of a guest are none of ours. */
export function matchDevices(guest: Guest, wanted: readonly ResolvedGuestVf[], inventory: Inventory, addresses: ReadonlySet<Bdf>): Matched {
	const left = new Set(heldVfs(guest).filter(({source, network}) => network !== null || (source !== null && addresses.has(source))));
	const matches = new Map<ResolvedGuestVf, HeldVf>();
	const take = (which: (vf: ResolvedGuestVf) => ((held: HeldVf) => boolean) | undefined) => {
		for (const vf of wanted) {
			const test = matches.has(vf) ? undefined : which(vf);
			const held = test && [...left].find(candidate => test(candidate));
			if (held) {
				matches.set(vf, held);
				left.delete(held);
			}
		}
	};

	// Those of a pool that have a MAC first, so that the others do not take their devices.
	take(({vf}) => vf === null ? undefined : held => held.network === null && held.source === vf.bdf);
	take(({pool, wanted: {mac}}) => pool === null || mac === undefined ? undefined : held => held.network === pool && held.mac === mac);
	take(({pool, wanted: {mac}}) => pool === null || mac !== undefined ? undefined : held => held.network === pool);
	return {
		removed: [...left],
		wanted: wanted.map(vf => {
			const held = matches.get(vf) ?? null;
			const why = held === null ? undefined : whyReplaced(guest, held, vf, inventory);
			return held === null || why === undefined ? {vf, held, replaced: null} : {vf, held: null, replaced: {held, why}};
		}),
	};
}

/** The guest's devices that a host file can name, each once. */
export function heldVfs(guest: Guest): HeldVf[] {
	const held = new Map<string, HeldVf>();
	for (const target of ['live', 'config'] as const) {
		// A host file has no word for macvtap, so what a guest has by it stays.
		for (const device of guest[target]?.devices.filter(({method}) => method !== 'macvtap') ?? []) {
			// The saved interface of a pool has no source: it is known by its MAC.
			const key = device.network === null ? `${device.source}` : `${device.network} ${device.mac}`;
			const known = held.get(key) ?? {source: device.source, network: device.network, mac: device.mac, live: null, config: null};
			held.set(key, {...known, [target]: device});
		}
	}

	return [...held.values()];
}

/** What cannot be changed while the guest has the device; undefined when nothing is in the way. */
function whyReplaced(guest: Guest, held: HeldVf, {wanted, settings, vf}: ResolvedGuestVf, inventory: Inventory): string | undefined {
	for (const device of [held.live, held.config]) {
		if (device === null) {
			continue;
		}

		if (wanted.method !== undefined && device.method !== 'network' && device.method !== wanted.method) {
			return `its method is ${device.method}`;
		}

		if (device.method === 'interface' && ((settings.qos ?? 0) !== 0 || settings.vlanProto === '802.1ad')) {
			return 'libvirt\'s <interface> knows no VLAN priority or 802.1ad';
		}

		if (wanted.managed !== undefined && device.method !== 'network' && device.managed !== wanted.managed) {
			return `managed is ${device.managed ? 'yes' : 'no'}`;
		}

		if (device.method !== 'hostdev' && wanted.mac !== undefined && device.mac !== wanted.mac) {
			return `its MAC is ${device.mac}`;
		}

		if (device.method !== 'hostdev' && settings.vlan !== undefined && (device.vlan ?? 0) !== settings.vlan) {
			return `its VLAN is ${device.vlan ?? 0}`;
		}

		if (wanted.failover !== undefined && device.teaming === null) {
			return 'nothing stands by for it';
		}
	}

	// The driver in a running guest takes another MAC only when it is loaded again.
	const present = findVf(inventory, vf?.bdf)?.vf;
	if (held.live?.method === 'hostdev' && wanted.mac !== undefined && present?.settings && present.settings.mac !== wanted.mac) {
		return `its MAC is ${present.settings.mac}`;
	}

	const half = (guest.active && held.live === null) || (guest.persistent && held.config === null);
	return held.network !== null && half ? 'only one of its definitions has it' : undefined;
}
