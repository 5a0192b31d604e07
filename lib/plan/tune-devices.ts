// The PFs and VFs that are tuned, and whose interrupts can be placed.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import {holderOf, holderText} from '../model/holder.ts';
import type {DeviceInterrupts, InterruptFacts} from '../model/interrupts.ts';
import type {Inventory} from '../model/inventory.ts';
import {pfName, select, vfName, type Selected} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {parseVfRange} from '../model/vf-range.ts';
import {isVfioDriver} from '../model/vf-driver.ts';

/** A PF or VF, by its address and as an admin calls it. */
export interface TunedDevice {
	bdf: Bdf;
	name: string;
	driver: string | null;
	selected: Selected;
}

/** PFs and VFs by any of their names and as ranges (`eth1#0-3`), each once, in the order they were
 * named. Throws what `select` throws. */
export function tunedDevices(inventory: Inventory, names: readonly string[]): TunedDevice[] {
	const devices = names.flatMap(name => {
		const range = parseVfRange(name);
		return range === undefined ? [select(inventory, name)] : range.indexes.map(index => select(inventory, `${range.pf}#${index}`));
	}).map(selected => tunedDevice(selected));
	return [...new Map(devices.map(device => [device.bdf, device])).values()];
}

/** Every PF and VF of the host. */
export function allDevices({pfs}: Inventory): TunedDevice[] {
	return pfs.flatMap(pf => [tunedDevice({kind: 'pf', pf}), ...pf.vfs.map(vf => tunedDevice({kind: 'vf', pf, vf}))]);
}

function tunedDevice(selected: Selected): TunedDevice {
	const {pf} = selected;
	return selected.kind === 'pf'
		? {bdf: pf.bdf, name: pfName(pf), driver: pf.driver, selected}
		: {bdf: selected.vf.bdf, name: vfName(pf, selected.vf), driver: selected.vf.driver, selected};
}

/** What was read of a device; nothing when it went away meanwhile. */
export function factsOf({devices}: InterruptFacts, {bdf}: TunedDevice): DeviceInterrupts {
	return devices.get(bdf) ?? {bdf, numaNode: null, localCpus: null, interrupts: [], queues: null};
}

/** Why a device has no interrupts that could be placed. */
export function noInterrupts(device: TunedDevice, facts: DeviceInterrupts, inventory: Inventory): AppError {
	const {name, driver, selected} = device;
	const say = (why: string, fix: string) => new AppError('UNSUPPORTED', `${name} has no interrupts to place now`, {why, fix, details: {bdf: device.bdf}});
	if (driver === null) {
		return say('no driver is bound to it', `vfctl show ${quote(name)}`);
	}

	if (isVfioDriver(driver)) {
		return say(`it is on ${driver}, and whoever has it has switched none on (${selected.kind === 'vf' ? holderText(holderOf(selected.vf, inventory)) : 'a program'})`, 'start the guest or program first');
	}

	return facts.interrupts.length === 0
		? say(`its driver ${driver} uses no MSI interrupts`, `look at /proc/interrupts, and for what ${driver} said: dmesg`)
		: say('its interface was not set up since its driver was bound: until then the kernel has no /proc/irq directory for them', upCommand(facts, name));
}

function upCommand({queues}: DeviceInterrupts, name: string): string {
	const {netns, name: netdev} = queues?.place ?? {netns: null, name};
	return `ip ${netns === null ? '' : `-n ${quote(netns.name)} `}link set dev ${quote(netdev)} up`;
}
