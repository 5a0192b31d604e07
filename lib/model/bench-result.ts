// The result of a measurement: everything that is needed to compare it with a later one.
import type {BenchFigure, BenchFigures, BenchMethod, BenchTest, Spread} from './bench.ts';

export interface BenchEndName {
	readonly kind: 'guest' | 'netns';
	readonly name: string;
}

export interface BenchResult {
	readonly version: 1;
	/** ISO 8601, UTC: when it began. */
	readonly time: string;
	/** The first asks and sends, the second answers and receives. */
	readonly ends: readonly [BenchEndName, BenchEndName];
	readonly seconds: number;
	readonly runs: number;
	readonly host: BenchHost;
	/** Versions of the programs that measured. */
	readonly tools: Readonly<Record<string, string>>;
	readonly methods: readonly BenchMethodResult[];
	/** What a reader of the figures must know. */
	readonly notes: readonly string[];
}

export interface BenchHost {
	readonly kernel: string;
	readonly cpus: number | null;
	readonly cpuModel: string | null;
	/** As systemd-detect-virt tells: `none`, `kvm`, `qemu`, ...; null when it is not known. */
	readonly virtualization: string | null;
}

export interface BenchMethodResult {
	/** `present`: over what was there. */
	readonly method: BenchMethod | 'present';
	/** What both ends hung on: PFs or a bridge; empty for `present`. */
	readonly on: readonly string[];
	/** Why nothing could be measured; null when something was. */
	readonly problem: BenchProblem | null;
	/** The ends of the path, first and second; null when there was none. */
	readonly ends: readonly [BenchEndFacts, BenchEndFacts] | null;
	readonly tests: readonly BenchTestResult[];
}

export interface BenchProblem {
	readonly code: string;
	readonly message: string;
	readonly why: string | null;
	readonly fix: string | null;
}

/** One end as it was while it was measured. */
export interface BenchEndFacts {
	readonly address: string;
	readonly interface: string | null;
	readonly driver: string | null;
	readonly mtuBytes: number | null;
	readonly kernel: string | null;
	readonly cpus: number | null;
}

export interface BenchTestResult {
	readonly test: BenchTest;
	/** Why it has fewer runs than were wanted; null when it has all. */
	readonly problem: BenchProblem | null;
	/** Every run, in order. */
	readonly runs: readonly BenchFigures[];
	readonly summary: Partial<Record<BenchFigure, Spread | null>>;
	/** Median of the main figure over that of the first method that has one. */
	readonly ratio: number | null;
}
