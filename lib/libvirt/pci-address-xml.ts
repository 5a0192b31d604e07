// <address> elements of libvirt: https://libvirt.org/formatdomain.html#device-addresses
import {bdfOf, type Bdf} from '../model/bdf.ts';
import {attribute, children, numberOf, type XmlElement} from './xml-tree.ts';

/** A PCI address in numbers. */
export interface PciAddress {
	readonly domain: number;
	readonly bus: number;
	readonly slot: number;
	readonly function: number;
}

/** The address of one <address> element, or null when it is not a complete PCI address. The
 * `type` may be missing, as in <network>'s and nodedev's addresses. */
export function pciAddressOf(element: XmlElement | undefined): PciAddress | null {
	const type = attribute(element, 'type');
	if (element === undefined || (type !== null && type !== 'pci')) {
		return null;
	}

	const [domain, bus, slot, fn] = ['domain', 'bus', 'slot', 'function'].map(name => numberOf(attribute(element, name)));
	// libvirt takes a missing domain and function for 0.
	return typeof bus === 'number' && typeof slot === 'number' ? {domain: domain ?? 0, bus, slot, function: fn ?? 0} : null;
}

/** The PCI address among the direct children, or null. */
export function ownPciAddress(element: XmlElement | undefined): PciAddress | null {
	for (const address of children(element, 'address')) {
		const found = pciAddressOf(address);
		if (found) {
			return found;
		}
	}

	return null;
}

/** The host's device at an <address>, or null. */
export function hostAddress(element: XmlElement | undefined): Bdf | null {
	const address = ownPciAddress(element);
	return address && bdfOf(address);
}

/** An address inside a guest: `BB:SS.F`. */
export function guestAddressText({bus, slot, function: fn}: PciAddress): string {
	const hex = (value: number) => value.toString(16).padStart(2, '0');
	return `${hex(bus)}:${hex(slot)}.${fn}`;
}
