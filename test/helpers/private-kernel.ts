// vfctl as a process of its own that sees other kernels and another state directory than this
// machine: a mount namespace with directories of the test over /var/lib, and if wanted over
// /lib/modules and /usr/src. Everything else, make and spatch too, is real. Needs root.
import {spawn} from 'node:child_process';
import {chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

// The tests run from dist/test/helpers.
const program = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'vfctl.cjs');

export interface RanVfctl {
	status: number | null;
	json: Record<string, unknown>;
	notes: string;
}

export interface PrivateKernel {
	/** Directory of the test; `state/vfctl`, `modules` and `src` are mounted. */
	readonly directory: string;
	/** Writes a file below it; a mode makes it a program. */
	write(path: string, content: string | Uint8Array, mode?: number): void;
	/** Takes a file or directory away. */
	take(path: string): void;
	/** Runs another program where vfctl would run; gives back its output, rejects when it fails. */
	exec(...argv: string[]): Promise<string>;
	/** Runs vfctl --json with these words. */
	run(...words: string[]): Promise<RanVfctl>;
	remove(): void;
}

export interface PrivateKernelOptions {
	/** Other kernels and sources than those of this machine. */
	fake: boolean;
	/** A copy of the program in `own/dist`, so that its kernel sources are those in `own/kernel-module`. */
	own?: boolean;
	/** Programs of this machine that cannot be started. */
	without?: readonly string[];
	/** Programs of this machine, and the file of the directory that stands in for each. */
	instead?: Readonly<Record<string, string>>;
	/** More shell lines for the namespace. */
	setup?: readonly string[];
}

/** Makes one, with nothing in it. */
export function privateKernel({fake, own = false, without = [], instead = {}, setup = []}: PrivateKernelOptions): PrivateKernel {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-kernel-'));
	for (const name of ['state/vfctl', 'modules', 'src', 'boot', 'bin']) {
		mkdirSync(join(directory, name), {recursive: true});
	}

	if (own) {
		mkdirSync(join(directory, 'own/dist'), {recursive: true});
		copyFileSync(program, join(directory, 'own/dist/vfctl.cjs'));
		symlinkSync(join(dirname(program), '../node_modules'), join(directory, 'own/node_modules'));
	}

	const mounts = [
		`mount --bind ${directory}/state /var/lib`,
		...fake ? [`mount --bind ${directory}/modules /lib/modules`, `mount --bind ${directory}/src /usr/src`, `mount --bind ${directory}/boot /boot`] : [],
		...without.map(path => `mount --bind /dev/null ${path}`),
		...Object.entries(instead).map(([path, file]) => `mount --bind ${directory}/${file} ${path}`),
		...setup,
	];
	return {
		directory,
		write(path, content, mode = 0o644) {
			const file = join(directory, path);
			mkdirSync(dirname(file), {recursive: true});
			writeFileSync(file, content);
			chmodSync(file, mode);
		},
		take(path) {
			renameSync(join(directory, path), `${join(directory, path)}.gone`);
		},
		async run(...words) {
			const {status, stdout, stderr} = await inNamespace(mounts, [process.execPath, own ? join(directory, 'own/dist/vfctl.cjs') : program, '--json', ...words]);
			if (stdout === '') {
				throw new Error(`vfctl did not run (the test needs root and mount namespaces), or was killed: ${stderr}`);
			}

			return {status, json: JSON.parse(stdout) as Record<string, unknown>, notes: stderr};
		},
		async exec(...argv) {
			const {status, stdout, stderr} = await inNamespace(mounts, argv);
			if (status !== 0) {
				throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}`);
			}

			return stdout;
		},
		remove() {
			rmSync(directory, {recursive: true});
		},
	};
}

async function inNamespace(setup: readonly string[], argv: readonly string[]): Promise<{status: number | null; stdout: string; stderr: string}> {
	const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', 'sh', '-ec', [...setup, 'exec "$@"'].join('\n'), 'sh', ...argv], {stdio: ['ignore', 'pipe', 'pipe']});
	const output = {stdout: '', stderr: ''};
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].setEncoding('utf8').on('data', (text: string) => {
			output[name] += text;
		});
	}

	const status = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject).once('close', resolve);
	});
	return {status, ...output};
}
