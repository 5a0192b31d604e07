// Text files that an admin names on the command line.
import {closeSync, openSync, readSync} from 'node:fs';
import {AppError} from '../errors.ts';
import {parseHostFile} from '../formats/host-file.ts';
import {maximumTextLength} from '../formats/yaml.ts';
import type {HostFile} from '../model/host-file.ts';

/** The text of a file, - for standard input; throws BAD_HOST_FILE when it cannot be read, is not
 * UTF-8, or is longer than a host file may be: no more than that is read. */
export function readTextFile(file: string): string {
	const refuse = (what: string, why: string, cause?: unknown) =>
		new AppError('BAD_HOST_FILE', `${file === '-' ? 'standard input' : file} ${what}`, {why, fix: 'name a text file; docs/host-file.md tells what is in it', cause});
	const bytes = Buffer.alloc(maximumTextLength + 1);
	let length = 0;
	try {
		const descriptor = file === '-' ? 0 : openSync(file, 'r');
		try {
			for (let read = 1; read > 0 && length < bytes.length; length += read) {
				read = readSync(descriptor, bytes, length, bytes.length - length, null);
			}
		} finally {
			if (descriptor !== 0) {
				closeSync(descriptor);
			}
		}
	} catch (error) {
		throw refuse('cannot be read', (error as Error).message, error);
	}

	if (length > maximumTextLength) {
		throw refuse('is too long', `it has more than ${maximumTextLength} bytes, and no host needs that many`);
	}

	try {
		return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes.subarray(0, length));
	} catch (error) {
		throw refuse('is not UTF-8 text', 'it has bytes that are no characters', error);
	}
}

/** A host file from a file; throws BAD_HOST_FILE. */
export function readHostFile(file: string): HostFile {
	return parseHostFile(readTextFile(file));
}
