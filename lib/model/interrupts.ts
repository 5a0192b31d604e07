// Interrupts and receive queues of network functions, and the CPUs that can take them.
import type {Bdf} from './bdf.ts';
import type {NetdevPlace} from './netns.ts';

/** One message-signalled interrupt of a device. */
export interface Interrupt {
	/** Linux's number: another one after each probe of the driver. */
	readonly irq: number;
	readonly mode: 'msi' | 'msix';
	/** What its handler is called in /proc/interrupts; null while the driver has none on it (the
	 * interface was not up yet, or no guest has enabled it). */
	readonly action: string | null;
	/** CPUs that may take it (smp_affinity_list) as a list; null while it has no directory in
	 * /proc/irq, which comes with its first handler (register_irq_proc in kernel/irq/proc.c). */
	readonly wanted: string | null;
	/** CPUs that do take it (effective_affinity_list); null where the kernel does not tell. After a
	 * change it may name the old one until the next interrupt arrives: chips that cannot be moved in
	 * process context are moved in the handler (irq_move_masked_irq in kernel/irq/migration.c). */
	readonly effective: string | null;
	/** True: the kernel places it and refuses others (IRQD_AFFINITY_MANAGED). False: it can be moved.
	 * Null: only debugfs tells, and it is not there. */
	readonly managed: boolean | null;
	/** How often each CPU took it, by CPU; empty when it is not counted. */
	readonly counts: ReadonlyMap<number, number>;
}

/** One receive or transmit queue of an interface. */
export interface NetdevQueue {
	readonly queue: number;
	/** rps_cpus or xps_cpus as a list; empty is off. */
	readonly cpus: string;
}

/** The queues of a device's interface. */
export interface DeviceQueues {
	readonly place: NetdevPlace;
	readonly receive: readonly NetdevQueue[];
	/** Empty when the driver has no XPS map to show: with one queue the kernel answers ENOENT. */
	readonly transmit: readonly NetdevQueue[];
}

/** What is known of the interrupts of one PF or VF. */
export interface DeviceInterrupts {
	readonly bdf: Bdf;
	/** Null when the platform does not tell (-1). */
	readonly numaNode: number | null;
	/** local_cpulist: the CPUs near the device, all of them when the node is unknown. */
	readonly localCpus: string | null;
	/** By number. */
	readonly interrupts: readonly Interrupt[];
	/** Null: no network driver has it, or its interface is where we cannot look. */
	readonly queues: DeviceQueues | null;
}

/** The CPUs of a host. */
export interface CpuFacts {
	readonly online: readonly number[];
	/** isolcpus= and isolated cpusets. */
	readonly isolated: readonly number[];
	/** CPUs of each NUMA node. */
	readonly nodes: ReadonlyMap<number, readonly number[]>;
	/** Threads that share a core, by CPU; absent for those that are alone or offline. */
	readonly siblings: ReadonlyMap<number, readonly number[]>;
}

/** irqbalance, which moves interrupts every ten seconds. */
export interface Irqbalance {
	/** Process, or null when it does not run. */
	readonly pid: number | null;
	/** --oneshot: it balances once and ends. */
	readonly oneshot: boolean;
	/** Interrupts that it must not touch (--banirq). */
	readonly bannedIrqs: readonly number[];
	/** Modules whose interrupts it must not touch (--banmod). */
	readonly bannedModules: readonly string[];
	/** --policyscript: a program that decides for each interrupt; vfctl does not run it. */
	readonly policyScript: string | null;
	/** CPUs that it gives nothing, as written. */
	readonly bannedCpus: string | null;
	/** Its settings file, or null when there is none. */
	readonly file: string | null;
}

/** What tuning needs to know besides the inventory. */
export interface InterruptFacts {
	readonly cpus: CpuFacts;
	readonly devices: ReadonlyMap<Bdf, DeviceInterrupts>;
	readonly irqbalance: Irqbalance;
}

/** What irqbalance does with an interrupt that somebody else has placed. */
export type BalancerVerdict = 'leaves' | 'undoes' | 'script decides';

/** Whether irqbalance will move the interrupt. A ban by number or module keeps it; a policy script may. */
export function balancerVerdict({pid, oneshot, bannedIrqs, bannedModules, policyScript}: Irqbalance, irq: number, driver: string | null): BalancerVerdict {
	if (pid === null || oneshot || bannedIrqs.includes(irq) || (driver !== null && bannedModules.includes(driver))) {
		return 'leaves';
	}

	return policyScript === null ? 'undoes' : 'script decides';
}
