// Guests of libvirt, seen without asking it.
import type {FileReader} from '../host/host.ts';

// configDir and stateDir of the QEMU driver (virQEMUDriverConfigNew in src/qemu/qemu_conf.c): the
// saved guests, and the status of those that run.
const directories = ['/etc/libvirt/qemu', '/run/libvirt/qemu'];

/** True when libvirt has a guest, defined or running, whether or not its daemon answers. */
export function hasDefinedGuests(files: FileReader): boolean {
	return directories.some(directory => files.list(directory).some(name => name.endsWith('.xml')));
}
