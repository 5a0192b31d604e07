// Since when libvirt knows failover pairs: https://libvirt.org/formatdomain.html#teaming-a-virtio-hostdev-nic-pair
import {AppError} from '../errors.ts';
import type {Libvirt} from './libvirt.ts';

/** Throws UNSUPPORTED when libvirt is older than 6.1.0: it would drop the joining <teaming> from the
 * XML without a word, and the guest would have two interfaces with one MAC. */
export async function requireTeaming(libvirt: Libvirt): Promise<void> {
	const version = await libvirt.version();
	const [major = 0, minor = 0] = version.split('.').map(Number);
	if (major < 6 || (major === 6 && minor < 1)) {
		throw new AppError('UNSUPPORTED', `libvirt ${version} knows no failover pairs`, {why: '<teaming> came with libvirt 6.1.0, and with QEMU 4.2', fix: 'attach the VF without --failover, and join both interfaces in the guest with a bond (active-backup, fail_over_mac=active)'});
	}
}
