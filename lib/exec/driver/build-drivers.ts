// Builds PF drivers for one kernel: unpack, patch, compile, check, and keep all of it or nothing.
import type {DriverBuild, PfDriver} from '../../model/driver-build.ts';
import {forwardModule, hubModule, type BuiltModule} from '../../model/driver-build.ts';
import {kernelVersionText} from '../../model/kernel-version.ts';
import {readCpus} from './build-jobs.ts';
import {applyPatches, type AppliedPatch} from './apply-patches.ts';
import {mustRun, runBuildTool, troubleError, type BuildRun} from './build-tools.ts';
import {checkModule} from './check-module.ts';
import {compileDriver, compileForward, compileHub} from './compile.ts';
import {findSource} from './find-source.ts';
import {inWorkDirectory, keepBuild} from './keep-build.ts';
import {missingProgram} from '../../model/build-trouble.ts';
import {revisionNotes} from '../../model/debian-revision.ts';
import {triedSource, untriedNote} from '../../model/source-lock.ts';
import {readHeaders, type KernelHeaders} from './read-headers.ts';
import {digestOf} from './own-sources.ts';
import {readRevisions} from './read-revisions.ts';
import {digestsToPatch, readSourceLock} from './read-tried.ts';
import {unpackSource} from './unpack-source.ts';

export interface DriverBuildRequest {
	kernel: string;
	drivers: readonly PfDriver[];
	/** A kernel tree or tarball; undefined looks for the distribution's. */
	source: string | undefined;
	/** vfctl's kernel-module directory, and vfctl's version. */
	kernelModule: string;
	vfctl: string;
	/** Directory that has one directory per kernel. */
	into: string;
}

/** Builds the drivers and puts them into `INTO/KERNEL`. Everything is checked that can be before
 * anything is compiled. Writes nowhere else, and leaves an earlier build alone when it fails. */
export async function buildDrivers(run: BuildRun, request: DriverBuildRequest, tell: (text: string) => void): Promise<DriverBuild> {
	const {host} = run;
	const {kernel, drivers, kernelModule, into} = request;
	const headers = readHeaders(host.files, kernel);
	const source = findSource(host.files, headers, request.source);
	const compiler = await requirePrograms(run, headers);
	const sources = digestOf(host.files, kernelModule);
	return inWorkDirectory(run, into, kernel, async work => {
		const steps: DriverBuild['steps'] = [];
		const step = async <T>(name: string, title: string, action: () => Promise<T>): Promise<T> => {
			tell(title);
			const start = host.clock.monotonicMs();
			const result = await action();
			steps.push({name, ms: Math.round(host.clock.monotonicMs() - start)});
			return result;
		};

		await step('unpack', `source of ${drivers.join(' and ')} from ${source.path}`, async () => unpackSource(run, {source, work, drivers, headers}));
		const touched = digestsToPatch(host.files, {kernelModule, work, drivers});
		await mustRun(run, ['cp', '--recursive', ...['module', 'include', 'forward'].map(part => `${kernelModule}/${part}`), work], 'the sources of vfctl\'s kernel module cannot be copied');
		const patches: AppliedPatch[] = [];
		for (const driver of drivers) {
			const job = {driver, patches: `${kernelModule}/cocci/${driver}`, sources: `${work}/${driver}`, version: kernelVersionText(headers.version)};
			patches.push(...await step(`patch ${driver}`, `semantic patches for ${driver}`, async () => applyPatches(run, job)));
		}

		const job = {work, headers, jobs: readCpus(host.files)};
		const warnings = await step(`compile ${hubModule}`, `compiling ${hubModule} for ${kernel}`, async () => compileHub(run, job));
		for (const driver of drivers) {
			warnings.push(...await step(`compile ${driver}`, `compiling ${driver} for ${kernel}`, async () => compileDriver(run, job, driver)));
		}

		const paths = new Map<BuiltModule, string>([[hubModule, `${work}/module/${hubModule}.ko`], ...drivers.map(driver => [driver, `${work}/${driver}/${driver}.ko`] as const)]);
		if (headers.egressHook) {
			warnings.push(...await step(`compile ${forwardModule}`, `compiling ${forwardModule} for ${kernel}`, async () => compileForward(run, job)));
			paths.set(forwardModule, `${work}/forward/${forwardModule}.ko`);
		} else {
			warnings.push(`${forwardModule} is not built: ${kernel} has no hook for frames that leave (CONFIG_NETFILTER_EGRESS, Linux 5.16)`);
		}

		const modules: DriverBuild['modules'] = [];
		for (const [name, path] of paths) {
			modules.push(await checkModule(run, name, path, headers));
		}

		const revisions = readRevisions(host.files, kernel, source);
		const known = readSourceLock(host.files, kernelModule);
		const tried = triedSource(known, touched);
		const build: DriverBuild = {
			version: 1, kernel, kernelVersion: kernelVersionText(headers.version), vfctl: request.vfctl, sources, source, compiler,
			revisions: {headers: revisions.headers ?? null, source: revisions.source ?? null},
			touched, tried: tried === undefined ? null : `${tried.package} ${tried.version}`,
			builtAtMs: host.clock.now(), steps, modules, patches,
			warnings: [...new Set(warnings), ...revisionNotes(revisions), ...tried === undefined ? [untriedNote(known, touched)] : []],
		};
		await keepBuild(run, {into, work, build, files: [...paths.values()]});
		return build;
	});
}

/** Every program that is needed is there; the first line of the compiler's version. */
async function requirePrograms(run: BuildRun, {compiler}: KernelHeaders): Promise<string> {
	for (const program of ['make', 'spatch', 'ld', 'strip', 'modinfo']) {
		await mustRun(run, [program, '--version'], `${program} does not run`);
	}

	const {code, stdout} = await runBuildTool(run, [compiler, '--version']);
	if (code !== 0) {
		throw troubleError(missingProgram(compiler));
	}

	return stdout.split('\n')[0]!.trim();
}
