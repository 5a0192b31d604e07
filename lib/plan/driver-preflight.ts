// What must hold before the driver of PFs is exchanged: nobody is on any of its devices.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {PfDriver} from '../model/driver-build.ts';
import {holderOf, holderText, isHeld} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import type {RiskName} from './plan.ts';
import {requireRisk} from './preflight.ts';

/** All functions on the driver, cards without SR-IOV too: they lose their interface with it. */
export function devicesOn({functions}: Inventory, module: PfDriver): Bdf[] {
	return [...functions.values()].filter(({driver}) => driver === module).map(({bdf}) => bdf);
}

/** PFs on the driver. */
export function pfsOn({pfs}: Inventory, module: PfDriver): Pf[] {
	return pfs.filter(({driver}) => driver === module);
}

/** Throws MANAGEMENT_INTERFACE, or DRIVER_IN_USE with everybody who is in the way. Returns the risks
 * that the answer rests on. */
export function requireDriverFree(inventory: Inventory, module: PfDriver, accepted: readonly RiskName[]): RiskName[] {
	const devices = devicesOn(inventory, module);
	const pfs = pfsOn(inventory, module);
	const mine = new Set([...devices, ...pfs.flatMap(({vfs}) => vfs.map(({bdf}) => bdf))]);
	const management = inventory.hostUses.find(({bdf, kind}) => kind === 'management' && mine.has(bdf));
	if (management) {
		throw new AppError('MANAGEMENT_INTERFACE', `the driver ${module} carries the connection you came in on`, {why: management.reason, fix: 'come in another way, or from the console'});
	}

	const uses = [...devices.flatMap(bdf => deviceUse(inventory, bdf) ?? []), ...pfs.flatMap(pf => vfUses(inventory, pf))];
	if (uses.length > 0) {
		throw new AppError('DRIVER_IN_USE', `the driver ${module} is in use`, {
			why: `${uses.join('; ')}; all cards of one driver lose their interfaces and VFs while it is exchanged`,
			fix: 'shut those guests down or detach their VFs, take addresses and bridges away, then try again; or let it happen at the next boot: vfctl driver install',
			details: {uses},
		});
	}

	if (inventory.guests === null && pfs.some(({vfs}) => vfs.length > 0)) {
		requireRisk('unknown-guests', accepted, inventory.libvirtProblem ?? 'libvirt does not answer');
		return ['unknown-guests'];
	}

	return [];
}

/** What the host does with the interface of a function, or undefined. */
function deviceUse({netdevs, hostUses}: Inventory, bdf: Bdf): string | undefined {
	const use = hostUses.find(one => one.bdf === bdf);
	if (use) {
		return use.reason;
	}

	const own = [...netdevs.values()].filter(netdev => netdev.bdf === bdf);
	if (own.length === 0) {
		return `the interface of ${bdf} is in another network namespace`;
	}

	for (const {name, master} of own) {
		const above = master ?? [...netdevs.values()].find(({lowerDevices}) => lowerDevices.includes(name))?.name;
		if (above !== undefined) {
			return `${name} is below ${above}`;
		}
	}

	return undefined;
}

/** A guest that is off has its VFs again at the same addresses when it starts. */
function vfUses(inventory: Inventory, pf: Pf): string[] {
	return pf.vfs.flatMap(vf => {
		const holder = holderOf(vf, inventory);
		return isHeld(holder) && !(holder.kind === 'guest' && holder.when === 'config') ? [`${vfName(pf, vf)} is held by ${holderText(holder)}`] : [];
	});
}

/** Names of the PFs, for titles. */
export function pfNames(pfs: readonly Pf[]): string {
	return pfs.map(pf => pfName(pf)).join(', ');
}
