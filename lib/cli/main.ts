// The command line: parses it, loads the one command that is meant, and maps errors to exit statuses.
import yargs from 'yargs';
import {exitStatuses, toAppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {remoteMachine} from '../libvirt/remote-uri.ts';
import {quote} from '../model/shell-word.ts';
import type {RiskName} from '../plan/plan.ts';
import {errorJson, errorText} from '../render/error-text.ts';
import {guardStreams, processOutput, resultIsLost, type Output} from '../render/output.ts';
import {markDashes, requireClear, unmarkDashes, withoutMarks} from './arguments.ts';
import {withCniCommand} from './cni-commands.ts';
import {addCommands} from './commands.ts';
import type {CommandContext} from './context.ts';
import {openHost} from './open-host.ts';
import {commonOptions} from './options.ts';
import {parserStrings, usageError} from './usage-error.ts';
import {version} from './version.ts';
import {wholeNumber} from './vf-settings-options.ts';

/** Common arguments as yargs hands them over. */
interface CommonArguments {
	json?: boolean;
	color?: boolean;
	debug?: boolean;
	host?: string;
	connect?: string;
	dryRun?: boolean;
	yes?: boolean;
	acceptRisk?: string[];
	lockTimeout?: string;
}

/** Runs a command; resolves to the exit status. */
export async function main(words: readonly string[]): Promise<number> {
	const argv = withCniCommand(words, process.env);
	const abort = new AbortController();
	const stop = (signal: NodeJS.Signals) => {
		abort.abort(`${signal} arrived`);
	};

	for (const signal of stopSignals) {
		process.on(signal, stop);
	}

	const ignoreHangup = () => {
		process.off('SIGHUP', stop);
		// Without any listener the signal would end the process.
		process.on('SIGHUP', ignore);
	};

	guardStreams();
	// Before the arguments are parsed only a look at them tells how to print a usage error.
	let out = processOutput({json: argv.includes('--json'), color: false});
	let debug = argv.includes('--debug');
	let status: number = exitStatuses.ok;
	try {
		const parser = yargs(markDashes(argv))
			// Its messages are replaced below, which works for one language.
			.detectLocale(false)
			.updateStrings(parserStrings as Record<string, string>)
			.scriptName('vfctl')
			.usage('$0 COMMAND\n\nGives virtual functions of SR-IOV network cards to KVM guests, and takes them back.')
			.options(commonOptions)
			.strict()
			.demandCommand(1, 'name a command')
			.recommendCommands()
			.version(version)
			.help()
			.alias('help', 'h')
			.wrap(process.stdout.isTTY && process.stdout.columns >= 20 ? Math.min(100, process.stdout.columns) : 100)
			.completion('completion', 'print a completion script for the shell')
			.epilog('vfctl COMMAND --help tells the options of a command. Everything else: docs/')
			.exitProcess(false)
			.fail((message, error: unknown) => {
				throw error === undefined || (error as Error | null)?.name === 'YError' ? usageError(withoutMarks(message), argv) : error;
			});
		addCommands(parser, async (args: CommonArguments, run) => {
			unmarkDashes(args as Record<string, unknown>);
			// In a handler these are the options of its command; @types/yargs does not have it.
			const {array} = (parser as unknown as {getOptions: () => {array: string[]}}).getOptions();
			requireClear(args as Record<string, unknown>, argv, array);
			// An empty NO_COLOR counts as none: https://no-color.org
			out = processOutput({json: args.json ?? false, color: (args.color ?? true) && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'});
			debug = args.debug ?? false;
			status = await run({...await openContext(args, out, abort.signal, argv), ignoreHangup}) ?? exitStatuses.ok;
		});
		await parser.parseAsync();
		return status === exitStatuses.ok && await resultIsLost() ? exitStatuses.bug : status;
	} catch (error) {
		const failure = toAppError(error);
		if (out.json) {
			out.result('', errorJson(failure));
		} else {
			out.note(errorText(failure, debug));
		}

		return failure.exitStatus;
	} finally {
		for (const signal of stopSignals) {
			process.off(signal, stop);
		}

		process.off('SIGHUP', ignore);
	}
}

function ignore(): void {}

// SIGHUP comes when the ssh connection of the admin breaks.
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** This machine, or the other one that --connect leads to. */
async function reachedHost(connect: string | undefined, argv: readonly string[]): Promise<Host> {
	const host = await openHost(undefined);
	const machine = connect === undefined ? null : remoteMachine(connect);
	if (machine === null) {
		return host;
	}

	const {remoteHost} = await import('../host/remote-host.ts');
	return remoteHost(host, {name: machine.name, there: ['ssh', machine.login, 'vfctl', ...withoutConnect(argv)].map(word => quote(word)).join(' ')});
}

function withoutConnect(argv: readonly string[]): string[] {
	return argv.filter((word, index) => !/^--connect(?:=|$)/.test(word) && argv[index - 1] !== '--connect');
}

async function openContext(args: CommonArguments, out: Output, signal: AbortSignal, argv: readonly string[]): Promise<CommandContext> {
	return {
		host: args.host === undefined ? await reachedHost(args.connect, argv) : await openHost(args.host),
		out,
		signal,
		commandLine: ['vfctl', ...argv],
		options: {
			connect: args.connect ?? 'qemu:///system',
			dryRun: args.dryRun ?? false,
			yes: args.yes ?? false,
			acceptedRisks: (args.acceptRisk ?? []) as RiskName[],
			lockTimeoutMs: wholeNumber(args.lockTimeout ?? '300', 86_400, 'USAGE', 'a number of seconds') * 1000,
		},
	};
}
