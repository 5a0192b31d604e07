// A server for one test: started on a free port, waited for until it listens, stopped after it.
import {AppError} from '../../errors.ts';
import type {Clock} from '../../host/host.ts';
import {waitUntil} from '../wait.ts';
import {listeningPorts} from './listening.ts';
import type {Argv, BenchPlace} from './place.ts';
import {toolMissing} from './tool-missing.ts';

// Below the ephemeral ports (net.ipv4.ip_local_port_range begins at 32768), and assigned to nobody.
const firstPort = 29_901;
const ports = 50;
const startMs = 20_000;

export interface ServerSpec {
	readonly place: BenchPlace;
	readonly argv: (port: number) => Argv;
	readonly input?: (port: number) => string;
	/** It ends by itself after so long, even if vfctl was killed. */
	readonly lifeSeconds: number;
	readonly clock: Clock;
	readonly signal?: AbortSignal | undefined;
}

/** Calls `use` while the server listens on the port. */
export async function withServer<T>({place, argv, input, lifeSeconds, clock, signal}: ServerSpec, use: (port: number) => Promise<T>): Promise<T> {
	const taken = await listening(place);
	const port = Array.from({length: ports}, (_, index) => firstPort + index).find(candidate => !taken.has(candidate));
	if (port === undefined) {
		throw new AppError('BENCH_FAILED', `${place.name} has no free port for a server`, {why: `the TCP ports ${firstPort} to ${firstPort + ports - 1} are all taken`});
	}

	const [program, ...words] = argv(port);
	const server = await place.start(['timeout', String(lifeSeconds), program, ...words], input === undefined ? {} : {input: input(port)});
	try {
		const ready = await waitUntil(clock, {budgetMs: startMs, signal}, async () => {
			const ended = await server.ended();
			// timeout(1): 127 when there is no such program; BusyBox's becomes a shell's word for it.
			if (ended?.code === 127 || /(?:can't execute|failed to run command)[^\n]*(?:No such file|not found)/.test(ended?.stderr ?? '')) {
				throw toolMissing(program, place.kind === 'netns' ? 'this host' : place.name);
			}

			if (ended) {
				throw new AppError('BENCH_FAILED', `'${program}' does not run in ${place.name}`, {why: (ended.stderr || ended.stdout).trim().slice(0, 300) || `exit status ${ended.code}`});
			}

			return (await listening(place)).has(port);
		});
		if (!ready) {
			throw new AppError('BENCH_FAILED', `'${program}' does not listen in ${place.name}`, {why: `nothing listens on port ${port} after ${startMs / 1000} s`});
		}

		return await use(port);
	} finally {
		await server.stop();
	}
}

async function listening(place: BenchPlace): Promise<ReadonlySet<number>> {
	// Only those in the state TCP_LISTEN: crr leaves tens of thousands in TIME_WAIT. tcp6 is not there
	// where IPv6 is switched off; grep tells the other all the same.
	const {stdout} = await place.run(['grep', '-h', ' 0A ', '/proc/net/tcp', '/proc/net/tcp6']);
	return listeningPorts(stdout);
}
