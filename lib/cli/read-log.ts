// Logs that an admin names on the command line.
import {createReadStream, statSync, type Stats} from 'node:fs';
import type {Readable} from 'node:stream';
import {createGunzip} from 'node:zlib';
import {AppError} from '../errors.ts';
import {quote} from '../model/shell-word.ts';
import {firstBytes} from './first-bytes.ts';

/** What the argument means: standard input, a file, or the line itself. A word without a blank that
 * is no file is a file that is missing. Throws USAGE. */
export function logArgument(argument: string): {kind: 'stdin' | 'file' | 'line'} {
	if (argument === '-') {
		return {kind: 'stdin'};
	}

	const stats = statsOf(argument);
	if (stats === undefined && /\s/.test(argument.trim())) {
		return {kind: 'line'};
	}

	if (stats === undefined || stats.isDirectory()) {
		throw new AppError('USAGE', `${argument} is ${stats === undefined ? 'no file' : 'a directory'}`, {why: 'explain takes a file, - or a whole line', fix: 'vfctl explain FILE, or vfctl explain \'the line\''});
	}

	return {kind: 'file'};
}

/** A whole line is often longer than a name of a file can be (NAME_MAX, 255 bytes). */
function statsOf(argument: string): Stats | undefined {
	try {
		return statSync(argument, {throwIfNoEntry: false});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') {
			return undefined;
		}

		throw unreadable(argument, error);
	}
}

/** The bytes of a log, unpacked if need be. Throws USAGE for what is no text log. */
export function openLogStream(argument: string): Readable {
	if (argument === '-') {
		return process.stdin;
	}

	const magic = magicOf(argument);
	if (magic.toString('latin1') === 'LPKSHHRH') {
		throw new AppError('USAGE', `${argument} is a journal of systemd, not a text`, {fix: `journalctl --file ${quote(argument)} -o json | vfctl explain -`});
	}

	const file = createReadStream(argument, {highWaterMark: 1 << 20});
	if (magic[0] !== 0x1f || magic[1] !== 0x8b) {
		return file;
	}

	const unpacked = createGunzip();
	file.on('error', error => unpacked.destroy(error));
	return file.pipe(unpacked);
}

/** Hands over the bytes until the stream ends or the signal comes; throws USAGE when it cannot be read. */
export async function readLogStream(stream: Readable, name: string, signal: AbortSignal, take: (chunk: Uint8Array) => void): Promise<void> {
	const stop = () => {
		stream.destroy();
	};

	signal.addEventListener('abort', stop);
	try {
		for await (const chunk of stream) {
			take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk as Buffer);
		}
	} catch (error) {
		if (!signal.aborted) {
			throw unreadable(name, error);
		}
	} finally {
		signal.removeEventListener('abort', stop);
	}
}

/** The error for a log that cannot be read. */
export function unreadable(name: string, error: unknown): AppError {
	return new AppError('USAGE', `${name === '-' ? 'standard input' : name} cannot be read`, {why: (error as Error).message, cause: error});
}

function magicOf(path: string): Buffer {
	try {
		return firstBytes(path, 8);
	} catch (error) {
		throw unreadable(path, error);
	}
}
