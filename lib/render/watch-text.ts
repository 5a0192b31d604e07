// Events of `vfctl watch`, one line each.
import type {FoldedEvent} from '../model/watch/fold.ts';

/** As a person reads it. */
export function watchText(timeMs: number, {source, severity, text, more}: FoldedEvent): string {
	const mark = severity === 'harmless' ? '' : `${severity}: `;
	const line = text.replaceAll(/\s*\n\s*/g, ' ');
	return `${timeText(timeMs)} ${source.padEnd(7)} ${mark}${more === 0 ? line : `and ${more} more of these: ${line}`}`;
}

/** As a program reads it. */
export function watchJson(timeMs: number, {source, severity, about, text, more, details = {}}: FoldedEvent): Record<string, unknown> {
	return {time: timeText(timeMs), source, severity, about, text, more, details};
}

function timeText(ms: number): string {
	return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
