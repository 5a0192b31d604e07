// PCI functions and IOMMU groups as the kernel shows them in sysfs.
import type {Bdf} from './bdf.ts';
import type {Mac} from './mac.ts';
import type {VfSettings} from './vf-settings.ts';

/** One PCI function. */
export interface PciFunction {
	readonly bdf: Bdf;
	/** 16-bit ids and the 24-bit class code, as numbers. */
	readonly vendorId: number;
	readonly deviceId: number;
	readonly classCode: number;
	/** Bound driver, or null. */
	readonly driver: string | null;
	readonly iommuGroup: number | null;
	/** The physical function this VF belongs to (`physfn`), or null. */
	readonly physfn: Bdf | null;
}

/** What an SR-IOV physical function adds. */
export interface Pf {
	readonly bdf: Bdf;
	readonly totalVfs: number;
	readonly numVfs: number;
	/** Routing id of the first VF behind the PF's, and the distance between VFs (sriov_offset,
	 * sriov_stride); null on kernels that do not show them. */
	readonly vfOffset: number | null;
	readonly vfStride: number | null;
	/** sriov_drivers_autoprobe: new VFs get the default driver. */
	readonly autoprobe: boolean;
	/** Network interfaces of the PF itself in the host's namespace. */
	readonly netdevs: readonly string[];
	/** Its interface is in another namespace, as `Vf.inNamespace`. */
	readonly inNamespace: boolean;
	/** NUMA node, null when the platform does not tell (-1). */
	readonly numaNode: number | null;
	readonly driver: string | null;
	readonly driverOverride: string | null;
	readonly vfs: readonly Vf[];
}

/** One virtual function. */
export interface Vf {
	readonly bdf: Bdf;
	readonly index: number;
	readonly pf: Bdf;
	readonly driver: string | null;
	readonly driverOverride: string | null;
	readonly iommuGroup: number | null;
	readonly numaNode: number | null;
	/** Interfaces in the host's namespace. */
	readonly netdevs: readonly string[];
	/** True when a network driver is bound but the interface is in another namespace: the
	 * `net` directory exists and is empty. */
	readonly inNamespace: boolean;
	/** MAC that its host driver made up or its user set, and that no administrator did; null when
	 * it has none, or when the kernel does not tell (NET_ADDR_PERM). */
	readonly ownMac: Mac | null;
	/** Settings on the PF, or null when the PF has no network interface to ask. */
	readonly settings: VfSettings | null;
	/** The plan makes it: where it will be and what drivers give new VFs, not what was seen. */
	readonly planned?: true;
}

export interface IommuGroup {
	readonly number: number;
	readonly members: readonly Bdf[];
}
