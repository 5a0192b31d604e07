import {spawn} from 'node:child_process';
import {onProcessEnd} from './cleanup.ts';
import {LabError} from './errors.ts';
import {patience} from './timeouts.ts';

// Exit codes for who looks at them itself.
export const ANY_CODE: readonly number[] = Array.from({length: 256}, (_, code) => code);

// What a finished command said.
export type Result = {code: number; stdout: string; stderr: string};

export type RunOptions = {
	// Exit codes that are no error.
	ok?: readonly number[] | undefined;
	timeoutMs: number;
	input?: string | Uint8Array | undefined;
	environment?: Record<string, string>;
	// What to say to the user when it fails.
	what?: string;
};

// Runs a command, collects its output, and kills its whole process group when the time is over or this process ends.
export async function run(argv: readonly string[], options: RunOptions): Promise<Result> {
	const {stdout, stderr, code} = await runBinary(argv, options);
	return {code, stdout: stdout.toString(), stderr};
}

// Like run(), with stdout as bytes.
export async function runBinary(
	argv: readonly string[],
	{ok = [0], timeoutMs, input, environment, what}: RunOptions,
): Promise<{code: number; stdout: Buffer; stderr: string}> {
	const [command = '', ...rest] = argv;
	const child = spawn(command, rest, {
		detached: true, // Its own process group, so that a kill reaches what it started.
		env: {...process.env, LC_ALL: 'C', ...environment},
		stdio: ['pipe', 'pipe', 'pipe'],
	});
	const killGroup = (): void => {
		if (child.pid !== undefined) {
			killQuietly(-child.pid);
		}
	};

	const forget = onProcessEnd(killGroup);
	let timedOut = false;
	const timer = setTimeout(() => {
		timedOut = true;
		killGroup();
	}, timeoutMs * patience);

	const out: Buffer[] = [];
	const error: Buffer[] = [];
	child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
	child.stderr.on('data', (chunk: Buffer) => error.push(chunk));
	child.stdin.on('error', () => {}); // The command may end without reading its input.
	child.stdin.end(input);

	try {
		const code = await new Promise<number>((resolve, reject) => {
			child.on('error', reject);
			child.on('close', (exitCode, signal) => {
				resolve(exitCode ?? (signal === 'SIGKILL' ? 137 : 128));
			});
		});
		const stderr = Buffer.concat(error).toString();
		const stdout = Buffer.concat(out);
		if (timedOut) {
			throw new LabError(what ?? `${shorten(argv)} did not end within ${timeoutMs / 1000} s`, {
				why: lastLines(stderr + stdout.toString()) || 'it printed nothing',
			});
		}

		if (!ok.includes(code)) {
			throw new LabError(what ?? `${shorten(argv)} ended with code ${code}`, {why: lastLines(stderr) || lastLines(stdout.toString())});
		}

		return {code, stdout, stderr};
	} finally {
		clearTimeout(timer);
		forget();
	}
}

// Kills a process (or, negative, a group) that may be gone already.
export function killQuietly(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
	try {
		process.kill(pid, signal);
	} catch {}
}

// The end of a long output, where the reason usually is.
export function lastLines(text: string, count = 12): string {
	return text.trimEnd().split('\n').slice(-count).join('\n');
}

function shorten(argv: readonly string[]): string {
	const line = argv.join(' ');
	return `'${line.length > 120 ? `${line.slice(0, 117)}...` : line}'`;
}
