// A PCI node device: https://libvirt.org/formatnode.html
import {bdfOf, type Bdf} from '../model/bdf.ts';
import {pciAddressOf} from './pci-address-xml.ts';
import {attribute, child, children, numberOf, readXml, type XmlElement} from './xml-tree.ts';

export interface PciNodeDevice {
	readonly name: string;
	readonly parent: string | null;
	readonly bdf: Bdf | null;
	readonly driver: string | null;
	readonly classCode: number | null;
	readonly vendorId: number | null;
	readonly deviceId: number | null;
	readonly iommuGroup: number | null;
	readonly groupMembers: readonly Bdf[];
	readonly numaNode: number | null;
	/** sriov_totalvfs of a PF, or null. */
	readonly maxVfs: number | null;
	readonly vfs: readonly Bdf[];
	readonly physfn: Bdf | null;
}

/** The device; throws LIBVIRT_FAILED when it is not XML of a node device. */
export function parseNodeDevice(xml: string): PciNodeDevice {
	const device = readXml(xml, {root: 'device', what: 'a node device'});
	const pci = children(device, 'capability').find(element => attribute(element, 'type') === 'pci');
	const capability = (type: string) => children(pci, 'capability').find(element => attribute(element, 'type') === type);
	const group = child(pci, 'iommuGroup');
	const address = pciAddressOf({$: Object.fromEntries(['domain', 'bus', 'slot', 'function'].map(name => [name, textOf(child(pci, name)) ?? '']))});
	return {
		name: textOf(child(device, 'name')) ?? '',
		parent: textOf(child(device, 'parent')),
		bdf: address && bdfOf(address),
		driver: textOf(child(child(device, 'driver'), 'name')),
		classCode: numberOf(textOf(child(pci, 'class'))),
		vendorId: numberOf(attribute(child(pci, 'vendor'), 'id')),
		deviceId: numberOf(attribute(child(pci, 'product'), 'id')),
		iommuGroup: numberOf(attribute(group, 'number')),
		groupMembers: addressesOf(group),
		numaNode: numberOf(attribute(child(pci, 'numa'), 'node')),
		maxVfs: numberOf(attribute(capability('virt_functions'), 'maxCount')),
		vfs: addressesOf(capability('virt_functions')),
		physfn: addressesOf(capability('phys_function'))[0] ?? null,
	};
}

function addressesOf(element: XmlElement | undefined): Bdf[] {
	return children(element, 'address').map(address => pciAddressOf(address)).filter(address => address !== null).map(address => bdfOf(address));
}

function textOf(element: XmlElement | undefined): string | null {
	return element?._ ?? null;
}
