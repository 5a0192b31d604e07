// Which moment a line's time means.
import {isoDate} from './calendar.ts';
import type {LogTime} from './log-time.ts';

export interface ClockFacts {
	/** When the host of the log was booted, in milliseconds since the epoch; null: not known. */
	readonly bootMs: number | null;
	/** Now, for times without a year. */
	readonly nowMs: number;
}

const dayMs = 86_400_000;

/** Milliseconds since the epoch, or null when the line and the facts do not tell it. */
export function wallMsOf({wallMs, bootSeconds, stamp}: LogTime, {bootMs, nowMs}: ClockFacts): number | null {
	if (wallMs !== null) {
		return wallMs;
	}

	if (bootSeconds !== null) {
		return bootMs === null ? null : bootMs + bootSeconds * 1000;
	}

	const [, month, day, time] = /^(\w{3}) +(\d{1,2}) (\d{2}:\d{2}:\d{2})/.exec(stamp ?? '') ?? [];
	if (time === undefined) {
		return null;
	}

	const of = (year: number) => Date.parse(`${isoDate(String(year), month!, day!)}T${time}Z`);
	const year = new Date(nowMs).getUTCFullYear();
	// syslog has no year: a day that is to come was one of last year. A zone may be ahead of ours.
	const ms = of(year) > nowMs + dayMs ? of(year - 1) : of(year);
	return Number.isNaN(ms) ? null : ms;
}
