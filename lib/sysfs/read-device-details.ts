// More about one function than the inventory holds: subsystem, revision, link.
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {readAttribute, readNumber} from './attributes.ts';
import {pciDevices} from './read-pci.ts';

export interface DeviceDetails {
	subsystemVendorId: number | null;
	subsystemDeviceId: number | null;
	revision: number | null;
	/** Of the slot: GT/s and lanes, now and at most; null where sysfs does not tell (VFs have no
	 * link of their own). */
	pcieLink: PcieLink | null;
}

export interface PcieLink {
	speedGTs: number | null;
	width: number | null;
	maxSpeedGTs: number | null;
	maxWidth: number | null;
}

/** Details of one function. */
export function readDeviceDetails(files: FileReader, bdf: Bdf): DeviceDetails {
	const directory = `${pciDevices}/${bdf}`;
	const number = (name: string) => readNumber(files, `${directory}/${name}`) ?? null;
	const link = {
		speedGTs: readSpeed(files, `${directory}/current_link_speed`),
		width: number('current_link_width') || null,
		maxSpeedGTs: readSpeed(files, `${directory}/max_link_speed`),
		maxWidth: number('max_link_width') || null,
	};
	return {
		subsystemVendorId: number('subsystem_vendor'),
		subsystemDeviceId: number('subsystem_device'),
		revision: number('revision'),
		pcieLink: Object.values(link).every(value => value === null) ? null : link,
	};
}

/** Mbit/s of an interface, or null when it is down or has no speed (-1). */
export function readSpeedMbps(files: FileReader, netdev: string): number | null {
	const speed = readNumber(files, `/sys/class/net/${netdev}/speed`);
	return speed === undefined || speed <= 0 ? null : speed;
}

/** `8.0 GT/s PCIe`; kernels before 5.6 leave out the last word. */
function readSpeed(files: FileReader, path: string): number | null {
	const match = /^(\d+(?:\.\d+)?) GT\/s/.exec(readAttribute(files, path) ?? '');
	return match ? Number(match[1]) : null;
}
