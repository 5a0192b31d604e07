// Which file it is, by its content.
import {createHash} from 'node:crypto';
import type {FileReader} from '../host/host.ts';

/** SHA-256 of a file, or null when it cannot be read. */
export function fileDigest(files: FileReader, path: string): string | null {
	const bytes = files.readBytes(path);
	return bytes === undefined ? null : createHash('sha256').update(bytes).digest('hex');
}
