// The journal: what every operation did, on disk before and after each step, so that a process
// killed at any moment leaves enough behind to put the host back.
import {AppError} from '../errors.ts';
import type {FileReader, Host} from '../host/host.ts';
import type {Plan} from '../plan/plan.ts';
import {hasEnded, isUnfinished, journalVersion, parseOperation, type Operation, type OperationEvent, type OperationHeader, type Outcome} from './operation.ts';
import {expired, keptOperations} from './retention.ts';
import {stateUnwritable} from './state-error.ts';
import {journalDirectory, operationPath} from './state-paths.ts';

// All files must be read to tell which are needed no more, so it is not done for each new one.
const pruneEvery = 20;

/** Writes the header of a new operation and returns its number. Call it under the lock, which
 * makes the number unique. */
export async function begin(host: Host, plan: Plan, commandLine: readonly string[]): Promise<number> {
	const numbers = operationNumbers(host.files);
	const number = (numbers.at(-1) ?? 0) + 1;
	const header: OperationHeader = {
		version: journalVersion,
		number,
		time: timeText(host),
		bootId: readBootId(host.files),
		pid: host.caller.pid,
		commandLine,
		plan,
	};
	await append(host, number, `${JSON.stringify(header)}\n`);
	if (numbers.length > keptOperations + pruneEvery) {
		await prune(host);
	}

	return number;
}

/** Appends one event; it is on the disk when this resolves. */
export async function mark(host: Host, number: number, event: OperationEvent): Promise<void> {
	await append(host, number, `${JSON.stringify({...event, time: timeText(host)})}\n`);
}

/** Ends an operation. */
export async function end(host: Host, number: number, outcome: Outcome, why?: string): Promise<void> {
	await mark(host, number, {event: 'end', outcome, ...(why === undefined ? {} : {why})});
}

/** Takes over an operation of a dead process; closes a line that its death cut off. */
export async function resume(host: Host, operation: Operation): Promise<void> {
	if (operation.torn) {
		await append(host, operation.number, '\n');
	}

	await mark(host, operation.number, {event: 'resume', pid: host.caller.pid, bootId: readBootId(host.files)});
}

async function append(host: Host, number: number, text: string): Promise<void> {
	try {
		await host.files.appendDurably(operationPath(number), text);
	} catch (error) {
		throw stateUnwritable(error, 'the journal cannot be written, and nothing is changed without it', journalDirectory);
	}
}

/** All operations, or those whose file has a text in it, oldest first. */
export function listOperations(files: FileReader, containing = ''): Operation[] {
	return parseWhere(files, text => text.includes(containing));
}

/** One operation; throws OPERATION_NOT_FOUND. */
export function readOperation(files: FileReader, number: number): Operation {
	const text = files.readText(operationPath(number));
	if (text === undefined) {
		throw new AppError('OPERATION_NOT_FOUND', `the journal has no operation ${number}`, {fix: 'vfctl history'});
	}

	return parseOperation(number, text);
}

/** Operations that `vfctl recover` must see to, oldest first. Under the lock these belong to
 * processes that are gone. */
export function unfinishedOperations(files: FileReader): Operation[] {
	return parseWhere(files, text => !hasEnded(text)).filter(operation => isUnfinished(operation));
}

/** Identity of the running kernel's boot, or null where it is not told. */
export function readBootId(files: FileReader): string | null {
	return files.readText('/proc/sys/kernel/random/boot_id')?.trim() || null;
}

/** Parsing costs more than reading, so the text decides first. */
function parseWhere(files: FileReader, isWanted: (text: string) => boolean): Operation[] {
	return operationNumbers(files)
		.map(number => ({number, text: files.readText(operationPath(number)) ?? ''}))
		.filter(({text}) => isWanted(text))
		.map(({number, text}) => parseOperation(number, text));
}

function operationNumbers(files: FileReader): number[] {
	return files.list(journalDirectory)
		.map(name => /^(\d{6,})\.jsonl$/.exec(name)?.[1])
		.filter(digits => digits !== undefined)
		.map(Number)
		.sort((a, b) => a - b);
}

/** Old files are only weight: what cannot be removed stays. */
async function prune(host: Host): Promise<void> {
	for (const number of expired(listOperations(host.files))) {
		await host.files.removeFile(operationPath(number)).catch(() => {});
	}
}

function timeText(host: Host): string {
	return new Date(host.clock.now()).toISOString();
}
