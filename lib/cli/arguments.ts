// What yargs makes of a command line that a program on which a host depends must not: it takes
// `--dry-run=1` for false, two `--mac` for a list, and a name that begins with a dash for options.
import {AppError} from '../errors.ts';

// A word that begins with it is no option for yargs, and nobody types it.
const mark = '\u0001';

/** The words with names that begin with a dash marked: those after `--`, and `-` alone. */
export function markDashes(argv: readonly string[]): string[] {
	const end = argv.indexOf('--');
	const [options, names] = end === -1 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)];
	return [...options.map(word => word === '-' ? mark + word : word), ...names.map(word => word.startsWith('-') ? mark + word : word)];
}

/** Takes the marks out of parsed arguments again. */
export function unmarkDashes(args: Record<string, unknown>): void {
	const unmark = (value: unknown): unknown => {
		if (Array.isArray(value)) {
			return value.map(item => unmark(item));
		}

		return typeof value === 'string' && value.startsWith(mark) ? value.slice(mark.length) : value;
	};

	for (const [name, value] of Object.entries(args)) {
		args[name] = unmark(value);
	}
}

/** A message about marked words as it is meant. */
export function withoutMarks(text: string): string {
	return text.replaceAll(mark, '');
}

/** Throws USAGE for an option that was given twice and is none of the command's `lists`, and for a switch
 * with a value that is neither true nor false. */
export function requireClear(args: Record<string, unknown>, argv: readonly string[], lists: readonly string[]): void {
	// yargs names `--accept-risk` in both ways. The words after `--` are those that commands take once or more often.
	const mayRepeat = new Set(['_', '--', 'address', 'gateway', 'route', 'nameserver', ...lists, ...lists.map(name => name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()))]);
	for (const [name, value] of Object.entries(args)) {
		if (Array.isArray(value) && !mayRepeat.has(name)) {
			throw new AppError('USAGE', `--${name} was given ${value.length} times`, {why: `it has one value, and these are: ${value.join(', ')}`, fix: `give --${name} once`});
		}
	}

	for (const word of argv.slice(0, argv.indexOf('--') === -1 ? undefined : argv.indexOf('--'))) {
		const [, name, value] = /^--?([\w-]+)=(.*)$/s.exec(word) ?? [];
		if (name !== undefined && typeof args[name] === 'boolean' && value !== 'true' && value !== 'false') {
			throw new AppError('USAGE', `--${name} is a switch and has no value '${value}'`, {why: 'it is on when it is there, and --no- before its name switches it off', fix: `--${name}`});
		}
	}
}
