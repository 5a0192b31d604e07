// Where a PCIe device can be plugged into a guest: https://libvirt.org/pci-hotplug.html
import type {GuestPort} from '../model/domain.ts';
import {ownPciAddress} from './pci-address-xml.ts';
import {allChildren, attribute, children, numberOf, type XmlElement} from './xml-tree.ts';

/** One device fits into each. */
const portModels = new Set(['pcie-root-port', 'pcie-switch-downstream-port']);

/** Ports in order of index, and whether the root bus is conventional PCI (i440fx), whose slots
 * take devices directly. */
export function parsePorts(devices: XmlElement | undefined): {ports: GuestPort[]; conventionalPci: boolean} {
	const controllers = children(devices, 'controller').filter(element => attribute(element, 'type') === 'pci');
	// Controllers are devices too: a switch or a bridge fills the port it is plugged into.
	const usedBuses = new Set(allChildren(devices).map(([, element]) => ownPciAddress(element)?.bus));
	const ports = controllers.flatMap(element => {
		const index = numberOf(attribute(element, 'index'));
		const model = attribute(element, 'model') ?? '';
		return index !== null && portModels.has(model) ? [{index, model, occupied: usedBuses.has(index)}] : [];
	});
	return {
		ports: ports.sort((a, b) => a.index - b.index),
		conventionalPci: controllers.some(element => attribute(element, 'model') === 'pci-root'),
	};
}
