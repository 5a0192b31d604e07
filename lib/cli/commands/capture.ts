// vfctl capture FILE
import {open} from 'node:fs/promises';
import {AppError} from '../../errors.ts';
import {captureHost} from '../../record/capture.ts';
import {formatRecord} from '../../record/format.ts';
import type {CommandContext} from '../context.ts';

/** Writes the host as one text record, with which any command can be played (--host FILE). */
export async function run(context: CommandContext, {file, maskMacs}: {file: string; maskMacs: boolean}): Promise<void> {
	const record = await captureHost(context.host, {maskMacs, connect: context.options.connect});
	const text = formatRecord(record);
	if (file === '-') {
		context.out.result(text, {record: text});
		return;
	}

	try {
		await writePrivately(file, text);
	} catch (error) {
		throw new AppError('USAGE', `the record ${file} cannot be written`, {why: (error as Error).message, fix: 'name a file in a directory that is there and yours; - is standard output', cause: error});
	}

	context.out.result(`wrote ${file}`, {file, bytes: Buffer.byteLength(text)});
}

/** Over a file that is there, too, which then is for its owner alone as well: a record tells what only
 * root may read. */
async function writePrivately(file: string, text: string): Promise<void> {
	const handle = await open(file, 'w', 0o600);
	try {
		if ((await handle.stat()).isFile()) {
			await handle.chmod(0o600);
		}

		await handle.writeFile(text);
	} finally {
		await handle.close();
	}
}
