// What is wrong with a file, told with the place: path, line and column.
import {AppError} from '../errors.ts';

/** Keys and list positions from the top of the file. */
export type Path = ReadonlyArray<string | number>;

export interface Problem {
	path: Path;
	/** Offset in the text; undefined when only the path tells where. */
	at: number | undefined;
	/** What is there. */
	what: string;
	/** What it must be, or why not. */
	why: string;
	fix: string | undefined;
}

// A file of nonsense has thousands; an admin mends a few at a time.
const maximumTold = 20;

/** `pfs.ens1f0.numVfs`, `guests.vm0.vfs[1].mac`; names with other characters in quotes. */
export function pathText(path: Path): string {
	return path.map((part, index) => typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${/^[\w-]+$/.test(part) ? part : JSON.stringify(shortened(part))}`).join('');
}

/** The text as it may stand in a message: one line, not longer than a line. */
export function shortened(text: string): string {
	return printable(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** The text without characters that move a cursor or end a line. */
export function printable(text: string): string {
	return text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g, '\uFFFD');
}

/** Line and column of an offset, from 1. */
export function lineColumn(text: string, at: number): {line: number; column: number} {
	const before = text.slice(0, at);
	return {line: before.split('\n').length, column: at - before.lastIndexOf('\n')};
}

/** BAD_HOST_FILE that tells the first problem, with the others as reasons. `what` is the kind of
 * file: 'host file'. */
export function problemsError(what: string, text: string, problems: readonly Problem[]): AppError {
	const told = problems.slice(0, maximumTold).map(problem => {
		const place = problem.at === undefined ? {line: null, column: null} : lineColumn(text, problem.at);
		const where = place.line === null ? '' : `line ${place.line}:${place.column}`;
		const path = pathText(problem.path);
		return {path, ...place, what: problem.what, why: problem.why, fix: problem.fix ?? null, where: path === '' ? where : where === '' ? path : `${path} (${where})`};
	});
	const [first, ...others] = told;
	if (first === undefined) {
		throw new AppError('BUG', `no problem of the ${what} to tell`);
	}

	return new AppError('BAD_HOST_FILE', `${what}: ${first.where === '' ? '' : `${first.where}: `}${first.what}`, {
		why: [first.why, ...others.map(({where, what: also, why}) => `also ${where}: ${also}: ${why}`), ...(problems.length > told.length ? [`and ${problems.length - told.length} more`] : [])].join('\n       '),
		fix: first.fix ?? 'docs/host-file.md tells every key',
		details: {problems: told.map(({path, line, column, what: is, why}) => ({path, line, column, what: is, why})), total: problems.length},
	});
}
