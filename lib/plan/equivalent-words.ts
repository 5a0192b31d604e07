// Words of shell lines that several kinds of action need.
import {quote} from '../model/shell-word.ts';
import type {GuestRef} from './action.ts';

/** The text as a command's input; the word that ends it is none of its lines. */
export function hereDocument(command: string, text: string): string[] {
	const lines = text.trimEnd().split('\n');
	let end = 'END';
	while (lines.includes(end)) {
		end += '_';
	}

	return [`${command} <<'${end}'`, ...lines, end];
}

/** virsh takes a name that begins with a dash for an option. */
export function guestWord({name, uuid}: GuestRef): string {
	return name.startsWith('-') ? uuid : quote(name);
}
