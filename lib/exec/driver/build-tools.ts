// Programs that a build runs: what is missing or fails is told with its remedy.
import {AppError} from '../../errors.ts';
import type {CommandResult, Host} from '../../host/host.ts';
import {missingProgram, type BuildTrouble} from '../../model/build-trouble.ts';

export interface BuildRun {
	host: Host;
	signal: AbortSignal | undefined;
}

// An ixgbe takes a minute on two slow cores; a tarball on a slow disk a few.
const longestMs = 1_800_000;
const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Runs a program to its end, whatever that is. A program that is not installed is NO_KERNEL_SOURCE
 * with the package that has it; throws INTERRUPTED when the run was stopped. */
export async function runBuildTool({host, signal}: BuildRun, argv: readonly [string, ...string[]]): Promise<CommandResult> {
	let result: CommandResult;
	try {
		result = await host.runner.run(argv, {timeoutMs: longestMs, signal, env: environment(host)});
	} catch (error) {
		throw error instanceof AppError && error.code === 'TOOL_MISSING' ? troubleError(missingProgram(argv[0]), error) : error;
	}

	if (signal?.aborted) {
		throw new AppError('INTERRUPTED', 'stopped before the driver was built', {why: String(signal.reason), fix: 'run the command again; nothing was kept'});
	}

	return result;
}

/** Few words, so that what is built depends on little; but spatch (OCaml) ends with `Not_found` when
 * there is no HOME. */
function environment({caller}: Host): Record<string, string> {
	const {PATH: more, KBUILD_SIGN_PIN: pin} = caller.env;
	return {
		PATH: more === undefined ? systemPath : `${systemPath}:${more}`, LC_ALL: 'C', HOME: '/root',
		// The passphrase of a signing key (scripts/sign-file.c).
		...pin === undefined ? {} : {KBUILD_SIGN_PIN: pin},
	};
}

/** Runs a program that must succeed; gives back its output. */
export async function mustRun(run: BuildRun, argv: readonly [string, ...string[]], what: string): Promise<string> {
	const {code, stdout, stderr} = await runBuildTool(run, argv);
	if (code !== 0) {
		const said = stderr.trim() || stdout.trim();
		throw new AppError('DRIVER_BUILD_FAILED', what, {
			why: said === '' ? `${argv[0]} ended with ${code}` : said.split('\n').slice(0, 4).join('\n'),
			fix: /No space left on device|quota/.test(said) ? 'df -h /var/lib/vfctl: a build needs about 200 MiB' : `try it by hand: ${argv.join(' ')}`,
		});
	}

	return stdout;
}

/** The error of a trouble that was made out. */
export function troubleError({code, what, why, fix}: BuildTrouble, cause?: unknown): AppError {
	return new AppError(code, what, {why, fix, ...(cause === undefined ? {} : {cause})});
}
