// Measures what lies between two ends, over one or several methods in turn.
import {AppError, toAppError} from '../../errors.ts';
import {mainFigure, spread, summary, type BenchFigures, type BenchMethod, type BenchTest} from '../../model/bench.ts';
import type {BenchEndName, BenchMethodResult, BenchProblem, BenchResult, BenchTestResult} from '../../model/bench-result.ts';
import type {Inventory} from '../../model/inventory.ts';
import {findGuest} from '../../plan/find-guest.ts';
import type {RunContext} from '../run-context.ts';
import type {BenchRequest} from './bench-request.ts';
import {readBenchHost} from './facts.ts';
import {guestPlace} from './guest-place.ts';
import {netnsPlace} from './netns-place.ts';
import {benchNotes} from './notes.ts';
import {findPath, requireAnswer, type BenchPath} from './path.ts';
import type {BenchPlace} from './place.ts';
import {runTest} from './run-test.ts';
import {throwIfAborted} from '../wait.ts';
import {devicesOf, freshInventory, withMethod, type Places} from './with-method.ts';

/** Progress for people: `sriov, run 2 of 3: stream`. */
export type BenchNote = (text: string) => void;

/** Runs all of it; with methods, call it under the lock. A method or test that cannot be measured is
 * a row with the reason. Rejects with INTERRUPTED, with ROLLBACK_INCOMPLETE when something could not
 * be put back, and with GUEST_NOT_FOUND, NO_AGENT, NETNS_NOT_FOUND for ends that cannot be used. */
export async function bench(run: RunContext, request: BenchRequest, note: BenchNote): Promise<BenchResult> {
	const inventory = await freshInventory(run);
	const places: Places = [await openPlace(run, inventory, request.ends[0]), await openPlace(run, inventory, request.ends[1])];
	const time = new Date(run.host.clock.now()).toISOString();
	const rows = (request.methods ?? ['present' as const]).map(method => new Row(method, request.tests));
	const tools: Record<string, string> = {};
	// All methods once, then all again: what changes on the host meanwhile falls on each of them.
	for (let round = 1; round <= request.runs; round++) {
		for (const row of rows.filter(({problem}) => problem === null)) {
			await measureRow(run, {request, places, row, tools, say(text) {
				note(`${row.method === 'present' ? '' : `${row.method}, `}run ${round} of ${request.runs}: ${text}`);
			}});
		}
	}

	const host = await readBenchHost(run.host, inventory);
	return {
		version: 1, time, ends: request.ends, seconds: request.seconds, runs: request.runs, host, tools,
		methods: withRatios(rows.map(row => row.result())),
		notes: benchNotes({host, request, lost: rows.some(row => row.hasLost())}),
	};
}

/** One method as it fills. */
class Row {
	readonly method: BenchMethod | 'present';
	on: readonly string[] = [];
	problem: BenchProblem | null = null;
	ends: BenchMethodResult['ends'] = null;
	readonly tests: ReadonlyMap<BenchTest, {runs: BenchFigures[]; problem: BenchProblem | null}>;

	constructor(method: BenchMethod | 'present', tests: readonly BenchTest[]) {
		this.method = method;
		this.tests = new Map(tests.map(test => [test, {runs: [], problem: null}]));
	}

	hasLost(): boolean {
		return [...this.tests.values()].some(({runs}) => runs.some(({lost = 0}) => lost > 0));
	}

	result(): BenchMethodResult {
		const tests = [...this.tests].map(([test, {runs, problem}]): BenchTestResult => ({test, problem, runs, summary: summary(runs), ratio: null}));
		return {method: this.method, on: this.on, problem: this.problem, ends: this.ends, tests};
	}
}

interface RowRun {
	request: BenchRequest;
	places: Places;
	row: Row;
	tools: Record<string, string>;
	say: BenchNote;
}

async function measureRow(run: RunContext, rowRun: RowRun): Promise<void> {
	const {request, places, row} = rowRun;
	throwIfAborted(run.signal);
	try {
		if (row.method === 'present') {
			const path = await findPath(places, request.to);
			await requireAnswer({...path, clock: run.host.clock, signal: run.signal});
			await measurePath(run, rowRun, path);
		} else {
			row.on = [...new Set(devicesOf(run, await freshInventory(run), request, row.method))];
			rowRun.say('attach both ends');
			await withMethod(run, {request, method: row.method, places}, async path => measurePath(run, rowRun, path));
		}
	} catch (error) {
		row.problem = problemOf(error);
	}
}

async function measurePath(run: RunContext, {request, row, tools, say}: RowRun, path: BenchPath): Promise<void> {
	row.ends = path.ends;
	for (const [test, result] of row.tests) {
		if (result.problem !== null) {
			continue;
		}

		say(test);
		throwIfAborted(run.signal);
		try {
			const measured = await runTest(test, {...path, seconds: request.seconds, clock: run.host.clock, signal: run.signal});
			result.runs.push(measured.figures);
			Object.assign(tools, measured.tools);
		} catch (error) {
			result.problem = problemOf(error);
		}
	}
}

/** What becomes a row; everything else ends the measurement: INTERRUPTED, what could not be put
 * back, and our own bugs. */
function problemOf(error: unknown): BenchProblem {
	if (!(error instanceof AppError) || ['INTERRUPTED', 'ROLLBACK_INCOMPLETE'].includes(error.code)) {
		throw error;
	}

	const {code, message, why, fix} = toAppError(error);
	return {code, message, why: why ?? null, fix: fix ?? null};
}

/** Ratios of the medians of each test to the first method that has one. */
function withRatios(methods: readonly BenchMethodResult[]): BenchMethodResult[] {
	const medianOf = ({test, runs}: BenchTestResult) => spread(runs.flatMap(run => run[mainFigure[test].figure] ?? []))?.median;
	return methods.map(method => ({
		...method,
		tests: method.tests.map(one => {
			const base = methods.map(({tests}) => tests.find(({test}) => test === one.test)).map(other => other && medianOf(other)).find(median => median !== undefined && median > 0);
			const own = medianOf(one);
			return {...one, ratio: base === undefined || own === undefined ? null : own / base};
		}),
	}));
}

async function openPlace(run: RunContext, inventory: Inventory, {kind, name}: BenchEndName): Promise<BenchPlace> {
	if (kind === 'netns') {
		const {code, stderr} = await run.host.runner.run(['ip', 'netns', 'exec', name, 'true']);
		if (code !== 0) {
			throw new AppError('NETNS_NOT_FOUND', `the namespace ${name} cannot be entered`, {why: stderr.trim().slice(0, 300) || `ip netns exec ended with ${code}`, fix: 'ip netns list'});
		}

		return netnsPlace(name, run.host);
	}

	const guest = findGuest(inventory, name);
	if (!guest.active) {
		throw new AppError('UNSUPPORTED', `${guest.name} is ${guest.state}`, {why: 'only what runs can be measured', fix: `virsh start ${guest.name}`});
	}

	const place = guestPlace(guest.name, {libvirt: await run.libvirt(), uuid: guest.uuid, clock: run.host.clock});
	await place.run(['true']);
	return place;
}
