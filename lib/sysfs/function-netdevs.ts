// Interfaces of a PCI function.
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {readAttribute, readNumber} from './attributes.ts';
import {pciDevices} from './read-pci.ts';

// Names of ports that stand for a PF, VF or subfunction (__devlink_port_phys_port_name_get in
// net/devlink/port.c); the port of the card itself is `p0`.
const representor = /^(?:c\d+)?pf\d+(?:[vs]f\d+)?$/;

/** Names of the interfaces in the host's namespace, that of the card's first port first (dev_port).
 * In switchdev mode the representors of VFs are interfaces of the PF's function as well: they are
 * left out, for what is meant for the PF must never be done to one of them. A VF has none, and of
 * thousands of VFs nothing more is read (`isVf`). */
export function functionNetdevs(files: FileReader, bdf: Bdf, {isVf = false} = {}): readonly string[] {
	const names = files.list(`${pciDevices}/${bdf}/net`);
	return isVf && names.length < 2 ? names : names
		.filter(name => !representor.test(readAttribute(files, `/sys/class/net/${name}/phys_port_name`) ?? ''))
		.map(name => ({name, port: readNumber(files, `/sys/class/net/${name}/dev_port`) ?? 0}))
		// Stable: those of one port stay in the order of their names.
		.sort((a, b) => a.port - b.port)
		.map(({name}) => name);
}
