// MAC addresses that are on this host already, and new ones that are not.
import {AppError} from '../errors.ts';
import type {Bdf} from './bdf.ts';
import type {Inventory} from './inventory.ts';
import {localMac, zeroMac, type Mac} from './mac.ts';

/** Where each MAC of the host is used: interfaces, VFs, guests. `except` is the VF that may
 * keep its own; `pairIn` the guest whose virtio halves of failover pairs are to share theirs. */
export function macUses(inventory: Inventory, except: Bdf | null, pairIn?: string): Map<Mac, string> {
	const uses = new Map<Mac, string>();
	const add = (mac: Mac | null, where: string) => {
		if (mac !== null && mac !== zeroMac && !uses.has(mac)) {
			uses.set(mac, where);
		}
	};

	for (const netdev of inventory.netdevs.values()) {
		if (netdev.bdf === null || netdev.bdf !== except) {
			add(netdev.mac, `interface ${netdev.name}`);
		}
	}

	for (const vf of inventory.pfs.flatMap(pf => pf.vfs)) {
		if (vf.bdf !== except) {
			add(vf.settings?.mac ?? null, `VF ${vf.bdf}`);
		}
	}

	for (const guest of inventory.guests ?? []) {
		for (const definition of [guest.live, guest.config]) {
			for (const mac of definition?.macs ?? []) {
				const shared = guest.uuid === pairIn && definition?.interfaces.some(nic => nic.mac === mac && nic.teaming?.type === 'persistent');
				const own = shared || except !== null && definition?.devices.some(device => device.source === except && device.mac === mac);
				if (!own) {
					add(mac, `guest ${guest.name}`);
				}
			}
		}
	}

	return uses;
}

/** Throws MAC_IN_USE when the MAC is on this host already. */
export function requireFreeMac(inventory: Inventory, mac: Mac, except: Bdf | null, pairIn?: string): void {
	const where = macUses(inventory, except, pairIn).get(mac);
	if (where !== undefined) {
		throw new AppError('MAC_IN_USE', `${mac} is already on this host`, {
			why: `${where} has it; two devices with one MAC on a switch take each other's traffic`,
			fix: 'leave --mac out, and vfctl chooses one that is free',
		});
	}
}

/** A MAC for a guest's interface that is the same every time (so DHCP leases survive), unless it is
 * taken. `own`: those that the guest has for it already. */
export function chooseMac(inventory: Inventory, seed: string, except: Bdf | null, own: ReadonlySet<Mac> = new Set()): Mac {
	const uses = macUses(inventory, except);
	for (let attempt = 0; ; attempt++) {
		const hash = fnv1a(`${seed} ${attempt}`);
		const mac = localMac([hash >>> 16, hash >>> 8, hash]);
		if (own.has(mac) || !uses.has(mac)) {
			return mac;
		}
	}
}

/** 32-bit FNV-1a: spreads well and needs no library. */
function fnv1a(text: string): number {
	let hash = 0x811c9dc5;
	for (const character of text) {
		hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
	}

	// The low bits of FNV are its weakest; fold the high ones in.
	return (hash ^ (hash >>> 24)) >>> 0;
}
