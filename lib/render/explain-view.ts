// What `vfctl explain` found, in one shape for text and JSON.
import type {MessageSeverity} from '../model/messages/message-entry.ts';
import {isPart, type Explained} from '../model/explain/explained.ts';
import type {ExplainReport} from '../model/explain/explainer.ts';
import {fillCommand, fillText} from '../model/explain/fill-text.ts';
import type {LogTime} from '../model/explain/log-time.ts';
import {noteOf} from '../model/explain/notes.ts';
import {todosOf, type Todo} from '../model/explain/todo.ts';

export interface ExplainedView {
	/** Its place in the list, from 1. */
	number: number;
	/** Stable name of the explanation. */
	id: string;
	severity: MessageSeverity;
	/** Lines that said it. */
	count: number;
	first: TimeView;
	last: TimeView;
	/** Which log, where several were read. */
	log: string | null;
	/** The first line, without its time and program. */
	line: string;
	/** What the line and the host tell: `bdf`, `netdev`, `vf`, `pf`, `guest`, ... */
	fields: Record<string, string>;
	/** Fields that differ from line to line, with the first values of each. */
	values: Record<string, string[]>;
	meaning: string;
	cause: string;
	/** What the lines tell only together. */
	note: string | null;
	/** Numbers of other things of which this is but a part. */
	partOf: number[];
	versions: string | null;
	source: string;
	remedies: Array<{advice: string; command: string | null}>;
}

export interface TimeView {
	/** As the log has it. */
	stamp: string | null;
	secondsSinceBoot: number | null;
}

export interface ExplainView {
	explained: ExplainedView[];
	/** Most likely first. */
	todo: Todo[];
	unknown: {count: number; drivers: Record<string, number>; lines: string[]};
	/** Logs of the host that could not be read. */
	notRead: ReadonlyArray<{log: string; why: string}>;
	bytes: number;
	cutLines: number;
	notKept: number;
	withoutTime: number;
}

/** The view of a report. */
export function explainView({explained, unknown, ...counts}: ExplainReport, notRead: ExplainView['notRead'] = []): ExplainView {
	return {
		explained: explained.map(one => explainedView(one, explained)),
		todo: todosOf(explained),
		unknown: {count: unknown.count, drivers: Object.fromEntries([...unknown.drivers].sort()), lines: [...unknown.lines]},
		notRead,
		...counts,
	};
}

/** One thing that was said, among all. */
export function explainedView(explained: Explained, all: readonly Explained[] = [explained]): ExplainedView {
	const {entry, fields, values, count, first, last, log, line, partOf} = explained;
	return {
		number: all.indexOf(explained) + 1, id: entry.id, severity: entry.severity, count, first: timeView(first), last: timeView(last), log, line,
		fields: {...fields},
		values: Object.fromEntries([...values].filter(([, list]) => list.length > 1)),
		meaning: fillText(entry.meaning, fields), cause: fillText(entry.cause, fields), note: noteOf(explained) ?? null,
		partOf: isPart(explained) ? [...partOf.keys()].map(whole => all.indexOf(whole) + 1).filter(number => number > 0) : [],
		versions: entry.versions ?? null, source: entry.source,
		remedies: entry.remedies.map(({advice, command}) => ({advice: fillText(advice, fields), command: command === undefined ? null : fillCommand(command, fields)})),
	};
}

function timeView({stamp, bootSeconds}: LogTime): TimeView {
	return {stamp, secondsSinceBoot: bootSeconds};
}
