// The work directory of a build, and the moment when what was built becomes the build of a kernel.
import type {DriverBuild} from '../../model/driver-build.ts';
import {mustRun, type BuildRun} from './build-tools.ts';

// A build of both drivers takes minutes; who waits for it wants the same.
const waitMs = 3_600_000;

/** Calls `use` with an empty work directory beside the builds, which is removed after; one that a
 * killed vfctl left goes first. The same path every time, so that the same sources give the same
 * modules. One build at a time. */
export async function inWorkDirectory<T>(run: BuildRun, into: string, kernel: string, use: (work: string) => Promise<T>): Promise<T> {
	const {host, signal} = run;
	const release = await host.files.lock(`${into}/.lock`, {timeoutMs: waitMs, holder: `vfctl driver build --kernel ${kernel}`, signal});
	const work = `${into}/.building`;
	const [old, kept] = [`${into}/.old-${kernel}`, `${into}/${kernel}`];
	try {
		if (host.files.exists(old)) {
			// Killed between the two renames below: the old build is still the build.
			await mustRun(run, host.files.exists(kept) ? ['rm', '--recursive', '--force', old] : ['mv', '--no-target-directory', old, kept], `${old} cannot be put right`);
		}

		await mustRun(run, ['rm', '--recursive', '--force', work], `${work} cannot be removed`);
		await mustRun(run, ['mkdir', '--mode=0700', work], `${work} cannot be made`);
		return await use(work);
	} finally {
		await host.runner.run(['rm', '--recursive', '--force', work]).catch(() => undefined);
		await release();
	}
}

/** Makes the modules and build.json the build of the kernel: on disk first, then by a rename. */
export async function keepBuild(run: BuildRun, {into, work, build, files}: {into: string; work: string; build: DriverBuild; files: readonly string[]}): Promise<void> {
	const {host} = run;
	const [result, old, kept] = [`${work}/result`, `${into}/.old-${build.kernel}`, `${into}/${build.kernel}`];
	await mustRun(run, ['mkdir', '--mode=0755', result], `${result} cannot be made`);
	await mustRun(run, ['mv', '--target-directory', result, ...files], 'the modules cannot be kept');
	await host.files.writeFile(`${result}/build.json`, `${JSON.stringify(build, undefined, '\t')}\n`);
	await mustRun(run, ['sync', ...host.files.list(result).map(name => `${result}/${name}`), result], 'the modules cannot be kept');
	if (host.files.exists(kept)) {
		await mustRun(run, ['mv', '--no-target-directory', kept, old], `${kept} cannot be replaced`);
	}

	await mustRun(run, ['mv', '--no-target-directory', result, kept], `${kept} cannot be made`);
	await mustRun(run, ['sync', into], `${into} cannot be written to the disk`);
	await mustRun(run, ['rm', '--recursive', '--force', old], `${old} cannot be removed`);
}
