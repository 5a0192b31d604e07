// A result that is a file, wherever the admin wants it.
import {writeFile} from 'node:fs/promises';
import {AppError} from '../errors.ts';

/** Writes a new file, never over one that is there: it may have been tuned by hand for years. */
export async function writeNewFile(file: string, text: string, mode = 0o644): Promise<void> {
	try {
		await writeFile(file, text, {flag: 'wx', mode});
	} catch (error) {
		const there = (error as NodeJS.ErrnoException).code === 'EEXIST';
		throw new AppError('USAGE', `${file} cannot be written`, {
			why: there ? 'it is there already' : (error as Error).message,
			fix: there ? 'name another file and compare the two' : 'name a file in a directory that is there and yours',
			cause: error,
		});
	}
}
