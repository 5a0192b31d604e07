// Lines in a log file that an admin named.
import type {Host} from '../host/host.ts';

/** Appends one line; the file is made for root alone. Rejects where others could write to its
 * directory, and when it cannot be written. */
export async function appendLogLine({files}: Host, path: string, line: string): Promise<void> {
	await files.appendDurably(path, `${line}\n`);
}
