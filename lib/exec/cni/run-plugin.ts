// Runs another CNI plugin on behalf of a runtime: the IPAM delegate.
import {AppError} from '../../errors.ts';
import {cniErrors} from '../../formats/cni-error.ts';
import type {Host} from '../../host/host.ts';
import type {CniCommand} from '../../model/cni.ts';

export interface PluginCall {
	/** Name of the program, looked for in the directories of CNI_PATH. */
	plugin: string;
	path: readonly string[];
	command: CniCommand;
	/** The configuration as it came, and the environment with what differs in it. */
	config: string;
	env?: Readonly<Record<string, string>>;
	/** Takes what the plugin writes to standard error. */
	log: (text: string) => void;
}

// A DHCP server may be slow, and the runtime has an end of its own to its patience.
const timeoutMs = 120_000;
const maxOutputBytes = 1024 * 1024;

/** What the plugin printed, as JSON; undefined when it printed nothing. Runs with the environment
 * of the runtime, as the specification wants it (section "Plugin Delegation"). Throws IPAM_FAILED,
 * TOOL_MISSING. */
export async function runCniPlugin(host: Host, call: PluginCall): Promise<unknown> {
	const program = findPlugin(host, call);
	const inherited = Object.entries(host.caller.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
	const {code, stdout, stderr} = await host.runner.run([program], {
		input: call.config, timeoutMs, maxOutputBytes,
		env: {...Object.fromEntries(inherited), ...call.env, CNI_COMMAND: call.command},
	}).catch((error: unknown) => {
		throw error instanceof AppError ? failed(call, error.why ?? error.message) : error;
	});
	if (stderr.trim() !== '') {
		call.log(`${call.plugin}: ${stderr.trim()}`);
	}

	const answer = parseAnswer(stdout);
	if (code !== 0) {
		throw refused(call, code, answer);
	}

	if (answer === malformed) {
		throw failed(call, 'what it printed is not JSON');
	}

	return answer;
}

const malformed = Symbol('malformed');

function parseAnswer(stdout: string): unknown {
	try {
		return stdout.trim() === '' ? undefined : JSON.parse(stdout) as unknown;
	} catch {
		return malformed;
	}
}

function findPlugin(host: Host, {plugin, path, command}: PluginCall): string {
	const found = path.map(directory => `${directory}/${plugin}`).find(file => host.files.exists(file));
	if (found === undefined) {
		throw new AppError('IPAM_FAILED', `the IPAM plugin ${plugin} is not installed`, {
			why: `${command} needs it, and it is in none of the directories of CNI_PATH: ${path.join(':') || '(empty)'}`,
			fix: 'apt install containernetworking-plugins (Fedora, RHEL: dnf install containernetworking-plugins)',
			details: {plugin},
		});
	}

	return found;
}

/** The plugin's own error document, which says best what is wrong. */
function refused(call: PluginCall, status: number, answer: unknown): AppError {
	const {code, msg, details} = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>;
	const words = [msg, details].filter(part => typeof part === 'string' && part !== '').join('; ').slice(0, 2000);
	return failed(call, words || `it ended with ${status}`, {
		...(typeof code === 'number' ? {pluginCode: code} : {}),
		// The runtime may try again on its own when the plugin says so.
		...(code === cniErrors.tryAgainLater ? {cniCode: code} : {}),
	});
}

function failed({plugin, command}: PluginCall, why: string, details: Record<string, unknown> = {}): AppError {
	return new AppError('IPAM_FAILED', `the IPAM plugin ${plugin} failed at ${command}`, {why, fix: `look at 'ipam' of the network configuration, and at what ${plugin} keeps`, details: {plugin, command, ...details}});
}
