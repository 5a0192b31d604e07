// Runs vfctl inside the lab, in a process that stays between commands (agent-inside.ts).
import {once} from 'node:events';
import {createInterface, type Interface} from 'node:readline';
import type {ChildProcessWithoutNullStreams} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {build} from 'esbuild';
import type {Lab} from '../../../lab/lab.ts';
import {NODE_FLAGS} from '../../../lab/transfer.ts';
import {templatesInside} from '../../../scripts/templates-inside.ts';

export interface VfctlResult {
	code: number;
	/** Standard output, parsed: vfctl runs with --json. Undefined when it died. */
	json: any;
	stderr: string;
	/** Milliseconds inside the process, without Node's start. */
	ms: number;
}

export interface VfctlOptions {
	/** Exit status that is expected; any other fails the test with what vfctl said. 137 is kill -9. */
	code?: number | readonly number[];
	env?: Record<string, string>;
	timeoutMs?: number;
}

/** Status of a process that SIGKILL ended, as a shell tells it. */
export const killed = 137;

// A guest may take its time to let a device go, and everything is slow under emulation.
const defaultTimeoutMs = 600_000;

// Longest wait for a link or a service to settle before the state of the host is taken as final.
const settleMs = 30_000;

/** vfctl in the lab. */
export class LabVfctl {
	readonly #lab: Lab;
	readonly #flags: string;
	#process: ChildProcessWithoutNullStreams | undefined;
	#lines: Interface | undefined;
	#stderr = '';

	private constructor(lab: Lab, flags: string) {
		this.#lab = lab;
		this.#flags = flags;
	}

	/** Puts vfctl into the lab; its process starts with the first command. `nodeFlags` are for a
	 * process that lives long enough to gain from compiling. */
	static async install(lab: Lab, {nodeFlags = NODE_FLAGS} = {}): Promise<LabVfctl> {
		await lab.installVfctl();
		const directory = mkdtempSync(path.join(tmpdir(), 'vfctl-agent-'));
		try {
			const outfile = path.join(directory, 'agent.mjs');
			await build({
				entryPoints: ['test/lab/helpers/agent-inside.ts'], outfile, bundle: true, platform: 'node', target: 'node20', format: 'esm',
				external: ['koffi'], plugins: [templatesInside], logLevel: 'warning',
				banner: {js: 'import {createRequire} from "node:module"; const require = createRequire(import.meta.url);'},
			});
			await lab.put(outfile, '/opt/vfctl/agent.mjs');
		} finally {
			rmSync(directory, {recursive: true});
		}

		return new LabVfctl(lab, nodeFlags);
	}

	/** Runs `vfctl ARGS --json`. */
	async run(args: readonly string[], {code = 0, env = {}, timeoutMs = defaultTimeoutMs}: VfctlOptions = {}): Promise<VfctlResult> {
		const answer = await this.#ask({argv: [...args, '--json'], env}, timeoutMs);
		const result = {code: answer.code, json: answer.stdout.trim() === '' ? undefined : JSON.parse(answer.stdout), stderr: answer.stderr, ms: answer.ms};
		if (![code].flat().includes(result.code)) {
			throw new Error(`vfctl ${args.join(' ')} ended with ${result.code}, not ${String(code)}:\n${answer.stdout}\n${answer.stderr}`);
		}

		return result;
	}

	/** Writes the host as a record inside the lab, with every link up that is set up: a card looks
	 * for its link anew after another VF count, MTU or `ip link set up`. */
	async capture(file: string): Promise<void> {
		await this.#lab.waitFor('! ip -o link show up | grep -q "eth.*NO-CARRIER"', {timeoutMs: settleMs}).catch(() => {
			// A cable that a test pulled stays pulled.
		});
		await this.run(['capture', file]);
	}

	/** What differs between the host and a record of it, but for paths below `except`; empty when the
	 * host is as it was. What still settles (a link, an address under detection) is waited for. */
	async changesSince(before: string, {except = []}: {except?: readonly string[]} = {}): Promise<Array<{path: string}>> {
		const deadline = performance.now() + settleMs;
		for (;;) {
			await this.capture('/tmp/after.rec');
			const {json} = await this.run(['compare', before, '/tmp/after.rec'], {code: [0, 10]});
			const differences = (json.differences as Array<{path: string}>).filter(({path: changed}) => !except.some(path => changed.startsWith(path)));
			if (differences.length === 0 || performance.now() > deadline) {
				return differences;
			}

			await delay(1000);
		}
	}

	/** Ends the process; the next command starts another one. */
	async stop(): Promise<void> {
		const child = this.#process;
		this.#process = undefined;
		if (child && child.exitCode === null) {
			child.stdin.end();
			await once(child, 'exit');
		}
	}

	async #ask(request: object, timeoutMs: number): Promise<{code: number; stdout: string; stderr: string; ms: number}> {
		const child = this.#start();
		const lines = this.#lines!;
		child.stdin.write(`${JSON.stringify(request)}\n`);
		const abort = new AbortController();
		const timer = setTimeout(() => {
			abort.abort(new Error(`no answer within ${timeoutMs / 1000} s to ${JSON.stringify(request)}; stderr: ${this.#stderr}`));
		}, timeoutMs);
		try {
			const first = await Promise.race([
				once(lines, 'line', {signal: abort.signal}).then(([line]) => JSON.parse(line as string)),
				once(child, 'close', {signal: abort.signal}).then(([code]) => ({code: code ?? killed, stdout: '', stderr: this.#stderr, ms: 0})),
			]);
			if (child.exitCode !== null) {
				this.#process = undefined;
			}

			return first;
		} catch (error) {
			throw abort.signal.aborted ? abort.signal.reason : error;
		} finally {
			clearTimeout(timer);
			abort.abort();
		}
	}

	#start(): ChildProcessWithoutNullStreams {
		if (this.#process?.exitCode === null) {
			return this.#process;
		}

		this.#stderr = '';
		const child = this.#lab.spawn(`node ${this.#flags} /opt/vfctl/agent.mjs; exit $?`);
		child.stderr.on('data', chunk => {
			this.#stderr += String(chunk);
		});
		this.#lines = createInterface({input: child.stdout});
		this.#process = child;
		return child;
	}
}
