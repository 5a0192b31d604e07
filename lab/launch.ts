import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, mkdirSync, openSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import type {Writable} from 'node:stream';
import {onProcessEnd} from './cleanup.ts';
import {LabError} from './errors.ts';
import {guardScript} from './paths.ts';
import {killLab} from './process.ts';
import {Qmp} from './qmp.ts';
import {killQuietly, lastLines} from './run.ts';

// A QEMU that this process started, under its guard.
export type Launched = {
	qmp: Qmp;
	// Kills it and waits until it is gone.
	kill: () => Promise<void>;
	// Lets it live on when this process ends.
	release: () => Promise<void>;
};

export type LaunchOptions = {
	stateDirectory: string;
	treeDirectory: string;
	imagesDirectory: string;
	pointDirectory?: string | undefined;
	command: readonly string[];
};

// Starts QEMU in a mount namespace of its own, and connects to it.
export async function launch({stateDirectory, treeDirectory, imagesDirectory, pointDirectory = '', command}: LaunchOptions): Promise<Launched> {
	mkdirSync(stateDirectory, {recursive: true, mode: 0o700});
	const file = (name: string): string => path.join(stateDirectory, name);
	for (const name of ['console', 'qmp', 'qemu.pid', 'guard.pid']) {
		rmSync(file(name), {force: true});
	}

	const log = openSync(file('qemu.log'), 'w', 0o600);
	const guard = spawn('unshare', [
		'--mount', '--propagation', 'private',
		guardScript, stateDirectory, treeDirectory, imagesDirectory, pointDirectory, ...command,
	], {detached: true, stdio: ['pipe', log, log]});
	closeSync(log);
	const pipe = guard.stdin as Writable;
	pipe.on('error', () => {}); // It may end while we say something.
	const forget = onProcessEnd(() => killGroup(guard));
	const kill = async (): Promise<void> => {
		const ended = hasEnded(guard) ? undefined : once(guard, 'exit');
		killGroup(guard);
		await ended;
		await killLab(stateDirectory);
		forget();
	};

	try {
		const qmp = await Qmp.connect(file('qmp'), () => !hasEnded(guard));
		return {
			qmp,
			async kill() {
				qmp.close();
				await kill();
			},
			async release() {
				await new Promise<void>(resolve => {
					pipe.end('detach\n', resolve);
				});
				guard.unref();
				qmp.close();
				forget();
			},
		};
	} catch (error) {
		await kill();
		throw new LabError('QEMU did not start', {why: lastLines(readFileSync(file('qemu.log'), 'utf8')) || (error as Error).message, cause: error});
	}
}

function hasEnded(child: ChildProcess): boolean {
	return child.exitCode !== null || child.signalCode !== null;
}

function killGroup(child: ChildProcess): void {
	if (child.pid !== undefined && !hasEnded(child)) {
		killQuietly(-child.pid);
	}
}
