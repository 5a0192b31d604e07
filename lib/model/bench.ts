// What `vfctl bench` measures, and the statistics of it.

/** `rr`: a request and its answer over one standing TCP connection. `crr`: a new TCP connection for
 * each. `stream`: one TCP connection, one direction, from the first end to the second. `ping`: ICMP echo. */
export const benchTests = ['rr', 'crr', 'stream', 'ping'] as const;
export type BenchTest = typeof benchTests[number];

/** How both ends are joined. `present`: by what is there, nothing is attached. */
export const benchMethods = ['sriov', 'macvtap', 'bridge'] as const;
export type BenchMethod = typeof benchMethods[number];

/** The figures of one run of one test: what its tool told. */
export interface BenchFigures {
	/** rr and crr. */
	readonly transactionsPerSecond?: number;
	/** stream: as the receiver counted it, without TCP's and lower headers. */
	readonly mbitPerSecond?: number;
	/** stream: segments that the sender sent again. */
	readonly retransmits?: number;
	/** Time of a transaction (rr, crr: from the first byte sent, or the connection's SYN, to the last received) or of an echo. */
	readonly p50Microseconds?: number | null;
	/** null: of so few transactions its tool does not tell it. */
	readonly p99Microseconds?: number | null;
	readonly minMicroseconds?: number;
	readonly maxMicroseconds?: number;
	/** How many transactions or echoes the figures are made of. */
	readonly samples?: number;
	/** ping: echoes without an answer. */
	readonly lost?: number;
}

export type BenchFigure = keyof BenchFigures;

/** The figure that a test is compared by, and its direction. */
export const mainFigure: Readonly<Record<BenchTest, {readonly figure: BenchFigure; readonly unit: string; readonly better: 'higher' | 'lower'}>> = {
	rr: {figure: 'transactionsPerSecond', unit: 'transactions/s', better: 'higher'},
	crr: {figure: 'transactionsPerSecond', unit: 'transactions/s', better: 'higher'},
	stream: {figure: 'mbitPerSecond', unit: 'Mbit/s', better: 'higher'},
	ping: {figure: 'p50Microseconds', unit: 'µs', better: 'lower'},
};

/** Several runs of one figure. */
export interface Spread {
	readonly median: number;
	readonly min: number;
	readonly max: number;
}

/** Median, least and most; undefined of nothing. Of an even number the mean of the two in the middle. */
export function spread(values: readonly number[]): Spread | undefined {
	const sorted = values.toSorted((a, b) => a - b);
	const [min, max] = [sorted[0], sorted.at(-1)];
	if (min === undefined || max === undefined) {
		return undefined;
	}

	const middle = (sorted.length - 1) / 2;
	return {median: (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2, min, max};
}

/** The spread of each figure that the runs have; null of one that none of them tells. */
export function summary(runs: readonly BenchFigures[]): Partial<Record<BenchFigure, Spread | null>> {
	const names = [...new Set(runs.flatMap(run => Object.keys(run) as BenchFigure[]))];
	return Object.fromEntries(names.map(name => [name, spread(runs.flatMap(run => run[name] ?? [])) ?? null]));
}

/** The value of rank `share` (0 to 1) of sorted values: the smallest that so many are not above. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
	return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
