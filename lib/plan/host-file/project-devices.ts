// PFs and VFs as they will be.
import type {Bdf} from '../../model/bdf.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf, PciFunction, Vf} from '../../model/pci.ts';
import {isVfioDriver} from '../../model/vf-driver.ts';
import type {VfSettingsPart} from '../../model/vf-settings.ts';
import {findVf} from '../../model/select.ts';
import type {Binding, SetNumVfsAction} from '../action.ts';
import {futureVf} from '../future-vf.ts';

/** Drivers by device that udev binds when the device appears (bind --persist). */
export type BindingRules = ReadonlyMap<Bdf, string>;

/** The inventory with one PF changed. */
export function withPf(inventory: Inventory, bdf: Bdf, change: (pf: Pf) => Pf): Inventory {
	return {...inventory, pfs: inventory.pfs.map(pf => pf.bdf === bdf ? change(pf) : pf)};
}

/** The inventory with one VF changed. */
export function withVf(inventory: Inventory, bdf: Bdf, change: (vf: Vf) => Vf): Inventory {
	return {...inventory, pfs: inventory.pfs.map(pf => pf.vfs.some(vf => vf.bdf === bdf) ? {...pf, vfs: pf.vfs.map(vf => vf.bdf === bdf ? change(vf) : vf)} : pf)};
}

/** VFs that go away, or come: with what a plan remembers of them, or as drivers and udev make them. */
export function projectCount(inventory: Inventory, {pf: bdf, to, remembered}: SetNumVfsAction, rules: BindingRules): Inventory {
	const pf = inventory.pfs.find(candidate => candidate.bdf === bdf);
	if (pf === undefined) {
		return inventory;
	}

	const gone = new Set(pf.vfs.map(vf => vf.bdf));
	const made = Array.from({length: to}, (_, index) => plannedVf(pf, index, {remembered, rules}));
	const functions = new Map([...inventory.functions].filter(([key]) => !gone.has(key)));
	const like = inventory.functions.get(bdf);
	for (const vf of like === undefined ? [] : made) {
		functions.set(vf.bdf, functionOf(vf, like!));
	}

	return {
		...withPf(inventory, bdf, current => ({...current, numVfs: to, vfs: made})),
		functions,
		netdevs: new Map([...inventory.netdevs].filter(([, netdev]) => netdev.bdf === null || !gone.has(netdev.bdf))),
		hostUses: inventory.hostUses.filter(use => !gone.has(use.bdf)),
	};
}

/** A device on another driver. What was its interface is gone with its driver. */
export function projectBinding(inventory: Inventory, bdf: Bdf, {driver, override}: Binding): Inventory {
	const fn = inventory.functions.get(bdf);
	const changed = inventory.pfs.some(pf => pf.bdf === bdf ? pf.driver !== driver : pf.vfs.some(vf => vf.bdf === bdf && vf.driver !== driver));
	const device = <T extends Pf | Vf>(known: T): T => ({...known, driver, driverOverride: override, ...changed ? {netdevs: []} : {}});
	return {
		...inventory,
		functions: fn === undefined ? inventory.functions : new Map(inventory.functions).set(bdf, {...fn, driver}),
		pfs: inventory.pfs.map(pf => pf.bdf === bdf ? device(pf) : {...pf, vfs: pf.vfs.map(vf => vf.bdf === bdf ? {...device(vf), inNamespace: vf.inNamespace && !changed, ownMac: changed ? null : vf.ownMac} : vf)}),
		...changed ? {netdevs: new Map([...inventory.netdevs].filter(([, netdev]) => netdev.bdf !== bdf))} : {},
	};
}

/** Other settings on the PF. */
export function projectSettings(inventory: Inventory, bdf: Bdf, to: VfSettingsPart): Inventory {
	return withVf(inventory, bdf, vf => ({
		...vf,
		settings: vf.settings && {...vf.settings, ...to},
		...to.mac === undefined ? {} : {ownMac: null},
	}));
}

function plannedVf(pf: Pf, index: number, {remembered, rules}: {remembered: SetNumVfsAction['remembered']; rules: BindingRules}): Vf {
	const vf = futureVf(pf, index);
	const known = remembered.find(candidate => candidate.index === index);
	const pinned = known === undefined ? rules.get(vf.bdf) : known.override ?? undefined;
	return {
		...vf,
		...known === undefined ? {} : {settings: vf.settings && {...vf.settings, ...known.settings}},
		...pinned === undefined ? {} : {driver: pinned, driverOverride: pinned},
	};
}

function functionOf(vf: Vf, like: PciFunction): PciFunction {
	return {...like, bdf: vf.bdf, driver: vf.driver, iommuGroup: null, physfn: vf.pf};
}

/** libvirt gives a managed device to vfio-pci, and pins it, for as long as a running guest has it. */
export function heldBinding(inventory: Inventory, bdf: Bdf, driver: string | null): Inventory {
	const vf = findVf(inventory, bdf)?.vf;
	return vf === undefined || (isVfioDriver(vf.driver) && isVfioDriver(driver)) ? inventory : projectBinding(inventory, bdf, {driver, override: isVfioDriver(driver) ? driver : null});
}
