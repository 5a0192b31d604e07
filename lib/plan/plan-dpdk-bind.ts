// Plans the drivers of devices for DPDK: several devices are one operation.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Inventory} from '../model/inventory.ts';
import type {PciFunction} from '../model/pci.ts';
import {select, type Selected} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {isUioDriver} from '../model/vf-driver.ts';
import {driverName, planBind, planRestore, type BindRequest} from './plan-bind.ts';
import type {Plan, RiskName} from './plan.ts';
import {requireRisk} from './preflight.ts';

export interface DpdkRequest {
	devices: readonly string[];
	acceptedRisks: readonly RiskName[];
	/** The udev rule of a device as it is now, or null. */
	currentRule: (bdf: Bdf) => string | null;
}

/** Binds the devices to a driver that DPDK works on: vfio-pci, or with the risk `uio` one of the
 * two that use no IOMMU. Throws what `bind` throws. */
export function planDpdkBind(inventory: Inventory, request: DpdkRequest & {driver: string}): Plan {
	const driver = driverName(request.driver);
	const chosen = chosenDevices(inventory, request.devices);
	requireDpdkDriver(driver, request);
	requireIommu(inventory, driver, request.devices);
	requireNotBifurcated(chosen);
	if (isUioDriver(driver)) {
		requireRisk('uio', request.acceptedRisks, inventory.kernel.iommu === 'on' ? 'this host has an IOMMU, so vfio-pci does without that risk' : 'this host has no IOMMU');
	}

	// Members of one IOMMU group do not stand in each other's way when all of them go.
	const together = driver === 'vfio-pci' ? {...inventory, functions: onDriver(inventory.functions, chosen, driver)} : inventory;
	const plans = request.devices.map((device, index) => planBind(together, {...bindRequest(request, device, chosen[index]!), driver, persist: false, dpdk: true}));
	const plan = join(plans, chosen, `bind ${request.devices.join(', ')} to ${driver}`);
	return isUioDriver(driver) && plan.actions.length > 0 ? {...plan, risks: [...plan.risks, 'uio']} : plan;
}

/** Gives the devices back to the drivers of the kernel. */
export function planDpdkUnbind(inventory: Inventory, request: DpdkRequest): Plan {
	const chosen = chosenDevices(inventory, request.devices);
	const plans = request.devices.map((device, index) => planRestore(inventory, bindRequest(request, device, chosen[index]!)));
	return join(plans, chosen, `give ${request.devices.join(', ')} back to the kernel's driver`);
}

function bindRequest({acceptedRisks, currentRule}: DpdkRequest, device: string, selected: Selected): BindRequest {
	return {device, acceptedRisks, currentRule: currentRule(bdfOf(selected))};
}

function bdfOf(selected: Selected): Bdf {
	return selected.kind === 'vf' ? selected.vf.bdf : selected.pf.bdf;
}

function chosenDevices(inventory: Inventory, devices: readonly string[]): Selected[] {
	const chosen = devices.map(device => select(inventory, device));
	const twice = chosen.findIndex((selected, index) => chosen.findIndex(other => bdfOf(other) === bdfOf(selected)) !== index);
	if (twice !== -1) {
		throw new AppError('USAGE', `${devices[twice]} was named twice`, {why: `it is ${bdfOf(chosen[twice]!)}, which is among the devices already`, fix: 'name each device once'});
	}

	return chosen;
}

function requireDpdkDriver(driver: string, {devices}: DpdkRequest): void {
	if (driver !== 'vfio-pci' && !isUioDriver(driver)) {
		throw new AppError('USAGE', `'${driver}' is not a driver that hands devices to DPDK`, {
			why: 'those are vfio-pci, and without an IOMMU uio_pci_generic and igb_uio',
			fix: `leave --driver out; to give devices back to the kernel: vfctl dpdk unbind ${devices.map(device => quote(device)).join(' ')}`,
		});
	}
}

/** vfio-pci without an IOMMU only binds in vfio's no-IOMMU mode, which isolates nothing, taints the
 * kernel, and makes /dev/vfio/noiommu-N (vfio_group_find_or_alloc in drivers/vfio/group.c). */
function requireIommu({kernel}: Inventory, driver: string, devices: readonly string[]): void {
	if (driver === 'vfio-pci' && kernel.iommu === 'off') {
		throw new AppError('IOMMU_OFF', 'the IOMMU is off, so vfio-pci cannot keep these devices to their program', {
			why: '/sys/kernel/iommu_groups is empty; vfio\'s no-IOMMU mode would bind them all the same, but then the program, and whoever gets into it, can write to all memory of the host, and vfctl does not use it',
			fix: `switch on VT-d or AMD-Vi in the firmware, add intel_iommu=on (Intel) to the kernel command line and reboot; or take the same risk by its name: vfctl dpdk bind ${devices.map(device => quote(device)).join(' ')} --driver uio_pci_generic --accept-risk uio`,
		});
	}
}

/** NVIDIA's PMDs work beside the kernel driver and find nothing on vfio-pci (DPDK's guides for
 * mlx4 and mlx5: "bifurcated driver"). */
function requireNotBifurcated(chosen: readonly Selected[]): void {
	const found = chosen.find(({pf}) => pf.driver === 'mlx5_core' || pf.driver === 'mlx4_core');
	if (found) {
		throw new AppError('UNSUPPORTED', `${bdfOf(found)} stays on its kernel driver for DPDK`, {
			why: `DPDK works on ${found.pf.driver} cards through the kernel driver (libibverbs), and on no other driver`,
			fix: `start the program with -a ${bdfOf(found)}; for a guest: vfctl bind ${bdfOf(found)} vfio-pci`,
		});
	}
}

function onDriver(functions: ReadonlyMap<Bdf, PciFunction>, chosen: readonly Selected[], driver: string): Map<Bdf, PciFunction> {
	const own = new Set(chosen.map(selected => bdfOf(selected)));
	return new Map([...functions].map(([bdf, fn]) => [bdf, own.has(bdf) ? {...fn, driver} : fn]));
}

/** One operation of several; a module is loaded once. */
function join(plans: readonly Plan[], chosen: readonly Selected[], title: string): Plan {
	const actions = plans.flatMap(plan => plan.actions);
	const [only] = chosen.length === 1 ? chosen : [];
	return {
		version: 1,
		subject: {command: 'dpdk', ...only === undefined ? {} : {pf: only.pf.bdf, ...only.kind === 'vf' ? {vf: only.vf.bdf} : {}}},
		title,
		actions: actions.filter((action, index) => action.kind !== 'load-module' || actions.findIndex(other => other.kind === 'load-module' && other.module === action.module) === index),
		warnings: [...new Set(plans.flatMap(plan => plan.warnings))],
		risks: [...new Set(plans.flatMap(plan => plan.risks))],
	};
}
