// Makes the modules of a build ready to be installed: signed if wanted, and in the store.
import {AppError} from '../../errors.ts';
import {noModules, type InstalledModules} from '../../plan/module-actions.ts';
import {fileDigest} from '../file-digest.ts';
import {moduleStoreDirectory} from '../state-paths.ts';
import {mustRun, type BuildRun} from './build-tools.ts';
import {storedModule} from './installed-modules.ts';
import {readBuild} from './read-builds.ts';
import {signModule, type SigningKey} from './sign-module.ts';

export interface Staged {
	modules: InstalledModules;
	/** Whose signature they have, or null. */
	signer: string | null;
}

/** Copies the modules that were built for the kernel, signs them when there is a key, and puts them into
 * the store unless this is only to plan. Throws DRIVER_NOT_BUILT. */
export async function stageModules(run: BuildRun, {kernel, signing, keep}: {kernel: string; signing: SigningKey | null; keep: boolean}): Promise<Staged> {
	const {files} = run.host;
	const {build, directory, problem} = readBuild(files, kernel);
	if (build === null) {
		throw new AppError('DRIVER_NOT_BUILT', `there is no PF driver of vfctl for ${kernel}`, {why: problem ?? 'it was not built', fix: `vfctl driver build --kernel ${kernel}`});
	}

	const work = (await mustRun(run, ['mktemp', '--directory'], 'no directory for the modules can be made')).trim();
	try {
		const modules: Record<string, string> = {};
		let signer: string | null = null;
		for (const {name, sha256} of build.modules) {
			const path = `${work}/${name}.ko`;
			await mustRun(run, ['cp', '--no-target-directory', `${directory}/${name}.ko`, path], `${name}.ko cannot be copied`);
			if (fileDigest(files, path) !== sha256) {
				throw new AppError('DRIVER_NOT_BUILT', `${directory}/${name}.ko is not what was built`, {why: 'its SHA-256 is another one than build.json tells', fix: `vfctl driver build --kernel ${kernel}`});
			}

			signer = signing === null ? null : await signModule(run, {kernel, path, signing});
			modules[name] = fileDigest(files, path)!;
			if (keep) {
				await store(run, path, modules[name]);
			}
		}

		return {modules: {...noModules, ...modules}, signer};
	} finally {
		await run.host.runner.run(['rm', '--recursive', '--force', work]).catch(() => undefined);
	}
}

/** By a rename, so that a file in the store is whole. */
async function store(run: BuildRun, path: string, digest: string): Promise<void> {
	const target = storedModule(digest);
	if (fileDigest(run.host.files, target) === digest) {
		return;
	}

	const what = 'the module cannot be put into the store';
	await mustRun(run, ['mkdir', '--parents', '--mode=0700', moduleStoreDirectory], what);
	await mustRun(run, ['cp', '--no-target-directory', path, `${target}.new`], what);
	await mustRun(run, ['sync', `${target}.new`], what);
	await mustRun(run, ['mv', '--no-target-directory', `${target}.new`, target], what);
	await mustRun(run, ['sync', moduleStoreDirectory], what);
}
