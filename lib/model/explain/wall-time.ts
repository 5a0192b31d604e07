// Which moment a line's time means.
import type {LogTime} from './log-time.ts';

export interface ClockFacts {
	/** When the host of the log was booted, in milliseconds since the epoch; null: not known. */
	readonly bootMs: number | null;
	/** Now, for times without a year. */
	readonly nowMs: number;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
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

	const of = (year: number) => Date.parse(`${year}-${String(months.indexOf(month!) + 1).padStart(2, '0')}-${day!.padStart(2, '0')}T${time}Z`);
	const year = new Date(nowMs).getUTCFullYear();
	// syslog has no year: a day that is to come was one of last year. A zone may be ahead of ours.
	const ms = of(year) > nowMs + dayMs ? of(year - 1) : of(year);
	return Number.isNaN(ms) ? null : ms;
}
