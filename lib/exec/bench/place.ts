// Where a program of a measurement runs: a guest, or a network namespace of this host.
import type {CommandResult} from '../../host/host.ts';

/** An end of the path that is measured. */
export interface BenchPlace {
	readonly kind: 'guest' | 'netns';
	readonly name: string;
	/** Runs a program to its end. Rejects with TOOL_MISSING when there is none of that name, with
	 * INTERRUPTED when the run is stopped. */
	run(argv: Argv, options?: PlaceRunOptions): Promise<CommandResult>;
	/** Starts a server. */
	start(argv: Argv, options?: {input?: string}): Promise<RunningServer>;
}

export type Argv = readonly [string, ...string[]];

export interface PlaceRunOptions {
	timeoutMs?: number;
	/** The program takes so long: it is not asked after before, which would take processor time from
	 * what is measured. */
	quietMs?: number;
	/** Stops the program. */
	signal?: AbortSignal | undefined;
}

export interface RunningServer {
	/** What it said when it has ended by itself; undefined while it runs. */
	ended(): Promise<CommandResult | undefined>;
	stop(): Promise<void>;
}
