import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import {LabError} from './errors.ts';
import {poll} from './poll.ts';
import {isAlive} from './process.ts';
import {type Result, type RunOptions, run, runBinary} from './run.ts';
import {SSH_ANSWERS_MS} from './timeouts.ts';

// Runs commands in the emulated host over one standing connection: a handshake takes long under emulation.
export class Ssh {
	readonly #directory: string;
	readonly #options: readonly string[];

	constructor({directory, port, key}: {directory: string; port: number; key: string}) {
		this.#directory = directory;
		this.#options = [
			'-F', 'none', '-i', key, '-p', String(port), '-S', this.#control,
			'-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR',
			'-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'GlobalKnownHostsFile=/dev/null',
		];
	}

	get #control(): string {
		return controlSocket(this.#directory);
	}

	get #log(): string {
		return path.join(this.#directory, 'ssh.log');
	}

	// Opens the standing connection; it ends by itself when the emulated host does.
	async connect(): Promise<void> {
		rmSync(this.#control, {force: true});
		const master = ['ssh', ...this.#options, '-M', '-N', '-f', '-o', 'ConnectTimeout=10', '-E', this.#log, 'root@127.0.0.1'];
		const connected = await poll(async () => {
			// Not run(): the connection goes to the background and would keep our pipes open.
			const child = spawn(master[0] ?? '', master.slice(1), {stdio: 'ignore'});
			const [code] = (await once(child, 'exit')) as [number | null];
			return code === 0 && existsSync(this.#control) ? true : undefined;
		}, {timeoutMs: SSH_ANSWERS_MS});
		if (connected === undefined) {
			throw new LabError(`the emulated host does not answer over ssh within ${SSH_ANSWERS_MS / 1000} s`, {
				why: existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : undefined,
			});
		}
	}

	// Runs a shell command there.
	async exec(command: string, options: RunOptions): Promise<Result> {
		return run(this.argv(command), options);
	}

	// Runs a shell command there; its stdout as bytes.
	async execBinary(command: string, options: RunOptions): Promise<Buffer> {
		return (await runBinary(this.argv(command), options)).stdout;
	}

	// Runs a command with our own stdin, stdout and stderr; without a command, a shell with a terminal.
	async interactive(command?: string): Promise<number> {
		const argv = command === undefined ? this.argv('exec bash --login', ['-t']) : this.argv(command);
		const child = spawn(argv[0] ?? '', argv.slice(1), {stdio: 'inherit'});
		const [code] = (await once(child, 'exit')) as [number | null];
		return code ?? 128;
	}

	// Starts a command there whose stdin, stdout and stderr are ours to use.
	spawn(command: string): ChildProcessWithoutNullStreams {
		const argv = this.argv(command);
		return spawn(argv[0] ?? '', argv.slice(1), {stdio: 'pipe'});
	}

	private argv(command: string, extra: readonly string[] = []): string[] {
		return ['ssh', ...this.#options, '-o', 'ControlMaster=no', ...extra, 'root@127.0.0.1', command];
	}
}

// Ends the standing connection of the lab in a state directory, and waits until its process is gone.
export async function disconnect(directory: string): Promise<void> {
	const control = async (verb: string): Promise<Result> => run(
		['ssh', '-F', 'none', '-S', controlSocket(directory), '-O', verb, 'root@127.0.0.1'],
		{ok: [0, 255], timeoutMs: 10_000},
	);
	const pid = Number(/pid=(\d+)/.exec((await control('check')).stderr)?.[1]);
	if (pid > 0) {
		await control('exit');
		await poll(() => (isAlive(pid) ? undefined : true), {timeoutMs: 10_000, everyMs: 5});
	}
}

function controlSocket(directory: string): string {
	return path.join(directory, 'ssh');
}

// Quotes words so that the shell there reads them as they are.
export function shellWords(words: readonly string[]): string {
	return words.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll(`'`, `'\\''`)}'`)).join(' ');
}
