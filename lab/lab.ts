import type {ChildProcessWithoutNullStreams} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, renameSync, rmSync} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import {claim} from './claim.ts';
import {onProcessEnd} from './cleanup.ts';
import {LabError} from './errors.ts';
import type {OtherKernel} from './kernels.ts';
import {Machine, type Parts, saveSnapshot, SNAPSHOT_FILE} from './machine.ts';
import {copyDisk, readMenuArguments} from './own-disk.ts';
import {stateDirectory} from './paths.ts';
import {ensurePoint, type Point} from './points.ts';
import {poll} from './poll.ts';
import {prepare} from './prepare.ts';
import {killLab, labProcesses} from './process.ts';
import {type Report, silent, stage} from './progress.ts';
import type {Accelerator, Platform} from './qemu-command.ts';
import {Qmp} from './qmp.ts';
import {ANY_CODE, lastLines, type Result} from './run.ts';
import {disconnect, shellWords, Ssh} from './ssh.ts';
import {readState, writeState, writeUses} from './state.ts';
import {COMMAND_MS, REBOOT_MS} from './timeouts.ts';
import {installVfctlInto, putInto} from './transfer.ts';
import {treeIn} from './tree.ts';

export type StartOptions = {
	name?: string;
	point?: Point;
	report?: Report;
	// Builds everything anew, with the newest packages.
	fresh?: boolean;
	// Another kernel under the same tree; it has images and snapshots of its own.
	kernel?: OtherKernel | undefined;
	// Boots a board that differs from the usual one, which takes longer than a restore and can't be restored.
	platform?: Platform;
	// For the platform 'grub': arguments of the kernel at the first boot.
	menuArguments?: string;
	// More processors than one, booted in the same way. Guests inside often hang then (docs/lab.md).
	cpus?: number;
	// Lets the lab live on when this process ends; otherwise it dies with it, however it ends.
	detached?: boolean;
};

export type ExecOptions = {
	// Exit codes that are no error; 0 alone when left out.
	ok?: readonly number[] | 'any';
	timeoutMs?: number;
	input?: string | Uint8Array;
};

const SSH_FAILED = 255;
const SAVED = 'saved';

// An emulated hypervisor host with two SR-IOV cards, for tests and for trying things out.
export class Lab {
	readonly name: string;
	readonly directory: string;
	readonly #parts: Parts;
	readonly #detached: boolean;
	readonly #report: Report;
	#machine: Machine | undefined;
	#ssh: Ssh;
	#point: Point;
	// Whoever owns the lab removes its directory, however this process ends; a detached lab keeps it.
	#forget: () => void = () => {};

	private constructor(fields: {
		name: string; directory: string; parts: Parts; detached: boolean; report: Report;
		machine: Machine | undefined; ssh: Ssh; point: Point;
	}) {
		this.name = fields.name;
		this.directory = fields.directory;
		this.#parts = fields.parts;
		this.#detached = fields.detached;
		this.#report = fields.report;
		this.#machine = fields.machine;
		this.#ssh = fields.ssh;
		this.#point = fields.point;
	}

	// Starts a lab at one of the points, building first what the cache lacks.
	static async start({name = 'default', point = 'clean', report = silent, fresh = false, detached = false, kernel, platform, menuArguments = '', cpus}: StartOptions = {}): Promise<Lab> {
		const directory = stateDirectory(name);
		if (labProcesses(directory) !== undefined) {
			claim(name, directory); // Fails, before anything is built.
		}

		const parts = await prepare({kernel, report, fresh});
		const board = platform === undefined && cpus === undefined ? undefined : {...(platform === undefined ? {} : {platform}), ...(cpus === undefined ? {} : {cpus}), menuArguments};
		const snapshot = board === undefined ? await ensurePoint(point, parts, report) : undefined;
		claim(name, directory);
		writeUses(directory, entriesOf(parts, snapshot));
		const forget = onProcessEnd(() => rmSync(directory, {recursive: true, force: true}));
		try {
			if (platform === 'grub') {
				await copyDisk(parts.tree.disk, directory);
			}

			const machine = snapshot === undefined
				? await stage(report, `boot (${platform ?? 'complete'})`, async () => Machine.boot(parts, directory, board))
				: await stage(report, `restore '${point}'`, async () => resume(name, directory, parts, point, snapshot));
			const lab = new Lab({name, directory, parts, detached, report, machine, ssh: machine.ssh, point});
			lab.#forget = forget;
			await lab.#releaseIfDetached();
			return lab;
		} catch (error) {
			rmSync(directory, {recursive: true, force: true});
			forget();
			throw error;
		}
	}

	// A lab that another process started. One that crashed can only be restored.
	static open(name = 'default', {report = silent, crashed = false}: {report?: Report; crashed?: boolean} = {}): Lab {
		const directory = stateDirectory(name);
		const state = readState(directory);
		if (state === undefined) {
			throw new LabError(`there is no lab '${name}'`, {why: 'none of that name was started', fix: `npm run lab -- up --name ${name}`});
		}

		if (!crashed && labProcesses(directory) === undefined) {
			throw crash(name, directory);
		}

		const parts: Parts = {
			tree: treeIn(state.tree, (state.kernel ?? undefined) as OtherKernel | undefined),
			images: {directory: state.images, key: path.join(state.images, 'key')},
			accelerator: state.accelerator as Accelerator,
		};
		const ssh = new Ssh({directory, port: state.sshPort, key: parts.images.key});
		return new Lab({name, directory, parts, detached: true, report, machine: undefined, ssh, point: state.point as Point});
	}

	// Runs a command on the emulated host: a string is for its shell, a list is taken word by word.
	async exec(command: string | readonly string[], {ok = [0], timeoutMs = COMMAND_MS, input}: ExecOptions = {}): Promise<Result> {
		const line = typeof command === 'string' ? command : shellWords(command);
		const codes = ok === 'any' ? ANY_CODE : ok;
		const result = await this.#ssh.exec(line, {ok: ANY_CODE, timeoutMs, input, what: `in the lab, '${line}' did not end within ${timeoutMs / 1000} s`});
		if (result.code === SSH_FAILED && labProcesses(this.directory) === undefined) {
			throw crash(this.name, this.directory);
		}

		if (!codes.includes(result.code)) {
			throw new LabError(`in the lab, '${line}' ended with code ${result.code}`, {why: lastLines(result.stderr || result.stdout)});
		}

		return result;
	}

	// Runs a command with our stdin and stdout, or a shell; gives the exit code.
	async interactive(command?: string): Promise<number> {
		return this.#ssh.interactive(command);
	}

	// Starts a command that goes on beside the test; its streams are the caller's.
	spawn(command: string): ChildProcessWithoutNullStreams {
		return this.#ssh.spawn(command);
	}

	// Polls a command until it succeeds; fails with what it said last.
	async waitFor(command: string, {timeoutMs = COMMAND_MS, everyMs = 100}: {timeoutMs?: number; everyMs?: number} = {}): Promise<Result> {
		let last: Result = {code: -1, stdout: '', stderr: ''};
		const done = await poll(async () => {
			last = await this.exec(command, {ok: 'any', timeoutMs});
			return last.code === 0 ? last : undefined;
		}, {timeoutMs, everyMs});
		if (done === undefined) {
			throw new LabError(`in the lab, '${command}' did not succeed within ${timeoutMs / 1000} s`, {
				why: `the last time it ended with code ${last.code}: ${last.stderr || last.stdout || 'no output'}`,
			});
		}

		return done;
	}

	// Copies a file to a path there, or the content of a directory into a directory there.
	async put(source: string, destination: string): Promise<void> {
		await putInto(this.#ssh, source, destination);
	}

	// Copies one file from there.
	async get(source: string, destination: string): Promise<void> {
		await fs.writeFile(destination, await this.#ssh.execBinary(`cat ${shellWords([source])}`, {timeoutMs: COMMAND_MS}));
	}

	// Puts the built vfctl into the PATH there.
	async installVfctl(): Promise<void> {
		await installVfctlInto(this.#ssh);
	}

	// Runs a command of QEMU's machine protocol.
	async qmp(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
		return this.#withQmp(async qmp => qmp.execute(command, args));
	}

	// Plugs or pulls the cable of a PF (0 or 1).
	async setLink(pf: number, up: boolean): Promise<void> {
		await this.qmp('set_link', {name: `pf${pf}`, up});
	}

	// Restarts the emulated host, and waits until its boot has ended. Only for the platform 'systemd': what others write
	// is gone with their memory.
	async reboot(): Promise<void> {
		const machine = this.#machine;
		if (machine === undefined) {
			throw new LabError('only a lab of this process can be rebooted', {fix: 'start it with Lab.start'});
		}

		const bootId = 'cat /proc/sys/kernel/random/boot_id';
		const before = (await this.exec(bootId)).stdout;
		await stage(this.#report, 'reboot', async () => machine.reboot(async () => this.exec('systemctl --no-block reboot')));
		if ((await this.exec(bootId)).stdout === before) {
			throw new LabError('the emulated host did not reboot', {why: 'its boot id is what it was'});
		}

		await this.#bootEnded();
	}

	// Whatever a boot starts has started or failed; a unit that hangs is named, with what it said.
	async #bootEnded(): Promise<void> {
		try {
			await this.waitFor('case "$(systemctl is-system-running)" in running|degraded) ;; *) false ;; esac', {timeoutMs: REBOOT_MS, everyMs: 1000});
		} catch {
			const {stdout} = await this.exec('systemctl list-jobs --no-pager; journalctl --no-pager --boot --lines 60', {ok: 'any'});
			throw new LabError('the emulated host is up, and its boot does not end', {why: stdout});
		}
	}

	// Goes along with a restart of a lab of the platform 'grub' that somebody inside asks for: boots it with the kernel's
	// arguments that its GRUB has for it now; gives them back.
	async followRestart(): Promise<string> {
		const machine = this.#machine;
		if (machine === undefined) {
			throw new LabError('only a lab of this process can be restarted', {fix: 'start it with Lab.start'});
		}

		await machine.stopped();
		await machine.kill();
		const menuArguments = await readMenuArguments(this.directory);
		this.#machine = await stage(this.#report, 'restart', async () => Machine.boot(this.#parts, this.directory, {platform: 'grub', menuArguments}));
		this.#ssh = this.#machine.ssh;
		return menuArguments;
	}

	// Makes the present state the one that restore() goes back to.
	async snapshot(): Promise<void> {
		await this.#withQmp(async qmp => {
			await saveSnapshot(qmp, 'saving');
			mkdirSync(path.join(this.directory, SAVED), {recursive: true});
			renameSync(path.join(this.directory, 'saving'), path.join(this.directory, SAVED, SNAPSHOT_FILE));
			await qmp.execute('cont');
		});
	}

	// Goes back to a point; without one to the saved state, or else to where this lab started.
	async restore(point?: Point): Promise<void> {
		const saved = path.join(this.directory, SAVED);
		const useSaved = point === undefined && existsSync(saved);
		const next = point ?? this.#point;
		const snapshot = useSaved ? saved : await ensurePoint(next, this.#parts, this.#report);
		await this.#stop();
		this.#machine = await resume(this.name, this.directory, this.#parts, next, snapshot);
		this.#ssh = this.#machine.ssh;
		this.#point = next;
		await this.#releaseIfDetached();
	}

	// Ends the lab and removes everything of it but the cache.
	async down(): Promise<void> {
		await this.#machine?.kill();
		await Lab.remove(this.name);
		this.#forget();
	}

	// Ends the lab of a name, whatever is left of it.
	static async remove(name: string): Promise<void> {
		const directory = stateDirectory(name);
		await disconnect(directory);
		await killLab(directory);
		rmSync(directory, {recursive: true, force: true});
	}

	async #stop(): Promise<void> {
		if (this.#machine === undefined) {
			await disconnect(this.directory);
			await killLab(this.directory);
		} else {
			await this.#machine.kill();
		}
	}

	async #releaseIfDetached(): Promise<void> {
		if (this.#detached) {
			await this.#machine?.release();
			this.#machine = undefined;
			this.#forget();
		}
	}

	async #withQmp<T>(work: (qmp: Qmp) => Promise<T>): Promise<T> {
		if (this.#machine !== undefined) {
			return work(this.#machine.qmp);
		}

		const qmp = await Qmp.connect(path.join(this.directory, 'qmp'), () => labProcesses(this.directory) !== undefined);
		try {
			return await work(qmp);
		} finally {
			qmp.close();
		}
	}
}

function crash(name: string, directory: string): LabError {
	const tails = ['ended', 'console', 'qemu.log'].map(file => path.join(directory, file)).filter(file => existsSync(file));
	return new LabError(`the lab '${name}' is gone`, {
		why: `its QEMU ended${tails.map(file => `; ${path.basename(file)} ends with: ${lastLines(readFileSync(file, 'utf8'), 5)}`).join('')}`,
		fix: `npm run lab -- restore --name ${name}`,
	});
}

// `snapshot`: a directory in the cache, if it starts from one.
function entriesOf({tree, images}: Parts, snapshot?: string): string[] {
	return [tree.directory, images.directory, ...(snapshot === undefined ? [] : [snapshot])];
}

async function resume(name: string, directory: string, parts: Parts, point: Point, snapshot: string): Promise<Machine> {
	writeUses(directory, entriesOf(parts, snapshot));
	const machine = await Machine.resume(parts, directory, snapshot);
	writeState(directory, {
		name, point, sshPort: machine.sshPort, accelerator: parts.accelerator, kernel: parts.tree.kernel ?? null,
		tree: parts.tree.directory, images: parts.images.directory, snapshot: path.join(snapshot, SNAPSHOT_FILE),
	});
	return machine;
}
