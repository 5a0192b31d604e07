import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs/promises';
import {LabError} from './errors.ts';

// Runs work while holding an exclusive lock on a file. flock(1) locks our own open file, so the kernel
// drops the lock when this process ends, in whatever way; there is no stale lock to guess about.
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
	const handle = await fs.open(file, 'a');
	try {
		if ((await flock(handle.fd, ['--exclusive', '--nonblock'])) !== 0) {
			onWait();
			const code = await flock(handle.fd, ['--exclusive']);
			if (code !== 0) {
				throw new LabError(`could not lock ${file}`, {why: `flock ended with code ${code}`});
			}
		}

		return await work();
	} finally {
		await handle.close();
	}
}

async function flock(descriptor: number, options: readonly string[]): Promise<number> {
	const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'flock', ...options, '3'], {stdio: ['ignore', 'ignore', 'ignore', descriptor]});
	const [code] = (await once(child, 'exit')) as [number | null];
	return code ?? 128;
}
