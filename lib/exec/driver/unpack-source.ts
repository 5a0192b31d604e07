// Puts the sources of the drivers into the work directory, whatever they come from.
import {AppError} from '../../errors.ts';
import type {PfDriver} from '../../model/driver-build.ts';
import {kernelVersionText, versionOfMakefile} from '../../model/kernel-version.ts';
import {mustRun, runBuildTool, type BuildRun} from './build-tools.ts';
import {driverPath, type KernelSource} from './find-source.ts';
import type {KernelHeaders} from './read-headers.ts';

/** Copies the drivers to WORK/igb and WORK/ixgbe, without what an earlier build left among them. Throws
 * KERNEL_MISMATCH when the source is not of the version that the headers are of. */
export async function unpackSource(run: BuildRun, {source, work, drivers, headers}: {source: KernelSource; work: string; drivers: readonly PfDriver[]; headers: KernelHeaders}): Promise<void> {
	const tree = source.kind === 'tree' ? source.path : `${work}/source`;
	if (source.kind === 'tarball') {
		await unpack(run, source.path, tree, drivers);
	}

	requireSameVersion(run, source, tree, headers);
	for (const driver of drivers) {
		const from = `${tree}/${driverPath(driver)}`;
		if (!run.host.files.exists(`${from}/Makefile`)) {
			throw new AppError('NO_KERNEL_SOURCE', `${source.path} has no ${driver}`, {why: `${driverPath(driver)} is not in it`, fix: `name a whole kernel source: --source DIR; or build without it: --driver`});
		}

		await mustRun(run, ['cp', '--recursive', '--dereference', '--no-preserve=ownership,mode', from, `${work}/${driver}`], `the source of ${driver} cannot be copied`);
		await mustRun(run, ['find', `${work}/${driver}`, '-type', 'f', '!', '-name', '*.[ch]', '!', '-name', 'Makefile', '!', '-name', 'Kbuild', '-delete'], `the source of ${driver} cannot be copied`);
	}
}

async function unpack(run: BuildRun, tarball: string, into: string, drivers: readonly PfDriver[]): Promise<void> {
	await mustRun(run, ['mkdir', into], `${into} cannot be made`);
	const {code, stderr} = await runBuildTool(run, [
		'tar', '--extract', '--file', tarball, '--directory', into, '--strip-components=1', '--no-same-owner', '--no-same-permissions',
		// Slashes are not matched: `*/Makefile` is the one at the top.
		'--wildcards', '--no-wildcards-match-slash', '*/Makefile', ...drivers.map(driver => `*/${driverPath(driver)}`),
	]);
	// Members that are not there are told better by who looks for them.
	if (code !== 0 && !/Not found in archive/.test(stderr)) {
		const space = /No space left on device|quota/.test(stderr);
		throw new AppError(space ? 'DRIVER_BUILD_FAILED' : 'NO_KERNEL_SOURCE', `${tarball} cannot be unpacked`, {
			why: stderr.trim().split('\n')[0] || `tar ended with ${code}`,
			fix: space ? 'df -h /var/lib/vfctl: a build needs about 200 MiB' : 'install the package again, or fetch the tarball anew',
		});
	}
}

function requireSameVersion({host}: BuildRun, source: KernelSource, tree: string, {kernel, version}: KernelHeaders): void {
	const found = versionOfMakefile(host.files.readText(`${tree}/Makefile`) ?? '');
	if (found === undefined) {
		throw new AppError('NO_KERNEL_SOURCE', `${source.path} is no source of a kernel`, {why: 'its Makefile tells no version', fix: 'name the top directory of a kernel tree, or its tarball'});
	}

	const [has, needs] = [kernelVersionText(found), kernelVersionText(version)];
	if (has !== needs) {
		throw new AppError('KERNEL_MISMATCH', `${source.path} is not the source of ${kernel}`, {
			why: `it is of ${has}, the kernel is of ${needs}`,
			fix: `install the package of that version (apt install linux-source-${version.major}.${version.minor}), or update both and boot the newest kernel (apt install linux-image-amd64 linux-headers-amd64 linux-source-${version.major}.${version.minor}), or name a tree of ${needs}: --source DIR`,
			details: {source: has, kernel: needs},
		});
	}
}
