// What changed on a host, for people.
import type {DeviceChange} from '../model/device-changes/facts.ts';

/** A difference that has no words of its own. */
export interface RawChange {
	path: string;
	before: string | undefined;
	after: string | undefined;
}

// A definition of a guest that changed has hundreds of lines; --json has them all.
const shownLines = 6;

/** One paragraph for each thing that changed; `!` marks what works worse than before. */
export function changesText(changes: readonly DeviceChange[], raw: readonly RawChange[]): string {
	const bySubject = new Map<string, DeviceChange[]>();
	for (const change of changes) {
		bySubject.set(change.subject.id, [...bySubject.get(change.subject.id) ?? [], change]);
	}

	const paragraphs = [...bySubject.values()].map(of => [heading(of[0]!), ...of.map(one => line(one))].join('\n'));
	const rest = raw.map(({path, before, after}) => `${path}\n${shortened('-', before)}\n${shortened('+', after)}`);
	return [...paragraphs, ...rest.length === 0 ? [] : [`Without words of its own:\n${rest.join('\n')}`]].join('\n\n');
}

function heading({subject: {kind, name, bdf}}: DeviceChange): string {
	const address = bdf === null || bdf === name ? '' : ` (${bdf})`;
	return kind === 'function' || kind === 'host' ? `${name}${address}` : `${kind} ${name}`;
}

function line({fact, before, after, meaning, weight}: DeviceChange): string {
	const mark = weight === 'trouble' ? '!' : ' ';
	if (fact === 'present') {
		return ` ${mark} ${meaning ?? (after === null ? 'gone' : 'new')}`;
	}

	return ` ${mark} ${fact.replace(/^config: /, '')}: ${before ?? 'none'} -> ${after ?? 'none'}${meaning === null ? '' : `   ${meaning}`}`;
}

function shortened(sign: string, text: string | undefined): string {
	const lines = (text ?? '(nothing)').split('\n');
	const more = lines.length - shownLines;
	return [...lines.slice(0, shownLines), ...more > 0 ? [`... ${more} more lines (--json has them)`] : []].map(one => `  ${sign} ${one}`).join('\n');
}
