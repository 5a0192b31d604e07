// Huge pages of a host.

/** systemd-tmpfiles writes what it says at every boot. */
export const keptHugepagesFile = '/etc/tmpfiles.d/vfctl-hugepages.conf';

/** Pages of one size, of the whole host or of one NUMA node. */
export interface HugepagePool {
	readonly sizeKiB: number;
	/** Null is the whole host. */
	readonly node: number | null;
	/** Kept by the kernel: nr_hugepages, with those that are surplus. */
	readonly total: number;
	readonly free: number;
	/** Promised to programs and not touched yet; the kernel counts them for the host only. */
	readonly reserved: number;
	/** Given out beyond what is kept; they go when they are freed. */
	readonly surplus: number;
}

export interface HugetlbMount {
	readonly path: string;
	readonly sizeKiB: number;
	/** Programs by what their files are called. */
	readonly files: ReadonlyArray<{owner: string; count: number}>;
}

/** A process that has huge pages mapped, of all sizes together. */
export interface HugepageUser {
	readonly pid: number;
	readonly command: string;
	readonly kiB: number;
}

export interface MemoryFacts {
	readonly totalKiB: number;
	/** What can be had without swapping. */
	readonly availableKiB: number;
}

export interface HugepageFacts {
	/** Size the kernel takes when none is named. */
	readonly defaultSizeKiB: number | null;
	/** The host's pools, by size, each followed by those of its nodes. */
	readonly pools: readonly HugepagePool[];
	readonly memory: MemoryFacts;
	/** Nodes that have memory. */
	readonly nodes: ReadonlyMap<number, MemoryFacts>;
	readonly mounts: readonly HugetlbMount[];
	readonly users: readonly HugepageUser[];
	/** /etc/tmpfiles.d/vfctl-hugepages.conf, or null. */
	readonly kept: string | null;
}

/** What an admin sets: surplus pages are not among them (set_max_huge_pages in mm/hugetlb.c). */
export function persistentPages({total, surplus}: Pick<HugepagePool, 'total' | 'surplus'>): number {
	return total - surplus;
}

/** Pages that somebody has or was promised. */
export function usedPages({total, free, reserved}: Pick<HugepagePool, 'total' | 'free' | 'reserved'>): number {
	return total - free + reserved;
}

/** KiB of `2M`, `1G`, `2048K`, `2MiB`; undefined when it is no size. */
export function parsePageSize(text: string): number | undefined {
	const [, digits, unit] = /^(\d{1,9})([KMG])(?:i?B)?$/i.exec(text) ?? [];
	return digits === undefined ? undefined : Number(digits) * {K: 1, M: 1024, G: 1_048_576}[unit!.toUpperCase() as 'K' | 'M' | 'G'];
}

/** As the kernel's arguments and mount options have it: `2M`. */
export function pageSizeWord(kiB: number): string {
	return kiB % 1_048_576 === 0 ? `${kiB / 1_048_576}G` : kiB % 1024 === 0 ? `${kiB / 1024}M` : `${kiB}K`;
}
