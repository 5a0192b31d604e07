// Programs and files inside a guest, through its agent (qemu-ga):
// https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html
// The guest may belong to anyone: what it answers is bounded in size and time and checked.
import * as v from 'valibot';
import {AppError} from '../errors.ts';
import type {Clock} from '../host/host.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import {waitUntil} from './wait.ts';

/** A guest whose agent is asked. */
export interface GuestAgent {
	readonly libvirt: Libvirt;
	readonly uuid: string;
	readonly clock: Clock;
}

export interface GuestExecResult {
	/** Exit status, or 128 and the signal as a shell tells it. */
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

const answerTimeoutMs = 10_000;
const programTimeoutMs = 30_000;
const longestAnswer = 2 ** 20;
const longestOutput = 2 ** 18;

const base64 = v.pipe(v.string(), v.regex(/^[\w+/]*={0,2}$/));
const processId = v.object({pid: v.pipe(v.number(), v.integer(), v.minValue(0))});
const processStatus = v.object({
	exited: v.boolean(),
	exitcode: v.optional(v.pipe(v.number(), v.integer())),
	signal: v.optional(v.pipe(v.number(), v.integer())),
	'out-data': v.optional(base64, ''),
	'err-data': v.optional(base64, ''),
	'out-truncated': v.optional(v.boolean(), false),
});

/** Runs a program in the guest, found in the PATH of the agent, and waits for its end. Throws
 * NO_AGENT when no agent answers, UNSUPPORTED when it must not or cannot run the program, and
 * STEP_FAILED when it answers nonsense or the program does not end in time. */
export async function guestExec(agent: GuestAgent, [path, ...words]: readonly [string, ...string[]], {timeoutMs = programTimeoutMs}: {timeoutMs?: number} = {}): Promise<GuestExecResult> {
	const pid = await guestStart(agent, [path, ...words]);
	let result: GuestExecResult | undefined;
	const hasEnded = async () => {
		result = await guestEnded(agent, pid);
		return result !== undefined;
	};

	if (!await waitUntil(agent.clock, {budgetMs: timeoutMs}, hasEnded) || result === undefined) {
		throw new AppError('STEP_FAILED', `'${[path, ...words].join(' ')}' does not end in ${await guestName(agent)}`, {why: `it still runs after ${timeoutMs / 1000} s`});
	}

	return result;
}

/** Starts a program in the guest and resolves to its number there. Rejects as guestExec. */
export async function guestStart(agent: GuestAgent, [path, ...words]: readonly [string, ...string[]], {input}: {input?: string} = {}): Promise<number> {
	const given = input === undefined ? {} : {'input-data': Buffer.from(input).toString('base64')};
	return (await askAgent(agent, 'guest-exec', {path, arg: words, 'capture-output': true, ...given}, processId)).pid;
}

/** How a program that was started ended; undefined while it runs. The agent tells an end only once. */
export async function guestEnded(agent: GuestAgent, pid: number): Promise<GuestExecResult | undefined> {
	const status = await askAgent(agent, 'guest-exec-status', {pid}, processStatus);
	if (!status.exited) {
		return undefined;
	}

	const [stdout, stderr] = [decode(status['out-data']), decode(status['err-data'])];
	if (status['out-truncated'] || stdout.length > longestOutput || stderr.length > longestOutput) {
		throw new AppError('STEP_FAILED', `a program says too much in ${await guestName(agent)}`, {why: `more than ${longestOutput} bytes are not read`});
	}

	return {code: status.exitcode ?? 128 + (status.signal ?? 0), stdout, stderr};
}

/** Asks one command and checks the answer; throws NO_AGENT, UNSUPPORTED or STEP_FAILED. */
export async function askAgent<Schema extends v.GenericSchema>(agent: GuestAgent, command: string, words: object, schema: Schema): Promise<v.InferOutput<Schema>> {
	const answer = await send(agent, command, words);
	if (answer === undefined) {
		throw new AppError('NO_AGENT', `no guest agent answers in ${await guestName(agent)}`, {
			why: 'qemu-guest-agent is not installed or not running there, or the guest has no channel for it',
			fix: 'install and start qemu-guest-agent in the guest; without it only the file for its own configuration can be printed (--guest-file)',
		});
	}

	if (answer.length > longestAnswer) {
		throw await nonsense(agent, command, `it is ${answer.length} characters long`);
	}

	let parsed: unknown;
	try {
		parsed = JSON.parse(answer);
	} catch (error) {
		throw await nonsense(agent, command, String(error));
	}

	const result = v.safeParse(v.object({return: schema}), parsed);
	if (!result.success) {
		const [issue] = result.issues;
		throw await nonsense(agent, command, `${v.getDotPath(issue) ?? 'the answer'}: ${issue.message}`);
	}

	return result.output.return;
}

/** The guest's name for messages; its UUID when libvirt does not tell. */
export async function guestName({libvirt, uuid}: GuestAgent): Promise<string> {
	return libvirt.findDomain(uuid).then(({name}) => name, () => uuid);
}

async function send(agent: GuestAgent, command: string, words: object): Promise<string | undefined> {
	try {
		return await agent.libvirt.agentCommand(agent.uuid, JSON.stringify({execute: command, arguments: words}), answerTimeoutMs);
	} catch (error) {
		if (error instanceof AppError && error.code === 'STEP_FAILED') {
			throw await refusal(agent, command, error);
		}

		throw error;
	}
}

async function refusal(agent: GuestAgent, command: string, error: AppError): Promise<AppError> {
	const said = error.why ?? error.message;
	// "Command guest-exec has been disabled[: the command is not allowed]" (qapi/qmp-dispatch.c).
	if (/has been disabled|not allowed|has not been found/.test(said)) {
		return new AppError('UNSUPPORTED', `the guest agent of ${await guestName(agent)} must not run ${command}`, {
			why: said,
			fix: 'in the guest, take the command out of BLACKLIST_RPC, or put it into --allow-rpcs, in /etc/sysconfig/qemu-ga (Red Hat) or /etc/qemu/qemu-ga.conf, and restart qemu-guest-agent',
			details: error.details,
			cause: error,
		});
	}

	// g_spawn_async: "Failed to execute child process “ip” (No such file or directory)".
	return /child process/.test(said)
		? new AppError('UNSUPPORTED', `${await guestName(agent)} lacks a program that is needed`, {why: said, fix: 'install it in the guest', details: error.details, cause: error})
		: error;
}

async function nonsense(agent: GuestAgent, command: string, why: string): Promise<AppError> {
	return new AppError('STEP_FAILED', `the guest agent of ${await guestName(agent)} answers ${command} with something that it should not`, {why: why.slice(0, 300)});
}

function decode(data: string): string {
	return Buffer.from(data, 'base64').toString('utf8');
}
