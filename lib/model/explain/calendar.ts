// Dates as logs and people write them, put as Date.parse takes them on every host.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** For patterns: one name of a month. */
export const monthPattern = `(?:${months.join('|')})`;

/** `2026-11-07` of a year, a month's name and a day; no date of another word than a month's. */
export function isoDate(year: string, month: string, day: string): string {
	return `${year}-${String(months.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** `+01:00` of `+0100`; what is no offset (`UTC`, `CET`, nothing) is taken as UTC: names of zones are ambiguous. */
export function isoZone(zone: string): string {
	return /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : /^[+-]/.test(zone) ? zone : 'Z';
}
