// What the checks of `vfctl doctor` judge: read once, by exec/read-doctor-facts.ts.
import type {AcsFact} from '../../model/acs.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {BootFacts, TextFile} from '../../model/boot.ts';
import type {DaemonFacts} from '../../model/daemon.ts';
import type {DeviceAccess} from '../../model/device-access.ts';
import type {Distribution} from '../../model/distribution.ts';
import type {DriverStatus} from '../../model/driver-status.ts';
import type {HugepageFacts} from '../../model/hugepages.ts';
import type {Irqbalance} from '../../model/interrupts.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Mac} from '../../model/mac.ts';
import type {PfLog, PfMailbox} from '../../model/mailbox.ts';
import type {Pf} from '../../model/pci.ts';
import type {SriovSpace} from '../../model/sriov-space.ts';
import type {IommuFacts} from '../../sysfs/read-iommu.ts';

/** A fact, or why it is not known. */
export type Seen<T> = {readonly value: T} | {readonly unseen: string};

/** An operation of vfctl that has no end. */
export interface OpenOperation {
	readonly number: number;
	readonly title: string;
	/** A process of that number is there, in the boot in which the operation began: it may be at work. */
	readonly running: boolean;
	/** Its file is damaged. */
	readonly damaged: boolean;
}

export interface JournalFacts {
	readonly open: readonly OpenOperation[];
	/** The newest time that the journal tells, in ms since the epoch; null when it is empty. */
	readonly newestMs: number | null;
	/** Interrupts that `vfctl tune irq` placed and nobody put back. */
	readonly placedIrqs: readonly number[];
}

/** A device node. */
export interface NodeFacts {
	readonly path: string;
	/** Permission bits. */
	readonly mode: number;
	/** USER:GROUP. */
	readonly owner: string;
}

export interface DoctorFacts {
	readonly inventory: Inventory;
	readonly root: boolean;
	readonly nowMs: number;
	/** For names of copies: 20261121T063731Z. */
	readonly time: string;
	readonly distribution: Distribution;
	readonly boot: BootFacts;
	/** `flags` of the first processor; null on other processors than x86, or without /proc/cpuinfo. */
	readonly cpuFlags: readonly string[] | null;
	readonly kvmNode: boolean;
	/** kvm_intel.nested or kvm_amd.nested; null when the module is not loaded. */
	readonly nested: boolean | null;
	/** Lines of dmesg. */
	readonly kernelLog: Seen<readonly string[]>;
	readonly iommu: IommuFacts;
	/** DMAR, IVRS, IORT, as far as the firmware has them; null when it cannot be seen. */
	readonly iommuTables: readonly string[] | null;
	/** Of the groups of PFs and VFs. */
	readonly groupTypes: ReadonlyMap<number, string | null>;
	readonly acsPaths: ReadonlyMap<number, readonly AcsFact[]>;
	readonly spaces: readonly SriovSpace[];
	/** Network functions with the capability that the kernel shows no VFs for; null: no config space. */
	readonly withoutVfs: ReadonlyArray<{readonly bdf: Bdf; readonly totalVfs: number}> | null;
	/** Unicast filters of PFs that are in a bridge, by interface. */
	readonly filters: ReadonlyMap<string, Seen<readonly Mac[]>>;
	/** Rules of `vfctl bind --persist` by device. */
	readonly bindingRules: ReadonlyMap<Bdf, string>;
	readonly mailboxes: Seen<ReadonlyArray<{pf: Pf; mailbox: PfMailbox | null; log: PfLog | null}>>;
	readonly driver: Seen<DriverStatus>;
	/** Whether the running kernel's modules are on the disk. */
	readonly modulesOnDisk: boolean;
	/** Of vfio_pci, vfio_iommu_type1, kvm_intel, kvm_amd: on the disk and not loaded; null without modules.dep. */
	readonly loadable: readonly string[] | null;
	readonly vfioNodes: Seen<readonly NodeFacts[]>;
	readonly daemon: DaemonFacts;
	/** Null where qemu.conf cannot be read. */
	readonly deviceAccess: DeviceAccess | null;
	/** How libvirt can pass PCI devices through: `vfio`. */
	readonly hostdev: Seen<readonly string[]>;
	readonly hugepages: HugepageFacts;
	readonly irqbalance: Irqbalance;
	/** net.ipv4.ip_forward; null when not told. */
	readonly ipForward: boolean | null;
	/** /etc/network/interfaces and what it includes. */
	readonly ifupdown: readonly TextFile[];
	readonly journal: Seen<JournalFacts>;
	/** Traces that a killed `vfctl trace` left, by directory; null when tracefs cannot be seen. */
	readonly leftTraces: readonly string[] | null;
}
