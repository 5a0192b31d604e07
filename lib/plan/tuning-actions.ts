// Interrupts, receive queues, huge pages and steering rules of a host.
import type {Bdf} from '../model/bdf.ts';
import type {NetdevPlace} from '../model/netns.ts';
import type {SteerRule} from '../model/steer-rule.ts';

/** Which CPUs may take one interrupt of a device: /proc/irq/N/smp_affinity_list. */
export interface SetIrqAffinityAction {
	kind: 'set-irq-affinity';
	bdf: Bdf;
	irq: number;
	/** CPU lists as the kernel writes them: `0-3,8`. */
	from: string;
	to: string;
}

/** Which CPUs share the packets of one receive queue: queues/rx-N/rps_cpus of the interface. */
export interface SetRpsAction {
	kind: 'set-rps';
	bdf: Bdf;
	place: NetdevPlace;
	queue: number;
	/** CPU lists; empty is off. */
	from: string;
	to: string;
}

/** How many huge pages of one size the kernel keeps: nr_hugepages. */
export interface SetHugepagesAction {
	kind: 'set-hugepages';
	sizeKiB: number;
	/** NUMA node, or null for the host as a whole. */
	node: number | null;
	from: number;
	to: number;
}

/** Switches a feature flag of a PF's interface, such as ntuple-filters. Drivers delete the steering
 * rules with it, so it is not switched off while there are any. */
export interface SetFeatureAction {
	kind: 'set-feature';
	pf: Bdf;
	netdev: string;
	feature: 'ntuple-filters';
	from: 'on' | 'off';
	to: 'on' | 'off';
}

/** Adds, changes or removes one steering rule of a PF, at its location in the card's table. */
export interface SetSteerAction {
	kind: 'set-steer';
	pf: Bdf;
	netdev: string;
	location: number;
	from: SteerRule | null;
	to: SteerRule | null;
}
