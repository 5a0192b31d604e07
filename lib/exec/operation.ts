// One operation as its journal file tells it: a header line, then one line per event.
import type {Action} from '../plan/action.ts';
import type {Plan} from '../plan/plan.ts';

export const journalVersion = 1;

/** How an operation ended. `rollback-incomplete` is no end: `vfctl recover` goes on from there. */
export type Outcome = 'done' | 'rolled-back' | 'rollback-incomplete' | 'recovered' | 'given-up';

export interface OperationHeader {
	version: typeof journalVersion;
	number: number;
	/** ISO 8601, UTC. */
	time: string;
	/** /proc/sys/kernel/random/boot_id: another one means that the machine was restarted since. */
	bootId: string | null;
	pid: number;
	commandLine: readonly string[];
	plan: Plan;
}

/** What happened; steps count from 1. `fact`: something seen before a step changed it, which
 * undoing needs. `resume`: a recovery took over here. `await-confirm`: all steps are done, and all
 * are put back unless an admin confirms them until `deadline` (ISO 8601, UTC); `confirmed` is
 * written by another process. */
export type OperationEvent =
	| {event: 'step-begin'; step: number}
	| {event: 'step-done'; step: number}
	| {event: 'fact'; step: number; name: string; value: string}
	| {event: 'undo-begin'; step: number}
	| {event: 'undo-done'; step: number; note?: string}
	| {event: 'resume'; pid: number; bootId: string | null}
	| {event: 'await-confirm'; deadline: string; bootId: string | null}
	| {event: 'confirmed'}
	| {event: 'end'; outcome: Outcome; why?: string};

/** State of one step. `begun`: cut off in between, or not known to be done. */
export type StepState = 'begun' | 'done' | 'undone';

export interface Operation {
	readonly number: number;
	/** Null when the first line is damaged. */
	readonly header: OperationHeader | null;
	/** Steps that were begun, by number. */
	readonly steps: ReadonlyMap<number, StepState>;
	/** Facts of a step, by `STEP NAME`. */
	readonly facts: ReadonlyMap<string, string>;
	/** Null while it runs, or after its process died. */
	readonly outcome: Outcome | null;
	/** ISO time of the end, or null. */
	readonly endTime: string | null;
	/** Until when it waits to be confirmed, or waited before it was put back; null when it does not. */
	readonly waiting: {readonly deadline: string; readonly bootId: string | null} | null;
	readonly confirmed: boolean;
	/** The last line was cut off: the process or the machine died while it wrote. */
	readonly torn: boolean;
	/** Damage that no crash explains, in plain words. */
	readonly damage: readonly string[];
}

/** Reads a journal file. Never throws: what cannot be read is in `damage`. */
export function parseOperation(number: number, text: string): Operation {
	const lines = text.split('\n');
	// What follows the last newline is empty, or a line whose writing was cut off.
	const torn = lines.pop() !== '';
	const damage: string[] = [];
	const header = parseHeader(lines[0], number);
	if (header === null && lines.length > 0) {
		damage.push(headerProblem(lines[0]));
	}

	const steps = new Map<number, StepState>();
	const facts = new Map<string, string>();
	let outcome: Outcome | null = null;
	let endTime: string | null = null;
	let waiting: Operation['waiting'] = null;
	let confirmed = false;
	for (const [index, line] of lines.entries()) {
		if (index === 0) {
			continue;
		}

		const event = parseLine(line);
		if (event === undefined) {
			// A recovery that finds a torn line closes it with a newline and says so.
			if (parseLine(lines[index + 1])?.event !== 'resume') {
				damage.push(`line ${index + 1} is damaged`);
			}

			continue;
		}

		switch (event.event) {
			case 'step-begin':
			case 'undo-begin': {
				steps.set(event.step, 'begun');
				// What is being put back waits for nobody any more.
				waiting = event.event === 'undo-begin' ? null : waiting;
				break;
			}

			case 'step-done': {
				steps.set(event.step, 'done');
				break;
			}

			case 'undo-done': {
				steps.set(event.step, 'undone');
				break;
			}

			case 'fact': {
				facts.set(`${event.step} ${event.name}`, event.value);
				break;
			}

			case 'resume': {
				waiting = null;
				break;
			}

			case 'await-confirm': {
				waiting = {deadline: event.deadline, bootId: event.bootId};
				break;
			}

			case 'confirmed': {
				confirmed = true;
				break;
			}

			case 'end': {
				outcome = event.outcome;
				endTime = event.time;
				waiting = null;
				break;
			}
		}
	}

	return {number, header, steps, facts, outcome, endTime, waiting, confirmed, torn, damage};
}

/** True when `vfctl recover` has something to do. A file without even a header belongs to an
 * operation that died before its first step: nothing was changed. */
export function isUnfinished({outcome, header, damage}: Operation): boolean {
	return (outcome === null && (header !== null || damage.length > 0)) || outcome === 'rollback-incomplete';
}

/** True when the text of a journal file ends an operation for good: `isUnfinished` of it is false.
 * Its last line tells, so hundreds of old operations need not be read through before each new one. */
export function hasEnded(text: string): boolean {
	const lastLine = text.lastIndexOf('\n', text.length - 2) + 1;
	// The first line is the header; a line without its newline was cut off.
	const event = lastLine > 0 && text.endsWith('\n') ? parseLine(text.slice(lastLine)) : undefined;
	return event?.event === 'end' && event.outcome !== 'rollback-incomplete';
}

/** The actions that an operation did and did not undo, in order. */
export function doneActions({header, steps}: Operation): Action[] {
	return (header?.plan.actions ?? []).filter((_, index) => steps.get(index + 1) === 'done');
}

function parseHeader(line: string | undefined, number: number): OperationHeader | null {
	const value = parseObject(line);
	return value?.['version'] === journalVersion && value['number'] === number && Array.isArray((value['plan'] as Partial<Plan> | undefined)?.actions)
		? value as unknown as OperationHeader
		: null;
}

function headerProblem(line: string | undefined): string {
	const version = parseObject(line)?.['version'];
	return typeof version === 'number' && version > journalVersion ? `a newer vfctl wrote it (version ${version} of the journal, known is ${journalVersion}), and that one can put it back` : 'line 1 is no header';
}

const eventNames = new Set(['step-begin', 'step-done', 'fact', 'undo-begin', 'undo-done', 'resume', 'await-confirm', 'confirmed', 'end']);

function parseLine(line: string | undefined): (OperationEvent & {time: string}) | undefined {
	const value = parseObject(line);
	return value !== undefined && eventNames.has(String(value['event'])) ? value as unknown as OperationEvent & {time: string} : undefined;
}

function parseObject(line: string | undefined): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(line ?? '');
		return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined;
	} catch {
		return undefined;
	}
}
