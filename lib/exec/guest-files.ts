// Files inside a guest, through its agent.
import * as v from 'valibot';
import {AppError} from '../errors.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import {askAgent, guestExec, guestName, type GuestAgent} from './guest-agent.ts';

const chunkBytes = 48 * 1024;
const longestFileBytes = 2 ** 20;

const handle = v.pipe(v.number(), v.integer(), v.minValue(0));
const chunk = v.object({count: v.pipe(v.number(), v.integer(), v.minValue(0)), 'buf-b64': v.pipe(v.string(), v.regex(/^[\w+/]*={0,2}$/)), eof: v.boolean()});
const written = v.object({count: v.pipe(v.number(), v.integer(), v.minValue(0))});
const anything = v.unknown();

/** A text file of the guest, or null when there is none. Throws NO_AGENT, UNSUPPORTED, and
 * STEP_FAILED for a file above 1 MiB. */
export async function readGuestFile(libvirt: Libvirt, uuid: string, path: string): Promise<string | null> {
	// Nothing here waits between two questions.
	const agent: GuestAgent = {libvirt, uuid, clock: {now: () => 0, monotonicMs: () => 0, async sleep() {}}};
	let file: number;
	try {
		file = await askAgent(agent, 'guest-file-open', {path, mode: 'r'}, handle);
	} catch (error) {
		if (error instanceof AppError && error.code === 'STEP_FAILED' && /No such file or directory/.test(error.why ?? '')) {
			return null;
		}

		throw error;
	}

	return closing(agent, file, async () => {
		const parts: Buffer[] = [];
		for (let length = 0; ;) {
			const {'buf-b64': data, eof} = await askAgent(agent, 'guest-file-read', {handle: file, count: chunkBytes}, chunk);
			const part = Buffer.from(data, 'base64');
			length += part.length;
			if (length > longestFileBytes || (part.length === 0 && !eof)) {
				throw new AppError('STEP_FAILED', `${path} in ${await guestName(agent)} cannot be read`, {why: length > longestFileBytes ? `it is above ${longestFileBytes} bytes` : 'the agent gives nothing and does not end'});
			}

			parts.push(part);
			if (eof) {
				return Buffer.concat(parts).toString('utf8');
			}
		}
	});
}

/** Writes a file of the guest as a whole: beside it first, with its mode, then in its place.
 * Throws STEP_FAILED with the guest's words. */
export async function writeGuestFile(agent: GuestAgent, path: string, {text, mode}: {text: string; mode: number}): Promise<void> {
	const directory = path.slice(0, path.lastIndexOf('/'));
	// Programs that read whole directories pass over hidden files.
	const beside = `${directory}/.${path.slice(directory.length + 1)}.new`;
	await mustRun(agent, ['mkdir', '-p', directory]);
	const bytes = Buffer.from(text);
	const file = await askAgent(agent, 'guest-file-open', {path: beside, mode: 'w'}, handle);
	await closing(agent, file, async () => {
		await mustRun(agent, ['chmod', mode.toString(8), beside]);
		for (let offset = 0; offset < bytes.length;) {
			const part = bytes.subarray(offset, offset + chunkBytes);
			const {count} = await askAgent(agent, 'guest-file-write', {handle: file, 'buf-b64': part.toString('base64')}, written);
			if (count === 0 || count > part.length) {
				throw new AppError('STEP_FAILED', `${path} cannot be written in ${await guestName(agent)}`, {why: `the agent wrote ${count} of ${part.length} bytes`});
			}

			offset += count;
		}

		await askAgent(agent, 'guest-file-flush', {handle: file}, anything);
	});
	await mustRun(agent, ['mv', '-f', beside, path]);
}

/** Removes a file of the guest; none is what was wanted. */
export async function removeGuestFile(agent: GuestAgent, path: string): Promise<void> {
	await mustRun(agent, ['rm', '-f', path]);
}

async function closing<Result>(agent: GuestAgent, file: number, body: () => Promise<Result>): Promise<Result> {
	try {
		return await body();
	} finally {
		// What counts is told already.
		await askAgent(agent, 'guest-file-close', {handle: file}, anything).catch(() => {});
	}
}

async function mustRun(agent: GuestAgent, argv: readonly [string, ...string[]]): Promise<void> {
	const {code, stderr} = await guestExec(agent, argv);
	if (code !== 0) {
		throw new AppError('STEP_FAILED', `'${argv.join(' ')}' failed in ${await guestName(agent)}`, {why: stderr.trim().slice(0, 300) || `exit status ${code}`});
	}
}
