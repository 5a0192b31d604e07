// libvirtd of synthetic hosts, as far as files tell of it.
import type {Machine} from './machine.ts';

const pid = 812;

/** Its socket, its pid file and what it may do: everything, as root. */
export function buildDaemon({tree}: Machine): void {
	tree.put('/run/libvirt/libvirt-sock', {kind: 'unreadable'});
	tree.putValue('/run/libvirtd.pid', pid);
	tree.putValue(`/proc/${pid}/comm`, 'libvirtd');
	tree.putValue(`/proc/${pid}/limits`, 'Max locked memory         8388608              8388608              bytes     ');
	tree.putValue(`/proc/${pid}/status`, 'CapEff:\t000001ffffffffff');
}
