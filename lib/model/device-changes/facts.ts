// What of a host is told when it changes: facts in words, by the thing that they are about.
import type {Bdf} from '../bdf.ts';

/** One PCI function, virtual interface, guest, or the host as a whole. */
export interface Subject {
	readonly kind: 'function' | 'interface' | 'guest' | 'host';
	/** The same in both records: the address of a function, else kind and name. */
	readonly id: string;
	/** As an admin knows it: `eth1#0`. */
	readonly name: string;
	readonly bdf: Bdf | null;
	/** The PF of a VF. */
	readonly pf: Bdf | null;
	/** Name of the fact to its value; what could not be read is not there. */
	readonly facts: ReadonlyMap<string, string>;
	/** Facts whose value the machine made up: two of them count as the same. */
	readonly madeUp: ReadonlySet<string>;
}

export type Subjects = ReadonlyMap<string, Subject>;

/** `trouble`: something works worse than before. `notice`: somebody did it. `detail`: it goes with
 * one of those. */
export type ChangeWeight = 'trouble' | 'notice' | 'detail';

/** One fact that changed; null: it was not there. A thing that came or went has the fact `present`. */
export interface DeviceChange {
	readonly subject: Pick<Subject, 'kind' | 'id' | 'name' | 'bdf' | 'pf'>;
	readonly fact: string;
	readonly before: string | null;
	readonly after: string | null;
	/** What it means, in a few words; null: the change says it all. */
	readonly meaning: string | null;
	readonly weight: ChangeWeight;
}

/** What a comparison is about: these functions with the VFs of those that are PFs, and these guests. */
export interface Scope {
	readonly functions: readonly Bdf[];
	readonly guests: readonly string[];
}
