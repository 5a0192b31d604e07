// PFs and their VFs from the SR-IOV attributes of sysfs (Documentation/ABI/testing/sysfs-bus-pci).
import type {FileReader} from '../host/host.ts';
import {compareBdf, parseBdf, type Bdf} from '../model/bdf.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {isVfioDriver} from '../model/vf-driver.ts';
import type {Pf, PciFunction, Vf} from '../model/pci.ts';
import type {VfSettings} from '../model/vf-settings.ts';
import {readAttribute, readLinkName, readNumber} from './attributes.ts';
import {functionNetdevs} from './function-netdevs.ts';
import {pciDevices, readDriver, readDriverOverride} from './read-pci.ts';

/** Settings of a PF's VFs by VF index, asked by interface name of the PF. */
export type VfSettingsByNetdev = ReadonlyMap<string, readonly VfSettings[]>;

/** All PFs in address order, with their VFs. */
export function readPfs(files: FileReader, functions: ReadonlyMap<Bdf, PciFunction>, settings: VfSettingsByNetdev): Pf[] {
	const pfs: Pf[] = [];
	for (const {bdf, classCode} of functions.values()) {
		// Only network functions (class 02): GPUs and NVMe drives have VFs too, but not ours.
		if (classCode >> 16 === 2) {
			const pf = readPf(files, bdf, functions, settings);
			if (pf) {
				pfs.push(pf);
			}
		}
	}

	return pfs.sort((a, b) => compareBdf(a.bdf, b.bdf));
}

/** One PF, or undefined when the function has no SR-IOV capability. */
function readPf(files: FileReader, bdf: Bdf, functions: ReadonlyMap<Bdf, PciFunction>, settings: VfSettingsByNetdev): Pf | undefined {
	const directory = `${pciDevices}/${bdf}`;
	const totalVfs = readCount(files, `${directory}/sriov_totalvfs`);
	if (totalVfs === undefined) {
		return undefined;
	}

	const netdevs = functionNetdevs(files, bdf);
	const numaNode = readNuma(files, bdf);
	const pfSettings = netdevs.map(name => settings.get(name)).find(list => list !== undefined && list.length > 0);
	const numVfs = readCount(files, `${directory}/sriov_numvfs`) ?? 0;
	return {
		bdf,
		totalVfs,
		numVfs,
		vfOffset: readNumber(files, `${directory}/sriov_offset`) ?? null,
		vfStride: readNumber(files, `${directory}/sriov_stride`) ?? null,
		autoprobe: readNumber(files, `${directory}/sriov_drivers_autoprobe`) !== 0,
		netdevs,
		inNamespace: hasNetdevElsewhere(files, bdf, netdevs),
		numaNode,
		driver: readDriver(files, bdf),
		driverOverride: readDriverOverride(files, bdf),
		vfs: readVfs(files, bdf, {numVfs, numaNode, functions, settings: pfSettings ?? []}),
	};
}

/** A number of VFs: TotalVFs and NumVFs have 16 bits. Of a damaged record anything can come, and each of them
 * would be looked for. */
function readCount(files: FileReader, path: string): number | undefined {
	const count = readNumber(files, path);
	return count !== undefined && count >= 0 && count <= 0xff_ff ? count : undefined;
}

/** The directory of interfaces shows those of our namespace alone (ns_type of
 * net_class in net/core/net-sysfs.c); a driver without any has no such directory. */
function hasNetdevElsewhere(files: FileReader, bdf: Bdf, netdevs: readonly string[]): boolean {
	return netdevs.length === 0 && files.exists(`${pciDevices}/${bdf}/net`);
}

interface VfContext {
	numVfs: number;
	numaNode: number | null;
	functions: ReadonlyMap<Bdf, PciFunction>;
	settings: readonly VfSettings[];
}

function readVfs(files: FileReader, pf: Bdf, {numVfs, numaNode, functions, settings}: VfContext): Vf[] {
	const vfs: Vf[] = [];
	for (let index = 0; index < numVfs; index++) {
		const name = readLinkName(files, `${pciDevices}/${pf}/virtfn${index}`);
		const bdf = name === undefined ? undefined : parseBdf(name);
		// A VF that the kernel has not finished to make has no link yet: it is left out.
		if (bdf === undefined) {
			continue;
		}

		const known = functions.get(bdf);
		const driver = known ? known.driver : readDriver(files, bdf);
		const networked = driver !== null && !isVfioDriver(driver);
		const netdevs = networked ? functionNetdevs(files, bdf, {isVf: true}) : [];
		vfs.push({
			bdf,
			index,
			pf,
			driver,
			driverOverride: readDriverOverride(files, bdf),
			iommuGroup: known?.iommuGroup ?? null,
			// A VF sits on the node of its PF; the kernel copies it (pci_iov_add_virtfn).
			numaNode,
			netdevs,
			inNamespace: networked && hasNetdevElsewhere(files, bdf, netdevs),
			ownMac: readOwnMac(files, netdevs),
			settings: settings[index] ?? null,
		});
	}

	return vfs;
}

// Of include/uapi/linux/netdevice.h: 1 is a MAC that the driver made up, 3 one that was set on
// the interface, which the PF allows only without an administrative MAC.
const ownAddressTypes = new Set([1, 3]);

function readOwnMac(files: FileReader, netdevs: readonly string[]): Mac | null {
	const [netdev, ...more] = netdevs;
	if (netdev === undefined || more.length > 0 || !ownAddressTypes.has(readNumber(files, `/sys/class/net/${netdev}/addr_assign_type`) ?? 0)) {
		return null;
	}

	return parseMac(readAttribute(files, `/sys/class/net/${netdev}/address`) ?? '') ?? null;
}

function readNuma(files: FileReader, bdf: Bdf): number | null {
	const node = readNumber(files, `${pciDevices}/${bdf}/numa_node`);
	return node === undefined || node < 0 ? null : node;
}
