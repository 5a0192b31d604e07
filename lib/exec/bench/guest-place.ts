// Programs of a measurement in a running guest, through its agent.
import {AppError} from '../../errors.ts';
import type {CommandResult} from '../../host/host.ts';
import {guestEnded, guestExec, guestStart, type GuestAgent} from '../guest-agent.ts';
import {throwIfAborted, waitUntil} from '../wait.ts';
import type {Argv, BenchPlace, PlaceRunOptions, RunningServer} from './place.ts';
import {toolMissing} from './tool-missing.ts';

const programTimeoutMs = 30_000;
const stopMs = 10_000;
const sliceMs = 250;

/** The guest of that name as an end. */
export function guestPlace(name: string, agent: GuestAgent): BenchPlace {
	return {
		kind: 'guest', name,
		run: async (argv, options) => runInGuest(name, agent, argv, options),
		start: async (argv, options) => startInGuest(name, agent, argv, options),
	};
}

async function runInGuest(name: string, agent: GuestAgent, argv: Argv, {timeoutMs = programTimeoutMs, quietMs = 0, signal}: PlaceRunOptions = {}): Promise<CommandResult> {
	const pid = await start(name, agent, argv);
	let result: CommandResult | undefined;
	try {
		const {clock} = agent;
		for (const until = clock.monotonicMs() + quietMs; clock.monotonicMs() < until;) {
			throwIfAborted(signal);
			await clock.sleep(Math.min(sliceMs, until - clock.monotonicMs()));
		}

		await waitUntil(clock, {budgetMs: timeoutMs - quietMs, signal}, async () => {
			result = await guestEnded(agent, pid);
			return result !== undefined;
		});
		if (result === undefined) {
			throw new AppError('BENCH_FAILED', `'${argv[0]}' does not end in ${name}`, {why: `it still runs after ${timeoutMs / 1000} s`});
		}

		return result;
	} finally {
		if (result === undefined) {
			await kill(agent, pid);
		}
	}
}

async function startInGuest(name: string, agent: GuestAgent, argv: Argv, options: {input?: string} = {}): Promise<RunningServer> {
	const pid = await start(name, agent, argv, options);
	let result: CommandResult | undefined;
	const ended = async () => {
		result ??= await guestEnded(agent, pid);
		return result;
	};

	return {
		ended,
		async stop() {
			if (await ended() === undefined) {
				await kill(agent, pid);
				await waitUntil(agent.clock, {budgetMs: stopMs}, async () => await ended() !== undefined);
			}
		},
	};
}

async function start(name: string, agent: GuestAgent, argv: Argv, options: {input?: string} = {}): Promise<number> {
	try {
		return await guestStart(agent, argv, options);
	} catch (error) {
		throw error instanceof AppError && error.code === 'UNSUPPORTED' && /child process/.test(error.why ?? '') ? toolMissing(argv[0], name) : error;
	}
}

/** A guest that does not let it be killed gets rid of it when its own time limit ends. */
async function kill(agent: GuestAgent, pid: number): Promise<void> {
	await guestExec(agent, ['kill', String(pid)]).catch(() => {});
}
