// The time at the beginning of a line, and what stands around it.
import {isoDate, isoZone, monthPattern as month} from './calendar.ts';

export interface LogTime {
	/** As the line has it, for people. */
	readonly stamp: string | null;
	/** Seconds since boot. */
	readonly bootSeconds: number | null;
	/** Milliseconds since the epoch; a time without a zone is taken as UTC. */
	readonly wallMs: number | null;
}

export interface Timed {
	readonly time: LogTime;
	/** As syslog counts. */
	readonly level: number | null;
	readonly rest: string;
}

export const noTime: LogTime = {stamp: null, bootSeconds: null, wallMs: null};

const levels = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];
const weekday = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const clock = '\\d{2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?';
const iso = `\\d{4}-\\d{2}-\\d{2}[T ]${clock}(?: ?(?:Z|UTC|[+-]\\d{2}:?\\d{2}|[A-Z]{3,5}))?`;

const ofKernel = /^\[ *(\d{1,10}\.\d{1,9})(?: +< *[\d.+-]{1,20}>)?\] ?/;
const parts: ReadonlyArray<readonly [RegExp, (match: RegExpExecArray) => Partial<Timed> & {stamp?: string}]> = [
	// `dmesg -x`: `kern  :err   : `
	[new RegExp(`^[a-z]{3,8}\\d? *:(${levels.join('|')}) *: `), match => ({level: levels.indexOf(match[1]!)})],
	// `dmesg -r` and consoles: the facility and level in one number. RFC 5424 has a version behind it.
	[/^<(\d{1,3})>(?:1 )?/, match => ({level: Number(match[1]) & 7})],
	[ofKernel, match => ({time: bootTime(match[1]!)})],
	// CONFIG_PRINTK_CALLER.
	[/^\[ *[TC]\d{1,7}\] ?/, () => ({})],
	// /dev/kmsg: `level,sequence,microseconds,flags;`
	[/^(\d{1,4}),\d{1,19},(\d{1,16}),[^;]{1,60};/, match => ({level: Number(match[1]) & 7, time: bootTime((Number(match[2]) / 1e6).toFixed(6))})],
	// `dmesg -T`, and `-d -T`.
	[new RegExp(`^\\[(${weekday} ${month} [ \\d]\\d ${clock} \\d{4})(?: < *[\\d.+-]{1,20}>)?\\] ?`), match => ({time: wallTime(match[1]!)})],
	// `dmesg -H` and `--time-format reltime`: a minute, then what was added to it.
	[new RegExp(`^\\[(?:${month}[ \\d]\\d \\d{2}:\\d{2}| *\\+[\\d.]{1,20})\\] ?`), match => ({time: {...noTime, stamp: match[0].trim()}})],
	[new RegExp(`^(?:${weekday} )?\\[?(${iso})\\]?:?(?: |$)`), match => ({time: wallTime(match[1]!)})],
	// syslog and journalctl's short form, with microseconds in short-precise.
	[new RegExp(`^(${month} [ \\d]\\d ${clock}) `), match => ({time: {...noTime, stamp: match[1]!}})],
	// journalctl -o short-unix.
	[/^(\d{9,11}\.\d{6}) /, match => ({time: {stamp: match[1]!, bootSeconds: null, wallMs: Math.round(Number(match[1]) * 1000)}})],
];

/** The time and level of a line, and what is behind them. */
export function takeTime(line: string): Timed {
	let taken: Timed = {time: noTime, level: null, rest: line.trimStart()};
	for (let more = true; more;) {
		const next = takePart(taken);
		more = next !== taken;
		taken = next;
	}

	// A console server or a test's own prefix stands before the kernel's time.
	const late = taken.time.stamp === null ? /^.{1,80}?(?=(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{6}\])/.exec(taken.rest) : null;
	return late ? takeTime(taken.rest.slice(late[0].length)) : taken;
}

function takePart(taken: Timed): Timed {
	for (const [pattern, read] of parts) {
		const match = pattern.exec(taken.rest);
		if (match) {
			const {time, level} = read(match);
			return {time: taken.time.stamp === null ? time ?? taken.time : taken.time, level: level ?? taken.level, rest: taken.rest.slice(match[0].length).trimStart()};
		}
	}

	return taken;
}

/** A time of the kernel's own clock. */
export function bootTime(seconds: string): LogTime {
	return {stamp: seconds, bootSeconds: Number(seconds), wallMs: null};
}

function wallTime(stamp: string): LogTime {
	const ms = Date.parse(zoned(stamp));
	return {stamp, bootSeconds: null, wallMs: Number.isNaN(ms) ? null : ms};
}

/** A time as Date.parse takes it on every host: ISO, with a zone. */
function zoned(stamp: string): string {
	const [, name, day, at, year] = /^\w{3} (\w{3}) +(\d{1,2}) (\S+) (\d{4})$/.exec(stamp) ?? [];
	if (year !== undefined) {
		return `${isoDate(year, name!, day!)}T${at}Z`;
	}

	const [, date, time, zone = ''] = /^(\S{10})[T ](\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?) ?(.*)$/.exec(stamp) ?? [];
	return `${date}T${time?.replace(',', '.').replace(/(\.\d{3})\d+$/, '$1')}${isoZone(zone)}`;
}
