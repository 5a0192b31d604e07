// `{field}` and `{field|words}` in the catalogue's texts.
import {quote} from '../shell-word.ts';

/** Names in braces that a text of the catalogue uses, with the words for when nothing told it. */
export function placesOf(text: string): Array<{field: string; words: string | null}> {
	return [...text.matchAll(/\{(\w+)(?:\|([^{}]*))?\}/g)].map(([, field, words]) => ({field: field!, words: words ?? null}));
}

/** The text with what the line (or the host) told. A field that nothing told and that has no words
 * is written in capitals, as usage lines have it. */
export function fillText(text: string, fields: Readonly<Record<string, string>>): string {
	return text.replaceAll(/\{(\w+)(?:\|([^{}]*))?\}/g, (_, field: string, words?: string) => fields[field] ?? words ?? field.toUpperCase());
}

/** The same for a line to type: what came from a log is one word to the shell. vfctl itself takes an
 * address where it takes an interface. */
export function fillCommand(command: string, fields: Readonly<Record<string, string>>): string {
	const {bdf, netdev = bdf} = fields;
	const known = command.startsWith('vfctl ') && netdev !== undefined ? {...fields, netdev} : fields;
	return fillText(command, Object.fromEntries(Object.entries(known).map(([name, value]) => [name, quote(value)])));
}
