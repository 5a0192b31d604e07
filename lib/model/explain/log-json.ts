// Lines of `journalctl -o json` and `dmesg -J`.
import {bootTime, noTime, type LogTime} from './log-time.ts';

export interface JsonLine {
	readonly message: string;
	readonly program: string | null;
	readonly time: LogTime;
	readonly level: number | null;
}

/** What a line of JSON tells, or undefined when it is none of a journal's or of dmesg's. `dmesg -J`
 * has one member a line (util-linux before 2.40) or one message a line. */
export function jsonLine(line: string): JsonLine | undefined {
	const member = /^\s*"msg"\s*:\s*("(?:[^"\\]|\\.)*"),?$/.exec(line)?.[1];
	const value = parsed(member === undefined ? line.replace(/^[[,\s]+/, '').replace(/[\],\s]+$/, '') : `{"msg":${member}}`);
	if (typeof value !== 'object' || value === null) {
		return undefined;
	}

	const {msg, pri, time, MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, _COMM, _TRANSPORT, __REALTIME_TIMESTAMP} = value as Record<string, unknown>;
	if (typeof msg === 'string') {
		return {message: msg, program: 'kernel', level: numberOf(pri, 7), time: typeof time === 'number' ? bootTime(time.toFixed(6)) : noTime};
	}

	const message = textOf(MESSAGE);
	if (message === undefined) {
		return undefined;
	}

	const micros = Number(__REALTIME_TIMESTAMP);
	return {
		message, level: numberOf(PRIORITY, 7),
		program: _TRANSPORT === 'kernel' ? 'kernel' : textOf(SYSLOG_IDENTIFIER) ?? textOf(_COMM) ?? null,
		time: micros > 0 && micros < 8e18 ? {stamp: new Date(micros / 1000).toISOString(), bootSeconds: null, wallMs: Math.round(micros / 1000)} : noTime,
	};
}

/** journald writes what is not printable UTF-8 as a list of bytes. */
function textOf(value: unknown): string | undefined {
	if (typeof value === 'string') {
		return value;
	}

	return Array.isArray(value) && value.every(byte => Number.isInteger(byte) && byte >= 0 && byte < 256) ? String.fromCharCode(...value as number[]) : undefined;
}

function numberOf(value: unknown, mask: number): number | null {
	const number = Number(value);
	return value === undefined || !Number.isInteger(number) ? null : number & mask;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
