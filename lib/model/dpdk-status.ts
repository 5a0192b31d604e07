// What `dpdk-devbind.py --status` says of a host, as data: the rules of get_device_details and
// show_device_status in usertools/dpdk-devbind.py.
import type {Bdf} from './bdf.ts';
import {belongsTo, dpdkSections, type DpdkClass, type DpdkLayout} from './dpdk-classes.ts';

/** One function as lspci and sysfs show it. */
export interface DpdkFunction {
	readonly bdf: Bdf;
	/** Four hexadecimal digits each; `device` is what lspci prints in brackets. */
	readonly class: string;
	readonly vendor: string;
	readonly device: string;
	/** Its name in pci.ids; `Device` when there is none. */
	readonly name: string;
	readonly driver: string | null;
	/** The kernel module for it that lspci names last, or null. */
	readonly module: string | null;
	readonly numaNode: number | null;
	/** Its interfaces, as far as the status shows them. */
	readonly interfaces: readonly string[];
}

export interface DpdkHost {
	readonly functions: readonly DpdkFunction[];
	/** Those of vfio-pci, igb_uio and uio_pci_generic that are loaded or built in. */
	readonly dpdkDrivers: readonly string[];
	/** Interfaces with a route. */
	readonly activeInterfaces: readonly string[];
}

export interface DpdkStatusDevice extends DpdkFunction {
	readonly use: 'dpdk' | 'kernel' | 'none';
	readonly unused: string;
	readonly active: boolean;
}

export interface DpdkStatusSection {
	readonly class: DpdkClass;
	readonly title: string;
	/** All its functions tell their NUMA node, so that it is shown (24.11). */
	readonly showsNuma: boolean;
	readonly devices: readonly DpdkStatusDevice[];
}

/** In the order in which the tool looks for them and names them. */
export const dpdkDriverNames = ['igb_uio', 'vfio-pci', 'uio_pci_generic'] as const;

/** The sections of the status; only one with `only`. */
export function dpdkStatus(host: DpdkHost, {layout, only}: {layout: DpdkLayout; only?: DpdkClass | undefined}): DpdkStatusSection[] {
	const all = dpdkSections(layout);
	return all.filter(({name}) => only === undefined || name === only).map(section => {
		const functions = host.functions.filter(fn => belongsTo(section, fn));
		return {
			class: section.name,
			title: section.title,
			showsNuma: layout !== '22.11' && functions.every(({numaNode}) => numaNode !== null),
			// A function of two sections is read again for the second one, which forgets that it is active.
			devices: functions.map(fn => statusOf(fn, host, all.filter(other => belongsTo(other, fn)).every(({name}) => name === 'net'))),
		};
	});
}

function statusOf(fn: DpdkFunction, {dpdkDrivers, activeInterfaces}: DpdkHost, canBeActive: boolean): DpdkStatusDevice {
	const {driver, interfaces} = fn;
	return {
		...fn,
		use: driver === null ? 'none' : dpdkDrivers.includes(driver) ? 'dpdk' : 'kernel',
		unused: unusedModules(fn, dpdkDrivers),
		active: canBeActive && interfaces.some(name => activeInterfaces.includes(name)),
	};
}

/** The module of the kernel and the loaded DPDK drivers, without the one that has the device. */
function unusedModules({driver, module}: DpdkFunction, dpdkDrivers: readonly string[]): string {
	// The tool looks whether the text has the driver's name in it, not whether the list has.
	const text = module === null ? dpdkDrivers.join(',') : dpdkDrivers.reduce((list, name) => list.includes(name) ? list : `${list},${name}`, module);
	const names = text.split(',');
	const own = driver === null ? -1 : names.indexOf(driver);
	return names.filter((_, index) => index !== own).join(',');
}
