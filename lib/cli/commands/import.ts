// vfctl import FILE: a host file from the file of another program.
import {AppError} from '../../errors.ts';
import {importFile, type ImportFormat} from '../../formats/convert.ts';
import {formatHostFile} from '../../formats/host-file.ts';
import type {CommandContext} from '../context.ts';
import {readTextFile} from '../read-text-file.ts';

export interface ImportOptions {
	file: string;
	/** Found by the keys of the file when it is not given. */
	from: ImportFormat | undefined;
	/** What a host file cannot say is an error. */
	strict: boolean;
}

/** Prints the host file; looks at no host and changes nothing. */
export async function run({out}: CommandContext, {file, from, strict}: ImportOptions): Promise<void> {
	const {format, file: hostFile, notes, comments} = importFile(readTextFile(file), from);
	if (strict && notes.length > 0) {
		throw leftOut(`${file} says what a host file cannot say`, notes);
	}

	const text = formatHostFile(hostFile, [`Made by vfctl import from ${file} (${format}).`, ...comments, ...notes]);
	for (const note of notes) {
		out.note(note);
	}

	out.result(text, {version: 1, from: format, hostFile, notes, text});
}

/** BAD_HOST_FILE of --strict, with everything that would be left out. */
export function leftOut(what: string, notes: readonly string[]): AppError {
	return new AppError('BAD_HOST_FILE', what, {why: notes.slice(0, 20).join('\n       '), fix: 'leave --strict out to go on without it', details: {notes}});
}
