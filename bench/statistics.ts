// What is told of many runs on a noisy machine.
import type {Sample} from './series.ts';

/** Half of the numbers are above, half below. */
export function median(numbers: readonly number[]): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median of the ratios of runs that followed each other: what disturbs the machine disturbs both. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
	return median(theirs.map((time, round) => ours[round]! / time));
}

export interface Summary {
	medianMs: number;
	minMs: number;
	medianCpuMs: number;
	runs: number;
}

/** A series in four numbers. */
export function summary(samples: readonly Sample[]): Summary {
	const walls = samples.map(({wallMs}) => wallMs);
	return {medianMs: median(walls), minMs: Math.min(...walls), medianCpuMs: median(samples.map(({cpuMs}) => cpuMs)), runs: samples.length};
}
