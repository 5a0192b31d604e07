// What attach methods without a VF depend on: Open vSwitch, sockets, the version of libvirt.
import {AppError} from '../errors.ts';
import type {Runner} from '../host/host.ts';
import type {AttachMethod, SocketFacts, WireFacts} from '../plan/attach-request.ts';
import type {RunContext} from './run-context.ts';

/** The facts for one attach; undefined for a method that needs none. */
export async function readWireFacts(run: RunContext, {method, device}: {method?: AttachMethod | undefined; device: string}): Promise<WireFacts | undefined> {
	if (method !== 'bridge' && method !== 'vhost-user' && method !== 'ivshmem') {
		return undefined;
	}

	const {runner, files} = run.host;
	return {
		libvirtVersion: await (await run.libvirt()).version(),
		openvswitchBridges: method === 'bridge' ? await readOpenvswitchBridges(runner) : null,
		socket: method === 'vhost-user' ? await readSocket(runner, device) : null,
		sharedMemoryFile: method === 'ivshmem' && !device.includes('/') && files.exists(`/dev/shm/${device}`),
	};
}

/** ovs-vsctl(8); null when it is not installed or its database does not answer. */
export async function readOpenvswitchBridges(runner: Runner): Promise<string[] | null> {
	const {code, stdout} = await runner.run(['ovs-vsctl', '--timeout=5', 'list-br']).catch(absentTool);
	return code === 0 ? stdout.split('\n').filter(name => name !== '') : null;
}

/** stat(1); null when nothing is there. */
async function readSocket(runner: Runner, path: string): Promise<SocketFacts | null> {
	if (!path.startsWith('/')) {
		return null;
	}

	const {code, stdout} = await runner.run(['stat', '-L', '-c', '%F|%U:%G|%a', path]);
	const [kind, owner, mode] = stdout.trim().split('|');
	return code === 0 && kind !== undefined && owner !== undefined && mode !== undefined ? {kind, owner, mode} : null;
}

function absentTool(error: unknown): {code: number; stdout: string} {
	if (error instanceof AppError && error.code === 'TOOL_MISSING') {
		return {code: 127, stdout: ''};
	}

	throw error;
}
