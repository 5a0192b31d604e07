// PCI functions from /sys/bus/pci/devices.
import type {FileReader} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import type {IommuGroup, PciFunction} from '../model/pci.ts';
import {readLinkName} from './attributes.ts';

export const pciDevices = '/sys/bus/pci/devices';
const iommuGroups = '/sys/kernel/iommu_groups';

/** All PCI functions. `uevent` holds ids, class and driver in one read (pci_uevent in
 * drivers/pci/pci-driver.c), which matters with thousands of VFs. Entries that do not parse are
 * left out: a device can vanish while we look. */
export function readPciFunctions(files: FileReader, groups: ReadonlyMap<number, IommuGroup>): Map<Bdf, PciFunction> {
	const groupOf = new Map<Bdf, number>();
	for (const group of groups.values()) {
		for (const member of group.members) {
			groupOf.set(member, group.number);
		}
	}

	const functions = new Map<Bdf, PciFunction>();
	for (const name of files.list(pciDevices)) {
		const bdf = parseBdf(name);
		const uevent = bdf && files.readText(`${pciDevices}/${name}/uevent`);
		if (bdf === undefined || uevent === undefined) {
			continue;
		}

		const ids = /^PCI_ID=([\dA-F]+):([\dA-F]+)$/mi.exec(uevent);
		functions.set(bdf, {
			bdf,
			vendorId: hex(ids?.[1]),
			deviceId: hex(ids?.[2]),
			classCode: hex(/^PCI_CLASS=([\dA-F]+)$/mi.exec(uevent)?.[1]),
			driver: /^DRIVER=(.+)$/m.exec(uevent)?.[1] ?? null,
			iommuGroup: groupOf.get(bdf) ?? null,
			physfn: null,
		});
	}

	return functions;
}

/** IOMMU groups that translate, with their PCI members. A group that vfio made up in no-IOMMU
 * mode is named `vfio-noiommu` (vfio_noiommu_group_alloc in drivers/vfio/group.c) and does not
 * count. One link a function is read: listing each group's directory takes twice the time. */
export function readIommuGroups(files: FileReader): Map<number, IommuGroup> {
	const members = new Map<number, Bdf[]>();
	for (const entry of files.list(pciDevices)) {
		const bdf = parseBdf(entry);
		const name = bdf && readLinkName(files, `${pciDevices}/${entry}/iommu_group`);
		if (bdf === undefined || name === undefined || !/^\d{1,9}$/.test(name)) {
			continue;
		}

		const group = members.get(Number(name));
		if (group) {
			group.push(bdf);
		} else {
			members.set(Number(name), [bdf]);
		}
	}

	// Without vfio nobody made up a group, and no name needs to be read.
	const mayBeMadeUp = files.exists('/sys/module/vfio');
	const real = [...members].filter(([number]) => !(mayBeMadeUp && isMadeUp(files, number))).sort(([a], [b]) => a - b);
	return new Map(real.map(([number, bdfs]) => [number, {number, members: bdfs}]));
}

/** Groups of the kernel have no name; asking first spares an exception each. */
function isMadeUp(files: FileReader, group: number): boolean {
	const path = `${iommuGroups}/${group}/name`;
	return files.exists(path) && files.readText(path)?.trim() === 'vfio-noiommu';
}

/** Driver bound to one device right now, or null. */
export function readDriver(files: FileReader, bdf: Bdf): string | null {
	return readLinkName(files, `${pciDevices}/${bdf}/driver`) ?? null;
}

/** driver_override of one device, or null when unset (the kernel prints "(null)"). It is at most
 * a page long (driver_set_override in drivers/base/driver.c); more is no kernel's answer. */
export function readDriverOverride(files: FileReader, bdf: Bdf): string | null {
	const text = files.readText(`${pciDevices}/${bdf}/driver_override`)?.slice(0, 4096).trim();
	return text === undefined || text === '' || text === '(null)' ? null : text;
}

function hex(text: string | undefined): number {
	return text === undefined ? 0 : Number.parseInt(text, 16);
}
