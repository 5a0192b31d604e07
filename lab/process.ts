import {readFileSync} from 'node:fs';
import path from 'node:path';
import {LabError} from './errors.ts';
import {poll} from './poll.ts';
import {killQuietly} from './run.ts';

// The process ids of a lab that runs: its guard, which leads their process group, and its QEMU.
export type LabProcesses = {guard: number; qemu: number};

// The processes of the lab in a state directory, or undefined when it does not run.
// Numbers in files outlive processes, so a number counts only while its process still looks like ours.
export function labProcesses(directory: string): LabProcesses | undefined {
	const guard = readPid(path.join(directory, 'guard.pid'));
	const qemu = readPid(path.join(directory, 'qemu.pid'));
	if (guard === undefined || qemu === undefined || !isGuardOf(guard, directory) || !isAlive(qemu)) {
		return undefined;
	}

	return {guard, qemu};
}

// Kills all processes of the lab in a state directory, without waiting: for the end of this process.
export function killLabNow(directory: string): void {
	const guard = readPid(path.join(directory, 'guard.pid'));
	if (guard !== undefined && isGuardOf(guard, directory)) {
		killQuietly(-guard);
	}
}

// Kills all processes of the lab in a state directory and waits until they are gone.
export async function killLab(directory: string): Promise<void> {
	const pids = ['guard.pid', 'qemu.pid'].map(name => readPid(path.join(directory, name)));
	const guard = pids[0];
	if (guard === undefined || !isGuardOf(guard, directory)) {
		return;
	}

	killQuietly(-guard);
	const gone = await poll(() => (pids.every(pid => pid === undefined || !isAlive(pid)) ? true : undefined), {timeoutMs: 10_000, everyMs: 10});
	if (gone === undefined) {
		throw new LabError(`QEMU of the lab in ${directory} did not end`, {why: `process group ${guard} was killed 10 s ago`});
	}
}

// Whether a process runs; one that ended and waits for its parent does not.
export function isAlive(pid: number): boolean {
	const stat = readOrEmpty(`/proc/${pid}/stat`);
	return stat !== '' && !/\) [ZX] /.test(stat);
}

function isGuardOf(pid: number, directory: string): boolean {
	const words = readOrEmpty(`/proc/${pid}/cmdline`).split('\0');
	return words.some(word => word.endsWith('guard.sh')) && words.includes(directory) && isAlive(pid);
}

function readPid(file: string): number | undefined {
	const pid = Number.parseInt(readOrEmpty(file), 10);
	return Number.isNaN(pid) ? undefined : pid;
}

function readOrEmpty(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return '';
	}
}
