// Which processes have a VFIO group open (QEMU outside libvirt, DPDK, VPP).
import type {FileReader} from '../host/host.ts';
import type {VfioUser} from '../model/inventory.ts';

/** Users of the given groups. Looks through the open files of every process, so it is only
 * called when a VF is on a vfio driver and no guest is known to have it. A device opened
 * through the newer character device (/dev/vfio/devices/vfioN) has no group number in its
 * name; `groupOfDevice` translates it. */
export function readVfioUsers(files: FileReader, groupOfDevice: (name: string) => number | undefined): VfioUser[] {
	const users = new Map<string, VfioUser>();
	for (const pid of files.list('/proc').filter(name => /^\d+$/.test(name))) {
		for (const fd of files.list(`/proc/${pid}/fd`)) {
			const target = files.readLink(`/proc/${pid}/fd/${fd}`);
			const match = target === undefined ? null : /^\/dev\/vfio\/(?:(\d+)|devices\/(vfio\d+))$/.exec(target);
			const group = match?.[1] === undefined ? groupOfDevice(match?.[2] ?? '') : Number(match[1]);
			if (match && group !== undefined) {
				const command = files.readText(`/proc/${pid}/comm`)?.trim() ?? 'unknown';
				users.set(`${group} ${pid}`, {group, pid: Number(pid), command});
			}
		}
	}

	return [...users.values()];
}
