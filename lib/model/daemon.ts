// The libvirt daemon of a host.

/** What is seen of it without asking it. */
export interface DaemonFacts {
	/** Programs that are installed, of libvirtd and virtqemud. */
	readonly installed: ReadonlyArray<'libvirtd' | 'virtqemud'>;
	/** Sockets that are there. */
	readonly sockets: ReadonlyArray<'libvirtd' | 'virtqemud'>;
	/** libvirt keeps definitions of guests, whether or not it runs. */
	readonly hasGuests: boolean;
	/** The one that runs, by its pid file, and what it may lock. */
	readonly running: {
		readonly name: 'libvirtd' | 'virtqemud';
		readonly pid: number;
		/** Hard limit of locked memory; null is no limit. */
		readonly memlockBytes: number | null;
		/** It may raise limits (CAP_SYS_RESOURCE). */
		readonly mayRaiseLimits: boolean;
	} | null;
}
