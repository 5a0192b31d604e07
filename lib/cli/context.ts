// What every command gets.
import type {Host} from '../host/host.ts';
import type {RiskName} from '../plan/plan.ts';
import type {Output} from '../render/output.ts';

export interface CommonOptions {
	/** libvirt URI. */
	connect: string;
	dryRun: boolean;
	yes: boolean;
	acceptedRisks: readonly RiskName[];
	lockTimeoutMs: number;
}

export interface CommandContext {
	host: Host;
	out: Output;
	options: CommonOptions;
	/** Aborted by SIGINT and SIGTERM. */
	signal: AbortSignal;
	/** From here on SIGHUP stops nothing: the connection of the admin may break. */
	ignoreHangup?: () => void;
	/** How the command was called, for the journal. */
	commandLine: readonly string[];
}
