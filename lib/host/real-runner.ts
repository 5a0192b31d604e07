// Programs of the real machine: no shell, one language, bounded time and output.
import {spawn, type ChildProcess} from 'node:child_process';
import {constants} from 'node:os';
import {AppError} from '../errors.ts';
import {heldLocks} from './flock.ts';
import type {CommandResult, Runner, RunOptions} from './host.ts';

const defaultTimeoutMs = 30_000;
// `ip -j -d link` prints about 400 bytes a VF, dmesg at most the kernel's log buffer.
const defaultMaxOutputBytes = 32 * 1024 * 1024;
// First, so that a directory in the caller's PATH never stands in for a program of the system.
const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The package that has a program: Debian's name, and Fedora's where it differs. */
const packages: Readonly<Record<string, readonly [string, string?]>> = {
	ip: ['iproute2', 'iproute'],
	modprobe: ['kmod'],
	udevadm: ['udev', 'systemd-udev'],
	systemctl: ['systemd'],
	dmesg: ['util-linux'],
	lspci: ['pciutils'],
	virsh: ['libvirt-clients', 'libvirt-client'],
};

/** Runs programs found in `path`. */
export function realRunner(path = `${systemPath}:${process.env['PATH'] ?? ''}`): Runner {
	return {
		run: async (argv, options = {}) => run(argv, options, path),
	};
}

async function run(argv: readonly [string, ...string[]], {input, timeoutMs = defaultTimeoutMs, env, maxOutputBytes = defaultMaxOutputBytes, signal, onOutput}: RunOptions, path: string): Promise<CommandResult> {
	const [program, ...rest] = argv;
	const child = spawn(program, rest, {
		cwd: '/',
		// Nothing else by itself: MODPROBE_OPTIONS and its like would change what programs do.
		env: env ?? {PATH: path, LC_ALL: 'C'},
		// A session of its own: Ctrl-C on the terminal is for vfctl, which finishes or puts back its
		// step; and what the program starts can be stopped with it.
		detached: true,
		stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...heldLocks],
	});
	const line = argv.join(' ');
	return new Promise((resolve, reject) => {
		const give = (why: string) => {
			clearTimeout(timer);
			stop(child);
			reject(new AppError('STEP_FAILED', `'${line}' was stopped`, {why}));
		};

		const timer = timeoutMs === Infinity ? undefined : setTimeout(() => {
			give(`it did not end within ${timeoutMs / 1000} s`);
		}, timeoutMs);
		const end = () => {
			kill(child);
		};

		signal?.addEventListener('abort', end);
		if (signal?.aborted) {
			end();
		}

		const output = collect(child, {maxOutputBytes, onOutput}, () => {
			give(`it printed more than ${maxOutputBytes / 1024} KiB`);
		});
		child.on('error', (error: NodeJS.ErrnoException) => {
			clearTimeout(timer);
			reject(startError(program, line, error));
		});
		child.on('close', (code, killedBy) => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', end);
			// As a shell tells a program that was killed.
			resolve({code: code ?? 128 + (killedBy === null ? 0 : constants.signals[killedBy]), ...output()});
		});
		// A program that ends without reading its input is judged by its exit status.
		child.stdin?.on('error', () => {});
		child.stdin?.end(input);
	});
}

/** Ends a program with everything it started, and listens to it no more: one that hangs in the
 * kernel must not keep vfctl from ending. */
function stop(child: ChildProcess): void {
	kill(child);
	child.stdout?.destroy();
	child.stderr?.destroy();
	child.unref();
}

/** Ends a program with everything it started. One that could not be started has no number. */
function kill({pid}: ChildProcess): void {
	try {
		if (pid !== undefined) {
			process.kill(-pid, 'SIGKILL');
		}
	} catch {
		// It is gone already.
	}
}

function collect({stdout, stderr}: ChildProcess, {maxOutputBytes, onOutput}: {maxOutputBytes: number; onOutput: RunOptions['onOutput']}, tooMuch: () => void): () => {stdout: string; stderr: string} {
	const chunks = {stdout: [] as Buffer[], stderr: [] as Buffer[]};
	let bytes = 0;
	const gather = (into: Buffer[]) => (chunk: Buffer) => {
		bytes += chunk.length;
		if (bytes > maxOutputBytes) {
			tooMuch();
		} else {
			into.push(chunk);
		}
	};

	stdout?.on('data', onOutput ?? gather(chunks.stdout));
	stderr?.on('data', gather(chunks.stderr));
	return () => ({stdout: Buffer.concat(chunks.stdout).toString('utf8'), stderr: Buffer.concat(chunks.stderr).toString('utf8')});
}

function startError(program: string, line: string, error: NodeJS.ErrnoException): AppError {
	if (error.code !== 'ENOENT' && error.code !== 'EACCES') {
		return new AppError('STEP_FAILED', `'${line}' cannot be started`, {why: error.message, cause: error});
	}

	const [debian, fedora = debian] = packages[program] ?? [];
	return new AppError('TOOL_MISSING', `the program '${program}' is not installed`, {
		why: `'${line}' needs it`,
		...(debian === undefined ? {} : {fix: `apt install ${debian} (Fedora, RHEL: dnf install ${fedora})`}),
		details: {program, package: debian},
		cause: error,
	});
}
