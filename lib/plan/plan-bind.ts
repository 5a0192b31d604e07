// Plans driver changes of single devices.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName, select, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {hostDriverOf, isUioDriver} from '../model/vf-driver.ts';
import type {Action, Binding} from './action.ts';
import {bindingRule, bindingRulePath} from './binding-rule.ts';
import type {Plan, RiskName} from './plan.ts';
import {requireAssignment, requireNotHeld, requireRisk, requireViableGroup} from './preflight.ts';

export interface BindRequest {
	device: string;
	acceptedRisks: readonly RiskName[];
	/** The udev rule of this device as it is now, or null. */
	currentRule: string | null;
}

/** The kernel's spelling: the module is vfio_pci, the driver is vfio-pci. */
export function driverName(text: string): string {
	return text.replaceAll('_', '-') === 'vfio-pci' ? 'vfio-pci' : text;
}

/** Binds one device to a driver, and with `persist` at every boot. uio drivers only with `dpdk`,
 * whose caller asks for the risk. */
export function planBind(inventory: Inventory, request: BindRequest & {driver: string; persist: boolean; dpdk?: true}): Plan {
	const driver = driverName(request.driver);
	if (!/^[\w-]{1,64}$/.test(driver)) {
		throw new AppError('USAGE', `'${request.driver}' is not the name of a driver`, {why: 'driver names have letters, digits, - and _ only', fix: 'ls /sys/bus/pci/drivers'});
	}

	if (isUioDriver(driver) && request.dpdk === undefined) {
		throw new AppError('UNSUPPORTED', `vfctl does not bind ${driver} for guests`, {why: 'it lets user space program DMA without an IOMMU', fix: `use vfio-pci; for a DPDK program on a host without an IOMMU: vfctl dpdk bind ${quote(request.device)} --driver ${driver}`});
	}

	const selected = select(inventory, request.device);
	const target = selected.kind === 'vf' ? vfTarget(inventory, selected.pf, selected.vf) : pfTarget(inventory, selected.pf, request.acceptedRisks);
	const assignment = driver === 'vfio-pci' ? requireAssignment(inventory, request.acceptedRisks) : [];
	if (driver === 'vfio-pci' && selected.kind === 'vf') {
		requireViableGroup(selected.vf, inventory);
	}

	const actions: Action[] = [];
	if ((driver === 'vfio-pci' || isUioDriver(driver)) && !inventory.kernel.modules.includes(driver.replaceAll('-', '_'))) {
		actions.push({kind: 'load-module', module: driver, from: 'absent', to: 'loaded'});
	}

	actions.push(...change(target, {driver, override: driver}));
	const rule = bindingRule(target.bdf, driver);
	if (request.persist && request.currentRule !== rule) {
		actions.push({kind: 'write-file', path: bindingRulePath(target.bdf), from: request.currentRule, to: rule, then: ['udevadm', 'control', '--reload']});
	}

	return plan('bind', target, `bind ${target.name} to ${driver}${request.persist ? ', now and at every boot' : ''}`, actions, [...target.risks, ...assignment]);
}

/** Takes one device off its driver and leaves it on none. */
export function planUnbind(inventory: Inventory, request: BindRequest): Plan {
	const selected = select(inventory, request.device);
	const target = selected.kind === 'vf' ? vfTarget(inventory, selected.pf, selected.vf) : pfTarget(inventory, selected.pf, request.acceptedRisks);
	return plan('unbind', target, `take ${target.name} off its driver`, change(target, {driver: null, override: target.binding.override}), target.risks);
}

/** Gives one device back to the driver that the kernel would choose, and forgets pins. */
export function planRestore(inventory: Inventory, request: BindRequest): Plan {
	const selected = select(inventory, request.device);
	const target = selected.kind === 'vf' ? vfTarget(inventory, selected.pf, selected.vf) : pfTarget(inventory, selected.pf, request.acceptedRisks);
	const driver = selected.kind === 'vf' ? hostDriverOf(selected.pf) : undefined;
	if (driver === undefined) {
		throw new AppError('UNSUPPORTED', `it cannot be told which driver ${target.name} belongs to`, {why: 'its PF driver is not one that vfctl knows', fix: `name it: vfctl bind ${quote(request.device)} DRIVER`});
	}

	const actions: Action[] = change(target, {driver, override: null});
	if (request.currentRule !== null) {
		actions.push({kind: 'write-file', path: bindingRulePath(target.bdf), from: request.currentRule, to: null, then: ['udevadm', 'control', '--reload']});
	}

	return plan('restore', target, `give ${target.name} back to ${driver}`, actions, target.risks);
}

interface Target {
	bdf: Vf['bdf'];
	pf: Pf['bdf'];
	isVf: boolean;
	name: string;
	binding: Binding;
	risks: RiskName[];
}

function vfTarget(inventory: Inventory, pf: Pf, vf: Vf): Target {
	requireNotHeld(pf, vf, inventory);
	return {bdf: vf.bdf, pf: pf.bdf, isVf: true, name: `${vfName(pf, vf)} (${vf.bdf})`, binding: {driver: vf.driver, override: vf.driverOverride}, risks: []};
}

/** A PF is taken from the host only when nothing of the host is on it and the risk was named. */
function pfTarget(inventory: Inventory, pf: Pf, accepted: readonly RiskName[]): Target {
	const use = inventory.hostUses.find(({bdf}) => bdf === pf.bdf);
	if (use?.kind === 'management') {
		throw new AppError('MANAGEMENT_INTERFACE', `${pfName(pf)} carries the connection you came in on`, {why: use.reason, fix: 'name a VF, or work from the console'});
	}

	if (use?.kind === 'network') {
		throw new AppError('HOST_NETWORK', `${pfName(pf)} serves the host's own network`, {why: use.reason, fix: `name one of its VFs: vfctl show ${quote(pfName(pf))}`});
	}

	if (pf.numVfs > 0) {
		throw new AppError('PF_IN_USE', `the driver of PF ${pfName(pf)} cannot be replaced while it has VFs`, {why: `it has ${pf.numVfs} VFs, which would be destroyed or left without a PF driver`, fix: `name one of them, for example ${pfName(pf)}#0; or vfctl vf destroy ${quote(pfName(pf))} first`});
	}

	if (!accepted.includes('bind-pf')) {
		throw new AppError('PF_NOT_VF', `'${pfName(pf)}' is a PF, and this is meant for VFs`, {why: 'the whole card port would be taken from the host', fix: `vfctl vf create ${quote(pfName(pf))} N and name a VF; or --accept-risk bind-pf when the whole port is meant`});
	}

	requireRisk('bind-pf', accepted, pfName(pf));
	return {bdf: pf.bdf, pf: pf.bdf, isVf: false, name: pfName(pf) === pf.bdf ? `PF ${pf.bdf}` : `PF ${pfName(pf)} (${pf.bdf})`, binding: {driver: pf.driver, override: pf.driverOverride}, risks: ['bind-pf']};
}

function change({bdf, pf, isVf, binding}: Target, to: Binding): Action[] {
	return binding.driver === to.driver && binding.override === to.override ? [] : [{kind: 'bind', bdf, physfn: isVf ? pf : null, from: binding, to}];
}

function plan(command: 'bind' | 'unbind' | 'restore', target: Target, title: string, actions: Action[], risks: RiskName[]): Plan {
	return {version: 1, subject: {command, pf: target.pf, ...(target.isVf ? {vf: target.bdf} : {})}, title, actions, warnings: [], risks};
}
