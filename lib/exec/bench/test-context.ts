// What each test of a measurement is given, and what it gives back.
import type {Clock} from '../../host/host.ts';
import {AppError} from '../../errors.ts';
import type {BenchFigures} from '../../model/bench.ts';
import type {BenchPlace} from './place.ts';

export interface TestContext {
	readonly from: BenchPlace;
	readonly to: BenchPlace;
	/** Address of `to`, as `from` reaches it. */
	readonly address: string;
	readonly seconds: number;
	readonly clock: Clock;
	readonly signal?: AbortSignal | undefined;
}

export interface Measured {
	readonly figures: BenchFigures;
	/** Versions of the programs, as they told them: `iperf3: 3.18`. */
	readonly tools: Readonly<Record<string, string>>;
}

/** How long a program may take that measures for so many seconds: a slow guest starts it late. */
export function testTimeoutMs(seconds: number): number {
	return seconds * 1000 + 60_000;
}

/** A server lives no longer, even when vfctl was killed. */
export function serverLifeSeconds(seconds: number): number {
	return seconds + 90;
}

/** BENCH_FAILED for output that is not what the program prints. */
export function unreadable(program: string, what: string): AppError {
	return new AppError('BENCH_FAILED', `the output of ${program} cannot be read`, {why: what.slice(0, 300)});
}

/** A number of a measurement: finite and not negative; BENCH_FAILED otherwise. */
export function figure(program: string, what: string, value: number): number {
	if (!Number.isFinite(value) || value < 0) {
		throw unreadable(program, `${what} is ${value}`);
	}

	return value;
}
