// Explains a log that comes in pieces: bytes or text in, things that were said out. Pure: nothing
// is read or printed here, and what is kept is bounded whatever comes.
import {catalogue} from '../messages/catalogue.ts';
import type {MessageEntry} from '../messages/message-entry.ts';
import {inOrder, keyOf, newExplained, sayAgain, type Explained} from './explained.ts';
import type {DeviceLookup, Fields} from './host-devices.ts';
import {Joiner} from './joins.ts';
import {lineIndex, type LineIndex} from './line-index.ts';
import {LineScanner, type ScannedLine} from './line-scanner.ts';
import {parseLogLine, type LogLine} from './log-line.ts';
import {matchLine} from './match-line.ts';
import {isOrdinary} from './ordinary.ts';
import {wallMsOf} from './wall-time.ts';

export interface ExplainerOptions {
	readonly entries?: readonly MessageEntry[];
	/** What the host of the log knows of the devices it names; absent: nothing. */
	readonly devices?: DeviceLookup;
	/** Lines before this are passed by, where their time can be told. */
	readonly sinceMs?: number | null;
	/** For times without a year. */
	readonly nowMs: number;
	/** Called for each line that is explained, at once. `explained.count` says how often it was said. */
	readonly tell?: (explained: Explained, line: LogLine) => void;
}

export interface LogFacts {
	/** Its name, where there are several. */
	readonly name: string | null;
	/** What every line of it is about: the guest of a guest's log. */
	readonly fields?: Fields;
	/** When its host was booted, where that is known. */
	readonly bootMs?: number | null;
	/** Lines before this are passed by, as with the explainer's own. */
	readonly sinceMs?: number | null;
}

export interface UnknownLines {
	count: number;
	/** By driver or program. */
	readonly drivers: Map<string, number>;
	/** The first of them. */
	readonly lines: string[];
}

export interface ExplainReport {
	/** Worst first, then the most frequent, then the latest. */
	readonly explained: readonly Explained[];
	/** Lines of drivers of the catalogue that no entry explains; those that say themselves that they
	 * are information (level 5 to 7) and those that say that all is well are not among them. */
	readonly unknown: UnknownLines;
	readonly bytes: number;
	/** Lines of which only the beginning was looked at. */
	readonly cutLines: number;
	/** Lines that were explained and are of more different things than are kept. */
	readonly notKept: number;
	/** Explained lines whose time cannot be told, though only those since some time were wanted. */
	readonly withoutTime: number;
}

export interface Explainer {
	/** Another log begins. */
	begin(log: LogFacts): void;
	/** More of the log, cut anywhere. */
	push(piece: Uint8Array | string): void;
	/** The log ends or rests: a last line without a line end is a line. */
	end(): void;
	/** What was told until now. */
	report(): ExplainReport;
}

const mostThings = 1000;
const mostUnknownLines = 200;
const mostUnknownLength = 500;
// syslog's notice: from here on a line says itself that nothing is wrong.
const noticeLevel = 5;

let ownIndex: LineIndex | undefined;

/** An explainer with nothing pushed yet. */
export function createExplainer(options: ExplainerOptions): Explainer {
	const index = options.entries === undefined ? ownIndex ??= lineIndex(catalogue) : lineIndex(options.entries);
	return new LogExplainer(index, options);
}

class LogExplainer implements Explainer {
	private readonly things = new Map<string, Explained>();
	private readonly unknown: UnknownLines = {count: 0, drivers: new Map(), lines: []};
	private readonly joiner = new Joiner();
	private readonly encoder = new TextEncoder();
	private readonly scanner: LineScanner;
	private readonly index: LineIndex;
	private readonly options: ExplainerOptions;
	private log: LogFacts = {name: null};
	/** What `dmesg -J` told before the message: each member has a line. */
	private jsonSeconds: number | null = null;
	/** Interfaces by address, as lines with both tell them. */
	private readonly netdevs = new Map<string, string>();
	private place = 0;
	private notKept = 0;
	private withoutTime = 0;

	constructor(index: LineIndex, options: ExplainerOptions) {
		this.index = index;
		this.options = options;
		this.scanner = new LineScanner(index.automaton, index.isWhole, line => {
			this.line(line);
		});
	}

	begin(log: LogFacts): void {
		this.end();
		this.log = log;
		this.jsonSeconds = null;
	}

	push(piece: Uint8Array | string): void {
		this.scanner.push(typeof piece === 'string' ? this.encoder.encode(piece) : piece);
	}

	end(): void {
		this.scanner.end();
	}

	report(): ExplainReport {
		for (const explained of this.things.values()) {
			explained.fields = withNetdev(explained.fields, this.netdevs);
		}

		const {bytes, cutLines} = this.scanner;
		return {explained: inOrder([...this.things.values()]), unknown: this.unknown, bytes, cutLines, notKept: this.notKept, withoutTime: this.withoutTime};
	}

	private line({text, words}: ScannedLine): void {
		if (this.index.hasJsonTime(words) && this.isJsonTime(text)) {
			return;
		}

		const line = this.withJsonTime(parseLogLine(text));
		this.learn(line);
		const candidates = this.index.entriesOf(this.index.hasBytes(words) ? this.wordsOf(line.message) : words);
		const [match] = candidates.length === 0 ? [] : matchLine(line, candidates);
		if (match) {
			this.explain(line, match.entry, match.fields);
		} else if (this.index.hasDriver(words)) {
			this.notKnown(line);
		}
	}

	private learn({bdf, netdev}: LogLine): void {
		if (bdf !== null && netdev !== null && (this.netdevs.size < mostThings || this.netdevs.has(bdf))) {
			this.netdevs.set(bdf, netdev);
		}
	}

	private explain(line: LogLine, entry: MessageEntry, told: Explained['fields']): void {
		const {devices, tell} = this.options;
		const ms = this.msOf(line);
		if (this.isBefore(ms)) {
			return;
		}

		this.withoutTime += typeof this.options.sinceMs === 'number' && ms === null ? 1 : 0;
		const known = {...this.log.fields, ...told};
		const fields = devices?.(known) ?? known;
		const key = keyOf(entry, fields);
		const place = this.place++;
		let explained = this.things.get(key);
		if (explained) {
			sayAgain(explained, fields, line.time, {ms, place});
		} else if (this.things.size < mostThings) {
			explained = newExplained(entry, fields, line, {log: this.log.name, ms, place});
			this.things.set(key, explained);
		} else {
			this.notKept++;
			return;
		}

		this.joiner.add({explained, bootSeconds: line.time.bootSeconds, ms, place, joined: new Set()});
		tell?.(explained, line);
	}

	private notKnown(line: LogLine): void {
		const {level, driver, program, message, text} = line;
		const name = [driver, program].find(candidate => candidate !== null && this.index.drivers.has(candidate));
		if (name === undefined || name === null || (level !== null && level >= noticeLevel) || isOrdinary(text) || this.isBefore(this.msOf(line))) {
			return;
		}

		const {drivers, lines} = this.unknown;
		this.unknown.count++;
		drivers.set(name, (drivers.get(name) ?? 0) + 1);
		if (lines.length < mostUnknownLines) {
			lines.push(message.slice(0, mostUnknownLength));
		}
	}

	private msOf({time}: LogLine): number | null {
		return wallMsOf(time, {bootMs: this.log.bootMs ?? null, nowMs: this.options.nowMs});
	}

	private sinceMs(): number | null {
		const all = [this.options.sinceMs, this.log.sinceMs].filter(ms => ms !== null && ms !== undefined);
		return all.length === 0 ? null : Math.max(...all);
	}

	private isBefore(ms: number | null): boolean {
		const since = this.sinceMs();
		return since !== null && ms !== null && ms < since;
	}

	private wordsOf(message: string): Set<number> {
		const words = new Set<number>();
		const bytes = this.encoder.encode(message);
		this.index.automaton.scan(bytes, 0, bytes.length, word => {
			words.add(word);
		});
		return words;
	}

	private isJsonTime(text: string): boolean {
		const seconds = /^\s*"time"\s*:\s*(\d{1,10}\.\d{1,9}),?\s*$/.exec(text)?.[1];
		this.jsonSeconds = seconds === undefined ? null : Number(seconds);
		return seconds !== undefined;
	}

	private withJsonTime(line: LogLine): LogLine {
		const seconds = this.jsonSeconds;
		this.jsonSeconds = null;
		return seconds === null || line.time.stamp !== null ? line : {...line, time: {stamp: seconds.toFixed(6), bootSeconds: seconds, wallMs: null}};
	}
}

/** The interface of the device, where another line of the log told it. */
function withNetdev(fields: Fields, netdevs: ReadonlyMap<string, string>): Fields {
	const netdev = netdevs.get(fields['bdf'] ?? '');
	return netdev === undefined || fields['netdev'] !== undefined ? fields : {...fields, netdev};
}
