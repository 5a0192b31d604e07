// `--since`: a time, or how long ago.
import {AppError} from '../../errors.ts';
import {isoZone} from './calendar.ts';

const unitMs: Readonly<Record<string, number>> = {s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000};
const furthest = 10_000;

/** Milliseconds since the epoch of `2h`, `10 min ago`, `2026-11-22`, `2026-11-22 02:51`,
 * `2026-11-22T02:51:31Z`, `today`, `yesterday` or `@1763779891`; times without a zone are UTC, as
 * they are in logs. Throws USAGE. */
export function parseSince(text: string, nowMs: number): number {
	const word = text.trim().toLowerCase();
	const [, number, unit] = /^(\d{1,6}) ?(s|m|h|d|w|secs?|seconds?|mins?|minutes?|hours?|days?|weeks?)(?: ago)?$/.exec(word) ?? [];
	if (unit !== undefined && Number(number) <= furthest * 100) {
		return nowMs - Number(number) * unitMs[unit[0]!]!;
	}

	const today = nowMs - nowMs % unitMs['d']!;
	if (word === 'today' || word === 'yesterday' || word === 'now') {
		return word === 'now' ? nowMs : word === 'today' ? today : today - unitMs['d']!;
	}

	const [, epoch] = /^@(\d{1,11})$/.exec(word) ?? [];
	if (epoch !== undefined) {
		return Number(epoch) * 1000;
	}

	const [, date, time = '00:00', zone = 'Z'] = /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(z|utc|[+-]\d{2}:?\d{2})?)?$/.exec(word) ?? [];
	const ms = Date.parse(`${date}T${time}${isoZone(zone)}`);
	if (date === undefined || Number.isNaN(ms)) {
		throw new AppError('USAGE', `'${text}' is not a time`, {why: 'it is neither a date nor how long ago', fix: 'give it as 2h, \'10 min ago\', today or \'2026-11-22 02:51\' (UTC)'});
	}

	return ms;
}
