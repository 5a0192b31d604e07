// Everything vfctl knows of a host at one moment. Pure data: planning needs nothing else.
import type {Bdf} from './bdf.ts';
import type {Guest, Pool} from './domain.ts';
import type {Netdev, Route} from './netdev.ts';
import type {Network} from './network.ts';
import type {IommuGroup, Pf, PciFunction} from './pci.ts';

/** What the kernel tells about device assignment. */
export interface KernelFacts {
	readonly release: string;
	readonly commandLine: string;
	/** On: /sys/kernel/iommu_groups has groups, so devices are translated. */
	readonly iommu: 'on' | 'off';
	/** From the chip names in /proc/interrupts (IR-PCI-MSI); 'unknown' where the platform has
	 * another way (Arm) or no MSI is in use yet. */
	readonly interruptRemapping: 'on' | 'off' | 'unknown';
	/** vfio_iommu_type1.allow_unsafe_interrupts. */
	readonly unsafeInterrupts: boolean;
	/** Modules that are loaded or built in, of those vfctl cares about. */
	readonly modules: readonly string[];
}

/** Why a device belongs to the host and must not be taken. */
export interface HostUse {
	readonly bdf: Bdf;
	/** `management`: the admin's connection; `network`: carries host addresses, directly or
	 * through a bond, bridge or VLAN; `disk`: mounted disks hang on it. */
	readonly kind: 'management' | 'network' | 'disk';
	/** In plain words: "eth0 carries 10.0.2.15/24 and your ssh connection". */
	readonly reason: string;
}

/** A user process that has the VFIO group of a device open. */
export interface VfioUser {
	readonly group: number;
	readonly pid: number;
	readonly command: string;
}

/** The admin's ssh connection. */
export interface CallerFlow {
	readonly from: string;
	readonly to: string;
	readonly fromPort: number | null;
	readonly toPort: number | null;
}

/** A user process that has a device open through a uio driver. */
export interface UioUser {
	readonly bdf: Bdf;
	readonly pid: number;
	readonly command: string;
}

export interface Inventory {
	readonly kernel: KernelFacts;
	/** All PCI functions by address. */
	readonly functions: ReadonlyMap<Bdf, PciFunction>;
	readonly groups: ReadonlyMap<number, IommuGroup>;
	/** PFs in address order, each with its VFs in index order. */
	readonly pfs: readonly Pf[];
	readonly netdevs: ReadonlyMap<string, Netdev>;
	readonly routes: readonly Route[];
	readonly hostUses: readonly HostUse[];
	/** Where the admin's ssh connection comes from, or null when there is none. */
	readonly callerPeer: string | null;
	/** The same connection, as packets to the host carry it; null ports are not known. */
	readonly callerFlow?: CallerFlow;
	readonly vfioUsers: readonly VfioUser[];
	/** VFs that came back by themselves from a network namespace that went away, with why they are
	 * kept out of the automatic choice. Only read for changes. */
	readonly leftovers?: ReadonlyMap<Bdf, string>;
	readonly uioUsers: readonly UioUser[];
	/** Guests and pools, or null when libvirt could not be asked (`libvirtProblem` says why). */
	readonly guests: readonly Guest[] | null;
	readonly pools: readonly Pool[] | null;
	/** All networks of libvirt, pools too. */
	readonly networks: readonly Network[] | null;
	readonly libvirtProblem: string | null;
	/** Nothing but guests, pools and networks was read: the rest is not known. */
	readonly libvirtAlone?: true;
}
