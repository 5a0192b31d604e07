// A guest agent before real programs: what it is told to run runs in a network namespace of this
// machine, which has an interface with the MAC. Files are those of a directory.
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import type {Libvirt} from '../../lib/libvirt/libvirt.ts';

export type IpDialect = 'iproute2' | 'busybox';

export interface NetnsGuest {
	/** Only findDomain and agentCommand. */
	readonly libvirt: Libvirt;
	/** Runs a command in the namespace; throws when it fails. */
	run(...argv: string[]): string;
	/** Every program that the agent ran. */
	readonly ran: string[][];
	end(): void;
}

/** A namespace with `vf0`, which has the MAC, joined to `peer` by a cable. */
export async function startNetnsGuest(mac: string, dialect: IpDialect): Promise<NetnsGuest> {
	const child: ChildProcess = spawn('unshare', ['--net', 'sh', '-c', `ip link add name vf0 address ${mac} type veth peer name peer && ip link set peer up && echo ready && exec sleep 600`], {stdio: ['ignore', 'pipe', 'inherit']});
	await once(child.stdout!, 'data');
	const enter = (argv: readonly string[]) => spawnSync('nsenter', ['--target', String(child.pid), '--net', ...argv], {encoding: 'utf8'});
	const ended = new Map<number, object>();
	const ran: string[][] = [];
	let next = 1;
	const libvirt = {
		findDomain: async () => ({name: 'vm0', active: true}),
		async agentCommand(_uuid: string, command: string) {
			const {execute, arguments: words} = JSON.parse(command) as {execute: string; arguments: {path: string; arg: string[]; pid: number}};
			if (execute === 'guest-exec') {
				ran.push([words.path, ...words.arg]);
				const {status, stdout, stderr} = enter([...words.path === 'ip' && dialect === 'busybox' ? ['busybox'] : [], words.path, ...words.arg]);
				const data = (name: string, text: string) => text === '' ? {} : {[name]: Buffer.from(text).toString('base64')};
				ended.set(next, {exited: true, exitcode: status, ...data('out-data', stdout), ...data('err-data', stderr)});
				return JSON.stringify({return: {pid: next++}});
			}

			return JSON.stringify({return: ended.get(words.pid)});
		},
	} as unknown as Libvirt;
	return {
		libvirt, ran,
		run(...argv) {
			const {status, stdout, stderr} = enter(argv);
			if (status !== 0) {
				throw new Error(`${argv.join(' ')}: ${stderr}`);
			}

			return stdout;
		},
		end() {
			child.kill('SIGKILL');
		},
	};
}
