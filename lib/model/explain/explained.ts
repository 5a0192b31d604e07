// What a log told, put together: lines that say the same of the same device are one thing.
import type {MessageEntry} from '../messages/message-entry.ts';
import type {Fields} from './host-devices.ts';
import type {LogLine} from './log-line.ts';
import type {LogTime} from './log-time.ts';

/** One thing that was said, however often. */
export interface Explained {
	readonly entry: MessageEntry;
	/** Of the first line, with what the host and other lines added. */
	fields: Fields;
	/** The first line, its message alone. */
	readonly line: string;
	/** Which log, where there are several. */
	readonly log: string | null;
	readonly first: LogTime;
	last: LogTime;
	/** Milliseconds since the epoch, where that can be told. */
	lastMs: number | null;
	/** Order of the last line among all. */
	lastPlace: number;
	count: number;
	/** Fields that differ from line to line: up to eight values of each, in the order they came. */
	readonly values: Map<string, string[]>;
	/** Things of which this is a part, and in how many of its lines. */
	readonly partOf: Map<Explained, number>;
}

// These tell of whom a line speaks; whatever else differs is a value.
const ofWhom = ['driver', 'bdf', 'netdev', 'vf', 'pf', 'group', 'guest', 'domain', 'device', 'network', 'module', 'bridge', 'pool', 'path', 'symbol', 'limit'];
const mostValues = 8;

/** Lines with the same key are the same thing. */
export function keyOf(entry: MessageEntry, fields: Fields): string {
	return [entry.id, ...ofWhom.map(name => fields[name] ?? '')].join('\0');
}

/** A thing that was said for the first time. */
export function newExplained(entry: MessageEntry, fields: Fields, {time, message}: LogLine, {log, ms, place}: {log: string | null; ms: number | null; place: number}): Explained {
	const explained: Explained = {entry, fields, line: message, log, first: time, last: time, lastMs: ms, lastPlace: place, count: 1, values: new Map(), partOf: new Map()};
	addValues(explained, fields);
	return explained;
}

/** Said once more. */
export function sayAgain(explained: Explained, fields: Fields, time: LogTime, {ms, place}: {ms: number | null; place: number}): void {
	explained.count++;
	explained.last = time;
	explained.lastMs = ms ?? explained.lastMs;
	explained.lastPlace = place;
	addValues(explained, fields);
}

function addValues({values}: Explained, fields: Fields): void {
	for (const [name, value] of Object.entries(fields)) {
		if (!ofWhom.includes(name) && name !== 'program') {
			const list = values.get(name) ?? [];
			values.set(name, list);
			if (list.length < mostValues && !list.includes(value)) {
				list.push(value);
			}
		}
	}
}

/** It is nothing but a part of something else that was told. */
export function isPart({partOf, count}: Explained): boolean {
	return [...partOf.values()].some(lines => lines >= count);
}

const severities = ['danger', 'error', 'warning', 'harmless'] as const;

/** Worst first, then the most frequent, then the latest. */
export function inOrder(explained: readonly Explained[]): Explained[] {
	return explained.toSorted((a, b) => severities.indexOf(a.entry.severity) - severities.indexOf(b.entry.severity)
		|| b.count - a.count
		|| (b.lastMs ?? 0) - (a.lastMs ?? 0)
		|| b.lastPlace - a.lastPlace);
}
