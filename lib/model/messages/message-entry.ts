// One message that an admin meets, and what it means, as data: what says it, what it looks like, what
// is behind it and what to do. The catalogue is made of these.

/** `harmless`: nothing is to be done, it only looks bad. `warning`: it works, but not as was asked.
 * `error`: something does not work. `danger`: the host, other guests or data may be harmed. */
export type MessageSeverity = 'harmless' | 'warning' | 'error' | 'danger';

/** One thing to do. In both texts `{field}` stands for what the line (or the host) told, and
 * `{field|words}` for that or, where nothing told it, for the words. */
export interface MessageRemedy {
	/** A sentence in the imperative. */
	readonly advice: string;
	/** What to type for it, if a command does it: `ip link set {netdev|PF} up`. */
	readonly command?: string;
}

/** Where the line comes from tells the fields `driver`, `bdf` and `netdev` (a device's prefix, as
 * dev_printk and netdev_printk write it) or `program` (of a syslog line); the groups of the pattern
 * tell the others: `vf`, `pf`, `group`, `guest`, ... `bdf` and `netdev` are of the device that speaks. */
export interface MessageEntry {
	/** `ixgbe.vf-api-version`: its family, and what it says in a few words. Stable: JSON tells it. */
	readonly id: string;
	readonly severity: MessageSeverity;
	/** The drivers or programs that say it; absent: the text alone is enough. A driver is the word
	 * before the address or before the first colon; any libvirt daemon is also `libvirt`, any QEMU also
	 * `qemu`, and who writes `error: ` also `virsh`. The PCI core speaks with the name of the driver
	 * that is bound. */
	readonly from?: readonly string[];
	/** Matched against the text behind the prefix, then against prefix and text. Linear: no repetition
	 * inside a repetition, one unbounded wildcard (others `.{0,60}`), six literal characters in every
	 * alternative. */
	readonly pattern: RegExp;
	/** What it says, in one sentence. */
	readonly meaning: string;
	/** What is behind it, as far as the line is evidence for it. */
	readonly cause: string;
	/** Most likely first; empty where nothing is to be done. */
	readonly remedies: readonly MessageRemedy[];
	/** Kernels (or versions of the program) in which it occurs, where that is not all of today's: `4.20 to 6.17`. */
	readonly versions?: string;
	/** File and function that say it. */
	readonly source: string;
	/** Whole lines as they are met, each of which this entry explains and no other does. */
	readonly examples: readonly string[];
}
