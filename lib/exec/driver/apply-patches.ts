// Puts the calls of our module into the sources of a driver, by semantic patches.
import {AppError} from '../../errors.ts';
import type {DriverBuild, PfDriver} from '../../model/driver-build.ts';
import {patchTrouble} from '../../model/build-trouble.ts';
import {hasIdentifier, missingCalls, parseSemanticPatch, type SemanticPatch} from '../../model/semantic-patch.ts';
import {runBuildTool, type BuildRun} from './build-tools.ts';

export type AppliedPatch = DriverBuild['patches'][number];

export interface PatchJob {
	driver: PfDriver;
	/** Directory with the driver's patches, and the directory with its sources. */
	patches: string;
	sources: string;
	/** Version of the source, for messages. */
	version: string;
}

/** Applies the driver's semantic patches in the order of their names. Throws DRIVER_BUILD_FAILED with
 * patch, hook and version when one does not fit. */
export async function applyPatches(run: BuildRun, job: PatchJob): Promise<AppliedPatch[]> {
	const {files} = run.host;
	const names = files.list(job.patches).filter(name => name.endsWith('.cocci')).toSorted();
	if (names.length === 0) {
		throw new AppError('DRIVER_BUILD_FAILED', `there are no semantic patches for ${job.driver}`, {why: `${job.patches} has none`, fix: 'install vfctl again'});
	}

	const applied: AppliedPatch[] = [];
	for (const name of names) {
		const patch = parseSemanticPatch(name, files.readText(`${job.patches}/${name}`) ?? '');
		applied.push(await applyOne(run, job, patch));
	}

	// Later patches may rewrite what earlier ones put in.
	for (const {name, file, hooks} of applied) {
		requireCalls(job, {name, file, hooks}, files.readText(`${job.sources}/${file}`) ?? '');
	}

	return applied;
}

async function applyOne(run: BuildRun, job: PatchJob, patch: SemanticPatch): Promise<AppliedPatch> {
	const {files} = run.host;
	const {name, file, hooks, unless} = patch;
	const path = `${job.sources}/${file}`;
	const before = files.readText(path);
	if (before === undefined) {
		throw misfit(job, name, `the driver has no ${file}`);
	}

	if (unless !== null && hasIdentifier(before, unless)) {
		return {driver: job.driver, name, file, hooks: [], skippedFor: unless};
	}

	const {code, stdout, stderr} = await runBuildTool(run, ['spatch', '--very-quiet', '--sp-file', `${job.patches}/${name}`, '--in-place', path]);
	if (code !== 0) {
		throw misfit(job, name, patchTrouble(`${stderr}\n${stdout}`));
	}

	requireCalls(job, patch, files.readText(path) ?? '');
	return {driver: job.driver, name, file, hooks: [...hooks], skippedFor: null};
}

function requireCalls(job: PatchJob, {name, file, hooks}: Pick<SemanticPatch, 'name' | 'file' | 'hooks'>, source: string): void {
	const missing = missingCalls(source, hooks);
	if (missing.length > 0) {
		throw misfit(job, name, `${file} does not call ${missing.join(', ')} after it: the code that it looks for is not there, or looks different`, {missing});
	}
}

function misfit({driver, version}: PatchJob, name: string, why: string, details: Record<string, unknown> = {}): AppError {
	return new AppError('DRIVER_BUILD_FAILED', `the semantic patch ${name} does not fit ${driver} of ${version}`, {
		why, fix: 'use a newer vfctl, or stay with the distribution\'s driver and report it with the version of the kernel',
		details: {patch: name, driver, version, ...details},
	});
}
