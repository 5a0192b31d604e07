// Where a function sits on the PCI tree: the bridges between it and the root complex.
import type {FileReader} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {resolveLink} from './attributes.ts';
import {pciDevices} from './read-pci.ts';

/** Bridges above a function, root port first; empty on a root bus. The directory of a device
 * lies in that of its bridge, so one link tells the whole way. */
export function readBridgesAbove(files: FileReader, bdf: Bdf): Bdf[] {
	const path = resolveLink(files, `${pciDevices}/${bdf}`) ?? '';
	return path.split('/').slice(0, -1).map(part => parseBdf(part)).filter(part => part !== undefined);
}
