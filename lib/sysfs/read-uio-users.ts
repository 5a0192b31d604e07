// Which processes have a uio device open (DPDK on uio_pci_generic or igb_uio).
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {UioUser} from '../model/inventory.ts';
import {pciDevices} from './read-pci.ts';

/** The functions by their device node: `/dev/uio0`. A function has its node in a directory `uio`
 * (__uio_register_device in drivers/uio/uio.c makes it a child device of that class). */
export function uioDevices(files: FileReader, functions: readonly Bdf[]): Map<string, Bdf> {
	return new Map(functions.flatMap(bdf => files.list(`${pciDevices}/${bdf}/uio`).map(name => [`/dev/${name}`, bdf] as const)));
}

/** Their users. Looks through the open files of every process. */
export function readUioUsers(files: FileReader, devices: ReadonlyMap<string, Bdf>): UioUser[] {
	const users = new Map<string, UioUser>();
	for (const pid of files.list('/proc').filter(name => /^\d+$/.test(name))) {
		for (const fd of files.list(`/proc/${pid}/fd`)) {
			const bdf = devices.get(files.readLink(`/proc/${pid}/fd/${fd}`) ?? '');
			if (bdf !== undefined) {
				users.set(`${bdf} ${pid}`, {bdf, pid: Number(pid), command: files.readText(`/proc/${pid}/comm`)?.trim() ?? 'unknown'});
			}
		}
	}

	return [...users.values()];
}
