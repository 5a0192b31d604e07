// Debian's ansible-core with the collection of this tree, against hosts that are played.
import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {markDashes} from '../../lib/cli/arguments.ts';
import {errorJson} from '../../lib/render/error-text.ts';
import type {SimHost} from '../../lib/sim/sim-host.ts';
import {vfctl} from './plan-world.ts';

/** What one task did on one host. */
export interface Told {
	host: string;
	task: string;
	outcome: 'ok' | 'failed' | 'skipped' | 'unreachable';
	result: any;
}

export interface Ended {
	code: number;
	stdout: string;
	stderr: string;
}

/** A directory with the collection, and Ansible's programs as they run in it. */
export class Ansible {
	readonly directory = mkdtempSync(join(tmpdir(), 'vfctl-ansible-'));
	readonly collection = join(this.directory, 'ansible_collections', 'vfctl', 'vfctl');
	readonly #root: string;
	readonly #servers: Server[] = [];
	#files = 0;

	/** `root` is that of the tree. */
	constructor(root: string) {
		this.#root = root;
		if (!existsSync('/usr/bin/ansible-playbook')) {
			throw new Error('ansible-playbook is missing: apt install ansible-core');
		}

		cpSync(join(root, 'ansible'), this.collection, {recursive: true});
	}

	/** Runs a program to its end. */
	async run(program: string, args: readonly string[], {cwd = this.directory, env = {}}: {cwd?: string; env?: Record<string, string>} = {}): Promise<Ended> {
		return new Promise((resolve, reject) => {
			execFile(program, args, {cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: {...this.#environment(), ...env}}, (error, stdout, stderr) => {
				if (error && typeof error.code !== 'number') {
					reject(error);
				} else {
					resolve({code: error ? Number(error.code) : 0, stdout, stderr});
				}
			});
		});
	}

	/** Runs a playbook; `hosts` are the variables of each host, in order. */
	async play(playbook: string | readonly object[], {hosts = {localhost: {}}, args = []}: {hosts?: Record<string, object>; args?: readonly string[]} = {}): Promise<Ended & {told: Told[]}> {
		const inventory = this.write('inventory.json', JSON.stringify({hypervisors: {hosts: Object.fromEntries(Object.entries(hosts).map(([name, more]) => [name, {
			ansible_connection: 'local', ansible_python_interpreter: '/usr/bin/python3', ansible_become: false, ...more,
		}]))}}));
		const file = typeof playbook === 'string' ? playbook : this.write('play.json', JSON.stringify(playbook));
		const ended = await this.run('ansible-playbook', ['-i', inventory, ...args, file], {env: {ANSIBLE_STDOUT_CALLBACK: 'told'}});
		return {...ended, told: ended.stdout.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Told)};
	}

	/** Runs tasks one after the other, also after failures; what each of them did. Each is `[name, module, arguments, keywords]`. */
	async tasks(program: string, tasks: ReadonlyArray<readonly [name: string, module: string, args: object, more?: object]>): Promise<Record<string, Told>> {
		const {told, stdout, stderr} = await this.play([{
			hosts: 'all', gather_facts: false,
			tasks: tasks.map(([name, module, args, more]) => ({name, [`vfctl.vfctl.${module}`]: {executable: program, ...args}, ignore_errors: true, ...more})),
		}]);
		if (told.length !== tasks.length) {
			throw new Error(`${told.length} of ${tasks.length} tasks ran:\n${stdout}\n${stderr}`);
		}

		return Object.fromEntries(told.map(one => [one.task, one]));
	}

	/** A program that is vfctl on a simulated host; `calls` gets the command lines. */
	async playedVfctl(host: SimHost, calls: string[] = []): Promise<string> {
		const program = join(this.directory, `vfctl-${this.#files++}`);
		copyFileSync(join(this.#root, 'test', 'fixtures', 'ansible', 'played-vfctl.py'), program);
		chmodSync(program, 0o755);
		const server = createServer({allowHalfOpen: true}, connection => {
			let text = '';
			connection.setEncoding('utf8').on('data', (chunk: string) => {
				text += chunk;
			}).on('end', () => {
				const {argv, stdin} = JSON.parse(text) as {argv: string[]; stdin: string | null};
				calls.push(argv.join(' '));
				void this.#answer(host, argv, stdin).then(answer => connection.end(JSON.stringify(answer)));
			});
		}).listen(`${program}.socket`);
		this.#servers.push(server);
		await once(server, 'listening');
		return program;
	}

	/** Writes a file of its own; its path. */
	write(name: string, text: string, mode = 0o600): string {
		const path = join(this.directory, `${this.#files++}-${name}`);
		writeFileSync(path, text, {mode});
		chmodSync(path, mode);
		return path;
	}

	/** Removes everything. */
	end(): void {
		for (const server of this.#servers) {
			server.close();
		}

		rmSync(this.directory, {recursive: true, force: true});
	}

	async #answer(host: SimHost, argv: readonly string[], stdin: string | null): Promise<{stdout: string; status: number}> {
		const file = stdin === null ? '' : this.write('stdin.yaml', stdin);
		const words = argv.map(word => word === '-' ? file : word === '--host-file=-' ? `--host-file=${file}` : word);
		try {
			const {json, error, status = 0} = await vfctl(host, markDashes(words));
			return error ? {stdout: JSON.stringify(errorJson(error)), status: error.exitStatus} : {stdout: JSON.stringify(json), status};
		} catch (error) {
			return {stdout: String(error), status: 1};
		}
	}

	#environment(): Record<string, string> {
		const home = join(this.directory, 'home');
		mkdirSync(home, {recursive: true});
		return {
			// Another Python before the system's has none of Ansible's libraries.
			PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8',
			ANSIBLE_COLLECTIONS_PATH: this.directory, ANSIBLE_CALLBACK_PLUGINS: join(this.#root, 'test', 'fixtures', 'ansible', 'callback_plugins'),
			// The callback lies in the tree, and nothing is to be written there.
			PYTHONDONTWRITEBYTECODE: '1',
			ANSIBLE_LOCALHOST_WARNING: 'False', ANSIBLE_NOCOLOR: '1', ANSIBLE_RETRY_FILES_ENABLED: 'False',
		};
	}
}
