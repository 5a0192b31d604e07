// The result of a measurement for people.
import {mainFigure} from '../model/bench.ts';
import type {BenchEndFacts, BenchMethodResult, BenchProblem, BenchResult, BenchTestResult} from '../model/bench-result.ts';
import {byTest, endText, figureText, ratioText} from './bench-figures.ts';
import {table} from './table.ts';

/** A table with a row for each test and method; what could not be measured and why; and notes. */
export function benchText(result: BenchResult): string {
	const {ends: [first, second], seconds, runs, time, notes} = result;
	const rows = byTest(result).flatMap(({rows}) => rows.map(({method, result: one}) => row(method, one)));
	return [
		`${endText(first)} to ${endText(second)}: ${runs === 1 ? 'one run' : `${runs} runs`} of ${seconds} s a test, ${time}`,
		hostLine(result),
		...result.methods.flatMap(method => pathLine(method)),
		'',
		table(['TEST', 'METHOD', 'MEDIAN', 'MIN', 'MAX', 'UNIT', 'RATIO', 'P50_US', 'P99_US', 'RUNS'], rows),
		...section(problemLines(result)),
		...section(notes.map(note => `note: ${note}`)),
	].join('\n');
}

function row({method}: BenchMethodResult, {test, summary, ratio, runs}: BenchTestResult): string[] {
	const {figure, unit} = mainFigure[test];
	const main = summary[figure];
	const median = (name: 'p50Microseconds' | 'p99Microseconds') => summary[name] ? figureText(summary[name].median) : '';
	return [
		test, method,
		...!main ? ['', '', ''] : [main.median, main.min, main.max].map(value => figureText(value)),
		unit, ratioText(ratio), median('p50Microseconds'), median('p99Microseconds'), String(runs.length),
	];
}

function hostLine({host: {kernel, cpus, cpuModel, virtualization}, tools}: BenchResult): string {
	return [
		`kernel ${kernel}`,
		...cpus === null ? [] : [`${cpus} CPU${cpus === 1 ? '' : 's'}${cpuModel === null ? '' : ` (${cpuModel})`}`],
		...virtualization === null ? [] : [`virtualization ${virtualization}`],
		...Object.entries(tools).map(([name, version]) => `${name} ${version}`),
	].join(', ');
}

function pathLine({method, on, ends}: BenchMethodResult): string[] {
	const end = ({interface: name, driver, mtuBytes, address}: BenchEndFacts) => [name ?? 'unknown', ...driver === null ? [] : [driver], ...mtuBytes === null ? [] : [`MTU ${mtuBytes}`], address].join(' ');
	return ends === null ? [] : [`${method}${on.length === 0 ? '' : ` on ${on.join(' and ')}`}: ${end(ends[0])}; ${end(ends[1])}`];
}

function problemLines({methods}: BenchResult): string[] {
	return methods.flatMap(({method, problem, tests}) => [
		...problem === null ? [] : [`${method}: ${problemText(problem)}`],
		...tests.flatMap(({test, problem: of}) => of === null ? [] : [`${method}, ${test}: ${problemText(of)}`]),
	]);
}

/** What, why and what to do, on one line. */
export function problemText({message, why, fix}: BenchProblem): string {
	return [message, ...why === null ? [] : [why], ...fix === null ? [] : [`try: ${fix}`]].join('; ');
}

function section(lines: readonly string[]): string[] {
	return lines.length === 0 ? [] : ['', ...lines];
}
