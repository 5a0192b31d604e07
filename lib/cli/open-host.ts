// The host that a command works on: this machine, or a record played by the simulated kernel.
import {readFileSync} from 'node:fs';
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import type {HostRecord} from '../record/record.ts';

/** The live host, or the recorded one of --host. */
export async function openHost(file: string | undefined): Promise<Host> {
	if (file === undefined) {
		const {realHost} = await import('../host/real-host.ts');
		return realHost();
	}

	const {simHost} = await import('../sim/sim-host.ts');
	return simHost(await readRecord(file));
}

/** A record from a file; throws BAD_RECORD. */
export async function readRecord(file: string): Promise<HostRecord> {
	let text: string;
	try {
		text = readFileSync(file, 'utf8');
	} catch (error) {
		throw new AppError('BAD_RECORD', `the record ${file} cannot be read`, {why: (error as Error).message, fix: 'vfctl capture FILE writes one', cause: error});
	}

	const {parseRecord} = await import('../record/parse.ts');
	return parseRecord(text, file);
}
