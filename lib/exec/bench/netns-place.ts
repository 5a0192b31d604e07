// Programs of a measurement in a network namespace of this host.
import type {CommandResult, Host} from '../../host/host.ts';
import {throwIfAborted} from '../wait.ts';
import type {Argv, BenchPlace, RunningServer} from './place.ts';
import {toolMissing} from './tool-missing.ts';

// Longer than any server is let live; each has a limit of its own.
const serverTimeoutMs = 24 * 3600 * 1000;

/** The namespace of that name as an end. */
export function netnsPlace(name: string, {runner}: Pick<Host, 'runner'>): BenchPlace {
	const inside = (argv: Argv): Argv => ['ip', 'netns', 'exec', name, ...argv];
	return {
		kind: 'netns', name,
		async run(argv, {timeoutMs, signal} = {}) {
			throwIfAborted(signal);
			const result = await runner.run(inside(argv), {...timeoutMs === undefined ? {} : {timeoutMs}, signal});
			throwIfAborted(signal);
			requireStarted(result, argv);
			return result;
		},
		async start(argv, {input} = {}): Promise<RunningServer> {
			const abort = new AbortController();
			let result: CommandResult | undefined;
			let failure: unknown;
			const end = runner.run(inside(argv), {timeoutMs: serverTimeoutMs, signal: abort.signal, ...input === undefined ? {} : {input}}).then(ended => {
				result = ended;
			}, (error: unknown) => {
				failure = error;
			});
			return {
				async ended() {
					if (failure !== undefined) {
						throw failure;
					}

					if (result) {
						requireStarted(result, argv);
					}

					return result;
				},
				async stop() {
					abort.abort();
					await end;
				},
			};
		},
	};
}

/** What `ip netns exec` itself says where a program is not there (cmd_exec in lib/exec.c of iproute2). */
function requireStarted({stderr}: CommandResult, argv: Argv): void {
	if (/^exec of ".*" failed: No such file/m.test(stderr)) {
		throw toolMissing(argv[0], 'this host');
	}
}
