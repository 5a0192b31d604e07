// PCI addresses: domain, bus, slot, function, written DDDD:BB:SS.F.
import {AppError} from '../errors.ts';

/** A PCI address in its one canonical spelling: lower case, domain of at least four digits. */
export type Bdf = string & {readonly brand: 'Bdf'};

export interface BdfParts {
	domain: number;
	bus: number;
	slot: number;
	function: number;
}

// The domain has four digits on every PC and up to eight behind VMD or Hyper-V controllers.
const pattern = /^(?:([\da-f]{4,8}):)?([\da-f]{2}):([01][\da-f])\.([0-7])$/i;

/** The address in canonical spelling, or undefined when the text is no PCI address. */
export function parseBdf(text: string): Bdf | undefined {
	const match = pattern.exec(text);
	if (!match) {
		return undefined;
	}

	const domain = Number.parseInt(match[1] ?? '0', 16).toString(16).padStart(4, '0');
	return `${domain}:${match[2]}:${match[3]}.${match[4]}`.toLowerCase() as Bdf;
}

/** The address in canonical spelling; throws BAD_BDF. */
export function toBdf(text: string): Bdf {
	const bdf = parseBdf(text);
	if (bdf === undefined) {
		throw new AppError('BAD_BDF', `'${text}' is not a PCI address`, {
			why: 'a PCI address is written DDDD:BB:SS.F in hexadecimal, for example 0000:03:10.1',
			fix: 'vfctl list',
		});
	}

	return bdf;
}

/** The numbers of an address. */
export function bdfParts(bdf: Bdf): BdfParts {
	const [domain, bus, rest] = bdf.split(':') as [string, string, string];
	const [slot, fn] = rest.split('.') as [string, string];
	return {
		domain: Number.parseInt(domain, 16),
		bus: Number.parseInt(bus, 16),
		slot: Number.parseInt(slot, 16),
		function: Number(fn),
	};
}

/** The address of numbers. */
export function bdfOf({domain, bus, slot, function: fn}: BdfParts): Bdf {
	const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
	return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${fn}` as Bdf;
}

/** 16-bit routing id: bus, slot and function in one number (PCI SR-IOV counts VFs with it). */
export function routingId(bdf: Bdf): number {
	const {bus, slot, function: fn} = bdfParts(bdf);
	return (bus << 8) | (slot << 3) | fn;
}

/** The address `offset` routing ids after this one, as pci_iov_virtfn_bus and _devfn count
 * (drivers/pci/iov.c). */
export function bdfAfter(bdf: Bdf, offset: number): Bdf {
	const id = routingId(bdf) + offset;
	return bdfOf({domain: bdfParts(bdf).domain, bus: id >> 8, slot: (id >> 3) & 0x1f, function: id & 7});
}

/** libvirt's name of the node device: pci_0000_03_10_1. */
export function nodedevName(bdf: Bdf): string {
	return `pci_${bdf.replaceAll(/[:.]/g, '_')}`;
}

/** Order of addresses by number; plain string order fails for domains of different width. */
export function compareBdf(a: Bdf, b: Bdf): number {
	const x = bdfParts(a);
	const y = bdfParts(b);
	return x.domain - y.domain || routingId(a) - routingId(b);
}
