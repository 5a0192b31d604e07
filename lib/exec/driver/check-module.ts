// What a compiled module says of itself, and whether the kernel will take it.
import {AppError} from '../../errors.ts';
import {hubModule, pfDrivers, type BuiltModule, type DriverBuild} from '../../model/driver-build.ts';
import {stockFile} from '../../sysfs/module-files.ts';
import {mustRun, type BuildRun} from './build-tools.ts';
import type {KernelHeaders} from './read-headers.ts';

export type ModuleFacts = DriverBuild['modules'][number];

/** Reads a module with modinfo. Throws KERNEL_MISMATCH when it is for another kernel than asked, and
 * DRIVER_BUILD_FAILED when a driver does not call our module. */
export async function checkModule(run: BuildRun, name: BuiltModule, path: string, headers: KernelHeaders): Promise<ModuleFacts> {
	const field = async (key: string) => (await mustRun(run, ['modinfo', '-F', key, path], `${name}.ko cannot be read`)).trim();
	const vermagic = await field('vermagic');
	const wanted = await stockVermagic(run, headers.kernel) ?? headers.kernel;
	if (vermagic !== wanted && vermagic.split(' ')[0] !== wanted) {
		throw new AppError('KERNEL_MISMATCH', `${name}.ko would not load into ${headers.kernel}`, {
			why: `its version magic is '${vermagic}', the kernel's is '${wanted}'`,
			fix: `apt install --reinstall linux-headers-${headers.kernel}`,
		});
	}

	const depends = (await field('depends')).split(',').filter(word => word !== '');
	if (name !== hubModule && !depends.includes(hubModule)) {
		throw new AppError('DRIVER_BUILD_FAILED', `${name}.ko does not call ${hubModule}`, {why: `it depends on: ${depends.join(', ') || 'nothing'}`, fix: 'install vfctl again'});
	}

	const sha256 = (await mustRun(run, ['sha256sum', path], `${name}.ko cannot be read`)).slice(0, 64);
	return {name, sha256, srcversion: await field('srcversion'), vermagic, depends};
}

/** Version magic of a module that came with the kernel, or undefined when there is none to ask. */
async function stockVermagic(run: BuildRun, kernel: string): Promise<string | undefined> {
	const path = pfDrivers.map(driver => stockFile(run.host.files, kernel, driver)).find(found => found !== undefined);
	return path === undefined ? undefined : (await mustRun(run, ['modinfo', '-F', 'vermagic', path], `${path} cannot be read`)).trim();
}
