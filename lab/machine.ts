import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {LabError} from './errors.ts';
import type {Images} from './images.ts';
import {type Launched, launch} from './launch.ts';
import {poll} from './poll.ts';
import {type Accelerator, INSIDE, qemuCommand, type Platform} from './qemu-command.ts';
import type {Qmp} from './qmp.ts';
import {lastLines} from './run.ts';
import {disconnect, Ssh} from './ssh.ts';
import {COLD_BOOT_MS, REBOOT_MS, SNAPSHOT_MS} from './timeouts.ts';
import type {Tree} from './tree.ts';

// What a machine is made of, ready in the cache.
export type Parts = {tree: Tree; images: Images; accelerator: Accelerator};

// What differs from the usual board.
export type Board = {platform?: Platform; cpus?: number; menuArguments?: string};

// The one file of a snapshot.
export const SNAPSHOT_FILE = 'memory';

// mapped-ram: each page has a fixed place in the file, so an empty page takes no space and no time.
const CAPABILITIES = {capabilities: [{capability: 'mapped-ram', state: true}]};

// One emulated host that runs, with its control socket and its ssh connection.
export class Machine {
	readonly ssh: Ssh;
	readonly sshPort: number;
	readonly #launched: Launched;
	readonly #directory: string;

	private constructor(launched: Launched, directory: string, sshPort: number, ssh: Ssh) {
		this.#launched = launched;
		this.#directory = directory;
		this.sshPort = sshPort;
		this.ssh = ssh;
	}

	// Boots from power-on until libvirtd answers.
	static async boot(parts: Parts, directory: string, board: Board = {}): Promise<Machine> {
		// Processors that take turns make each other slow.
		return Machine.#start(parts, {directory, board}, async () => waitForBoot(path.join(directory, 'console'), {timeoutMs: COLD_BOOT_MS * (board.cpus ?? 1)}));
	}

	// Goes on from the snapshot in a directory, with the clock set.
	static async resume(parts: Parts, directory: string, pointDirectory: string): Promise<Machine> {
		const machine = await Machine.#start(parts, {directory, pointDirectory}, async qmp => {
			await qmp.execute('migrate-set-capabilities', CAPABILITIES);
			await qmp.execute('migrate-incoming', {uri: `file:${INSIDE.point}/${SNAPSHOT_FILE}`});
			await migrationEnded(qmp);
			await qmp.execute('cont');
		});
		await machine.ssh.exec(`date --set=@${(Date.now() / 1000).toFixed(3)}`, {timeoutMs: 10_000});
		return machine;
	}

	static async #start(parts: Parts, {directory, pointDirectory, board = {}}: {directory: string; pointDirectory?: string; board?: Board}, bringUp: (qmp: Qmp) => Promise<void>): Promise<Machine> {
		const launched = await launch({
			stateDirectory: directory,
			treeDirectory: parts.tree.directory,
			imagesDirectory: parts.images.directory,
			pointDirectory,
			command: qemuCommand({accelerator: parts.accelerator, incoming: pointDirectory !== undefined, ...board}),
		});
		try {
			await bringUp(launched.qmp);
			const port = await forwardedPort(launched.qmp);
			const ssh = new Ssh({directory, port, key: parts.images.key});
			await ssh.connect();
			return new Machine(launched, directory, port, ssh);
		} catch (error) {
			await launched.kill();
			throw error;
		}
	}

	get qmp(): Qmp {
		return this.#launched.qmp;
	}

	// Lets it live on when this process ends.
	async release(): Promise<void> {
		await this.#launched.release();
	}

	// Waits for the end of a boot that the caller has asked for, and connects anew.
	async reboot(ask: () => Promise<unknown>): Promise<void> {
		const file = path.join(this.#directory, 'console');
		const before = readFileSync(file, 'utf8').length;
		await ask();
		await disconnect(this.#directory);
		await waitForBoot(file, {from: before, timeoutMs: REBOOT_MS});
		await this.ssh.connect();
	}

	// Waits until the firmware of a board of the platform `grub` would take over from a host that restarts.
	async stopped(): Promise<void> {
		const stands = await poll(async () => ((await this.qmp.execute('query-status')) as {status: string}).status === 'shutdown' ? true : undefined, {timeoutMs: REBOOT_MS, everyMs: 200});
		if (stands === undefined) {
			throw new LabError('the emulated host did not restart', {why: lastLines(readFileSync(path.join(this.#directory, 'console'), 'utf8'))});
		}
	}

	// Ends it and waits until it is gone.
	async kill(): Promise<void> {
		await disconnect(this.#directory);
		await this.#launched.kill();
	}
}

// Writes memory and devices to a file in the machine's state directory. The machine is stopped after it.
export async function saveSnapshot(qmp: Qmp, name: string): Promise<void> {
	await qmp.execute('stop');
	await qmp.execute('migrate-set-capabilities', CAPABILITIES);
	await qmp.execute('migrate-set-parameters', {'max-bandwidth': 10 ** 11});
	await qmp.execute('migrate', {uri: `file:${INSIDE.state}/${name}`});
	await migrationEnded(qmp);
}

async function migrationEnded(qmp: Qmp): Promise<void> {
	type Migration = {status?: string; 'error-desc'?: string};
	const end = await poll(async () => {
		const migration = (await qmp.execute('query-migrate')) as Migration;
		return migration.status === 'completed' || migration.status === 'failed' ? migration : undefined;
	}, {timeoutMs: SNAPSHOT_MS, everyMs: 10});
	if (end?.status !== 'completed') {
		throw new LabError('QEMU could not save or load the snapshot', {
			why: end?.['error-desc'] ?? `it did not end within ${SNAPSHOT_MS / 1000} s`,
			fix: 'npm run lab -- up --fresh',
		});
	}
}

// The console from a place on tells how a boot goes; guard.sh leaves `ended` when QEMU is gone.
async function waitForBoot(consoleFile: string, {from = 0, timeoutMs}: {from?: number; timeoutMs: number}): Promise<void> {
	const text = await poll(() => {
		const now = readFileSync(consoleFile, 'utf8').slice(from);
		return /LAB-READY|LAB-FAILED|Kernel panic/.test(now) || existsSync(path.join(path.dirname(consoleFile), 'ended')) ? now : undefined;
	}, {timeoutMs, everyMs: 100});
	if (text === undefined || !text.includes('LAB-READY') || text.includes('LAB-FAILED')) {
		throw new LabError('the emulated host did not boot', {why: lastLines(readFileSync(consoleFile, 'utf8'))});
	}
}

// The port the kernel chose for ssh; QEMU tells it only in this table for people.
async function forwardedPort(qmp: Qmp): Promise<number> {
	const table = (await qmp.execute('human-monitor-command', {'command-line': 'info usernet'})) as string;
	const port = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(table)?.[1];
	if (port === undefined) {
		throw new LabError('QEMU forwards no port for ssh', {why: table});
	}

	return Number(port);
}
