// Figures of measurements as text, for tables and pictures.
import {mainFigure, type BenchTest} from '../model/bench.ts';
import type {BenchEndName, BenchMethodResult, BenchResult, BenchTestResult} from '../model/bench-result.ts';

/** What each test is, for headings. */
export const testTitles: Readonly<Record<BenchTest, string>> = {
	rr: 'request and response (rr)',
	crr: 'connect, request and response (crr)',
	stream: 'TCP stream (stream)',
	ping: 'ICMP echo, round trip (ping)',
};

/** No more digits than such a measurement has: 12345, 678, 67.8, 6.78. */
export function figureText(value: number): string {
	return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** `1.00`; empty without one. */
export function ratioText(ratio: number | null): string {
	return ratio === null ? '' : ratio.toFixed(2);
}

/** `vm0`, `netns:blue`. */
export function endText({kind, name}: BenchEndName): string {
	return kind === 'guest' ? name : `netns:${name}`;
}

/** The tests of a result, each with what every method has of it, in order. */
export function byTest({methods}: Pick<BenchResult, 'methods'>): Array<{test: BenchTest; rows: Array<{method: BenchMethodResult; result: BenchTestResult}>}> {
	const tests = methods[0]?.tests.map(({test}) => test) ?? [];
	return tests.map(test => ({
		test,
		rows: methods.flatMap(method => {
			const result = method.tests.find(one => one.test === test);
			return result === undefined ? [] : [{method, result}];
		}),
	}));
}

/** `higher is better`. */
export function directionText(test: BenchTest): string {
	return `${mainFigure[test].better} is better`;
}
