// Assignments in a file that a shell reads, such as /etc/default/grub: found, and changed in
// place, with every other byte left as it is.

interface Assignment {
	name: string;
	/** Where the value begins and ends in the text. */
	start: number;
	end: number;
	/** One quoted string as a whole; anything else is `bare`. */
	form: 'double' | 'single' | 'bare';
	/** NAME+=value. */
	appends: boolean;
}

/** The value as the shell reads it, as far as it can be told without running it. */
export function assignedWords(text: string, names: readonly string[]): string[] {
	return assignments(text).filter(({name}) => names.includes(name)).flatMap(({start, end}) => unquoted(text.slice(start, end)).split(/\s+/).filter(word => word !== ''));
}

/** Whether a variable is assigned. */
export function isAssigned(text: string, name: string): boolean {
	return assignments(text).some(assignment => assignment.name === name);
}

/** Whether the last assignment throws away what the variable had. */
export function assignsAnew(text: string, name: string): boolean {
	const last = assignments(text).findLast(assignment => assignment.name === name);
	return last !== undefined && !last.appends && !new RegExp(`\\$\\{?${name}\\b`).test(text.slice(last.start, last.end));
}

/** The text with words added to the last assignment of the variable; with a new one at its end
 * when there is none. */
export function addWords(text: string, name: string, words: readonly string[]): string {
	const last = assignments(text).findLast(assignment => assignment.name === name);
	const added = words.join(' ');
	if (last === undefined) {
		return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${name}="${added}"\n`;
	}

	const {start, end, form} = last;
	const value = text.slice(start, end);
	if (form === 'bare') {
		// The shell joins what stands together: quiet" intel_iommu=on" is one value.
		return `${text.slice(0, start)}${value}${value === '' ? `"${added}"` : `" ${added}"`}${text.slice(end)}`;
	}

	const inside = value.slice(1, -1);
	return `${text.slice(0, end - 1)}${inside === '' || /\s$/.test(inside) ? '' : ' '}${added}${text.slice(end - 1)}`;
}

/** The text without the words in any assignment of the variables. */
export function removeWords(text: string, names: readonly string[], words: readonly string[]): string {
	let result = text;
	for (const {name, start, end} of assignments(text).toReversed()) {
		if (names.includes(name)) {
			result = result.slice(0, start) + withoutWords(text.slice(start, end), words) + result.slice(end);
		}
	}

	return result;
}

/** A line without the words, each taken with the blanks before it, or those behind it at the beginning. */
export function withoutWords(value: string, words: readonly string[]): string {
	return words.reduce((rest, word) => {
		const literal = word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
		return rest
			.replaceAll(new RegExp(String.raw`[ \t]+${literal}(?=["'\s]|$)`, 'g'), '')
			.replaceAll(new RegExp(String.raw`(^|["'])${literal}(?:[ \t]+|(?=["'\s]|$))`, 'g'), '$1');
	}, value);
}

function assignments(text: string): Assignment[] {
	const found: Assignment[] = [];
	const beginning = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)\+?=/gm;
	for (let match = beginning.exec(text); match; match = beginning.exec(text)) {
		const start = match.index + match[0].length;
		const end = valueEnd(text, start);
		found.push({name: match[1]!, start, end, form: formOf(text.slice(start, end)), appends: match[0].endsWith('+=')});
		beginning.lastIndex = end;
	}

	return found;
}

/** Where the shell's word ends that begins here. */
function valueEnd(text: string, start: number): number {
	let quote = '';
	for (let index = start; index < text.length; index++) {
		const letter = text[index]!;
		if (letter === '\\' && quote !== '\'') {
			index++;
		} else if (quote !== '') {
			quote = letter === quote ? '' : quote;
		} else if (letter === '"' || letter === '\'') {
			quote = letter;
		} else if (/[\s;&|#]/.test(letter) && !(letter === '#' && index > start)) {
			return index;
		}
	}

	return text.length;
}

function formOf(value: string): Assignment['form'] {
	if (/^"(?:[^"\\]|\\[^])*"$/.test(value)) {
		return 'double';
	}

	return /^'[^']*'$/.test(value) ? 'single' : 'bare';
}

function unquoted(value: string): string {
	return value.replaceAll(/\\\n/g, '').replaceAll(/["']/g, '');
}
