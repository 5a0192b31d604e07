// Two network namespaces `a` and `b`, joined by a cable, in a mount namespace of their own: nothing
// of them is seen outside, and they go away with their process. Needs root and iproute2.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {Libvirt} from '../../lib/libvirt/libvirt.ts';
import type {Runner} from '../../lib/host/host.ts';
import {realRunner} from '../../lib/host/real-runner.ts';

export interface NetnsPair {
	/** Runs programs where `ip netns exec a` and `b` work. */
	readonly runner: Runner;
	/** A guest agent that runs what it is told in one of them: findDomain and agentCommand alone. */
	agentIn(name: 'a' | 'b'): Libvirt;
	stop(): void;
}

const script = [
	'mkdir -p /run/netns', 'mount -t tmpfs netns /run/netns', 'ip netns add a', 'ip netns add b',
	'ip link add va netns a type veth peer name vb netns b',
	...['a', 'b'].flatMap((name, index) => [
		`ip -n ${name} link set lo up`, `ip -n ${name} addr add 198.18.0.${index + 1}/24 dev v${name}`,
		`ip -n ${name} -6 addr add fd00:9::${index + 1}/64 dev v${name} nodad`, `ip -n ${name} link set v${name} up`,
	]),
	'echo ready', 'exec sleep 600',
];

/** Makes them: 198.18.0.1 and fd00:9::1 in `a` on `va`, .2 and ::2 in `b` on `vb`. */
export async function startNetnsPair(): Promise<NetnsPair> {
	const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-ec', script.join('\n')], {stdio: ['ignore', 'pipe', 'pipe']});
	let said = '';
	child.stderr.on('data', data => {
		said += String(data);
	});
	await Promise.race([
		once(child.stdout, 'data'),
		once(child, 'exit').then(([code]) => {
			throw new Error(`no namespaces (it needs root and iproute2): ${said.trim() || `exit status ${String(code)}`}`);
		}),
	]);
	const real = realRunner();
	const inside = ['nsenter', '--target', String(child.pid), '--net', '--mount'] as const;
	return {
		runner: {run: async (argv, options) => real.run([...inside, ...argv], options)},
		agentIn: name => processAgent([...inside, 'ip', 'netns', 'exec', name]),
		stop() {
			child.kill('SIGKILL');
		},
	};
}

/** As qemu-ga runs programs (qga/commands.c): side by side, and each end is told once. */
function processAgent(inside: readonly string[]): Libvirt {
	interface Ended {
		code: number | null;
		stdout: string;
		stderr: string;
	}

	const programs = new Map<number, {ended: Ended | undefined}>();
	const start = ({path, arg, 'input-data': input}: {path: string; arg: string[]; 'input-data'?: string}): number => {
		const [program, ...words] = [...inside, path, ...arg] as [string, ...string[]];
		const child = spawn(program, words, {stdio: 'pipe'});
		const entry: {ended: Ended | undefined} = {ended: undefined};
		const output = {stdout: '', stderr: ''};
		for (const name of ['stdout', 'stderr'] as const) {
			child[name].on('data', data => {
				output[name] += String(data);
			});
		}

		// A program that is not there, or has ended, reads nothing.
		child.stdin.on('error', () => undefined);
		child.stdin.end(Buffer.from(input ?? '', 'base64'));
		child.on('close', code => {
			entry.ended = {code, ...output};
		});
		programs.set(child.pid!, entry);
		return child.pid!;
	};

	return {
		findDomain: async () => ({name: 'vm0', active: true}),
		async agentCommand(_uuid: string, command: string) {
			const {execute, arguments: words} = JSON.parse(command) as {execute: string; arguments: {path: string; arg: string[]; pid: number}};
			if (execute === 'guest-exec') {
				return JSON.stringify({return: {pid: start(words)}});
			}

			const ended = programs.get(words.pid)?.ended;
			if (ended) {
				programs.delete(words.pid);
			}

			const data = (text: string) => Buffer.from(text).toString('base64');
			return JSON.stringify({return: ended ? {exited: true, exitcode: ended.code ?? 137, 'out-data': data(ended.stdout), 'err-data': data(ended.stderr)} : {exited: false}});
		},
	} as unknown as Libvirt;
}
