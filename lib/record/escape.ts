// Text of a record is safe to show: control and direction-changing characters travel escaped.

// C0 but the tab, DEL, C1, line separators and the bidirectional controls; the backslash starts
// an escape.
// eslint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069\\]/g;

/** One line as it is written in a record; trailing blanks are escaped because mail loses them. */
export function escapeLine(line: string): string {
	const escaped = line.replaceAll(unsafe, character => {
		const code = character.codePointAt(0) ?? 0;
		if (character === '\\') {
			return '\\\\';
		}

		return code < 0x1_00 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
	});
	return escaped.replace(/ $/, '\\x20');
}

/** A file name as it is written in a record: no blanks and no separators either. */
export function escapeName(name: string): string {
	return escapeLine(name).replaceAll(' ', '\\x20');
}

/** The line that was escaped, or undefined when it holds a broken escape or a raw control character. */
export function unescapeLine(text: string): string | undefined {
	let broken = false;
	const line = text.replaceAll(/\\(?:\\|x([\da-f]{2})|u([\da-f]{4})|)/g, (match, byte?: string, unit?: string) => {
		if (match === '\\\\') {
			return '\\';
		}

		const hex = byte ?? unit;
		if (hex === undefined) {
			broken = true;
			return '';
		}

		return String.fromCharCode(Number.parseInt(hex, 16));
	});
	unsafe.lastIndex = 0;
	return broken || unsafe.test(text.replaceAll('\\', '')) ? undefined : line;
}

/** Marks the end of a text that does not end with a newline (echo's spelling). */
export const noNewline = '\\c';

/** The lines of a text as they are written in a record. */
export function textToLines(text: string): string[] {
	const lines = text.split('\n');
	const last = lines.pop() ?? '';
	const written = lines.map(line => escapeLine(line));
	if (last !== '' || lines.length === 0) {
		written.push(`${escapeLine(last)}${noNewline}`);
	}

	return written;
}

/** The text of lines of a record, or the index of the first damaged line. */
export function linesToText(lines: readonly string[]): string | {damagedLine: number} {
	let text = '';
	for (const [index, line] of lines.entries()) {
		const open = index === lines.length - 1 && endsOpen(line);
		const plain = unescapeLine(open ? line.slice(0, -noNewline.length) : line);
		if (plain === undefined) {
			return {damagedLine: index};
		}

		text += open ? plain : `${plain}\n`;
	}

	return text;
}

// `\\c` at the end is an escaped backslash and the letter c: only an odd run of backslashes counts.
function endsOpen(line: string): boolean {
	const run = /(\\+)c$/.exec(line);
	return run !== null && (run[1] ?? '').length % 2 === 1;
}
