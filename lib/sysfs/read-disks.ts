// Which PCI functions carry mounted file systems or swap.
import type {FileReader} from '../host/host.ts';
import {parseBdf, type Bdf} from '../model/bdf.ts';
import {resolveLink} from './attributes.ts';

/** A function with what is mounted from it: `/boot (nvme0n1p2)`. */
export interface DiskUse {
	bdf: Bdf;
	mount: string;
}

/** Mounted disks and swap by controller. Stacked devices (LVM, md, dm-crypt) are followed down
 * through `slaves`. File systems that name no block device (ZFS pools, network) are not seen. */
export function readDiskUses(files: FileReader): DiskUse[] {
	const uses = new Map<string, DiskUse>();
	for (const {device, mount} of [...mountedDevices(files), ...swapDevices(files)]) {
		for (const bdf of controllersOf(files, device, new Set())) {
			uses.set(`${bdf} ${mount}`, {bdf, mount: `${mount} (${device})`});
		}
	}

	return [...uses.values()];
}

interface MountedDevice {
	/** Name in /sys/class/block. */
	device: string;
	mount: string;
}

// Fields of proc_pid_mountinfo(5): id parent major:minor root mountpoint options [optional...] - type source options
function mountedDevices(files: FileReader): MountedDevice[] {
	const mounts: MountedDevice[] = [];
	for (const line of (files.readText('/proc/self/mountinfo') ?? '').split('\n')) {
		const fields = line.split(' ');
		const source = fields[fields.indexOf('-') + 2];
		const device = blockName(files, fields[2]) ?? (source?.startsWith('/dev/') ? source.slice(5) : undefined);
		if (device !== undefined && fields[4] !== undefined) {
			mounts.push({device, mount: fields[4]});
		}
	}

	return mounts;
}

function swapDevices(files: FileReader): MountedDevice[] {
	return (files.readText('/proc/swaps') ?? '').split('\n')
		.map(line => /^\/dev\/(\S+)/.exec(line)?.[1])
		.filter(device => device !== undefined)
		.map(device => ({device, mount: 'swap'}));
}

/** Block device name of `major:minor`; major 0 is not a block device (btrfs, overlay, tmpfs). */
function blockName(files: FileReader, majorMinor: string | undefined): string | undefined {
	if (majorMinor === undefined || majorMinor.startsWith('0:')) {
		return undefined;
	}

	return resolveLink(files, `/sys/dev/block/${majorMinor}`)?.split('/').at(-1);
}

function controllersOf(files: FileReader, device: string, seen: Set<string>): Bdf[] {
	if (seen.has(device)) {
		return [];
	}

	seen.add(device);
	const path = resolveLink(files, `/sys/class/block/${device}`);
	if (path === undefined) {
		return [];
	}

	const stacked = files.list(`${path}/slaves`).flatMap(slave => controllersOf(files, slave, seen));
	const direct = path.split('/').map(part => parseBdf(part)).filter(bdf => bdf !== undefined).at(-1);
	return [...(direct === undefined ? multipathControllers(files, path) : [direct]), ...stacked];
}

/** With native NVMe multipath the namespace hangs on a virtual subsystem that links to its controllers. */
function multipathControllers(files: FileReader, path: string): Bdf[] {
	const subsystem = /^.*\/nvme-subsystem\/nvme-subsys\d+/.exec(path)?.[0];
	if (subsystem === undefined) {
		return [];
	}

	return files.list(subsystem)
		.filter(name => /^nvme\d+$/.test(name))
		.map(name => resolveLink(files, `${subsystem}/${name}`)?.split('/').map(part => parseBdf(part)).filter(bdf => bdf !== undefined).at(-1))
		.filter(bdf => bdf !== undefined);
}
