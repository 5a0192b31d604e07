// What is needed to plan the exchange of a loaded PF driver.
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {hubModule, parseDriverBuild, type DriverBuild, type PfDriver} from '../../model/driver-build.ts';
import type {DriverFile} from '../../plan/driver-actions.ts';
import type {SwapFacts} from '../../plan/plan-swap-driver.ts';
import {readAttribute} from '../../sysfs/attributes.ts';
import {moduleFile, stockFile} from '../../sysfs/module-files.ts';
import {readModuleSecurity} from '../../sysfs/module-security.ts';
import {fileDigest} from '../file-digest.ts';
import {callsHub, isLoadedFrom, isModuleLoaded, isOutOfTree} from './loaded-driver.ts';
import {moduleField} from '../driver/module-info.ts';
import {buildDirectory} from '../driver/read-builds.ts';

export interface SwapQuestion {
	/** The kernel that runs. */
	kernel: string;
	to: 'vfctl' | 'stock';
	/** Another directory with a build. */
	from?: string | undefined;
}

/** The facts of one driver. Reads only. */
export async function readSwapFacts(host: Host, module: PfDriver, question: SwapQuestion): Promise<SwapFacts> {
	const {files} = host;
	const ours = await tried(() => ourFile(host, module, question));
	const stock = await tried(() => distributionFile(host, module, question.kernel));
	const loaded = loadedKind(host, module, ours);
	const known = loaded === 'vfctl' ? ours : loaded === 'stock' ? stock : undefined;
	const isKnown = known !== undefined && !(known instanceof AppError) && isLoadedFrom(files, module, known);
	return {
		module, loaded,
		present: isKnown ? known : await otherPresent(host, module, question.kernel, loaded, known),
		wanted: question.to === 'vfctl' ? ours : stock,
		options: await moduleOptions(host, module),
	};
}

async function tried<T>(make: () => Promise<T>): Promise<T | AppError> {
	try {
		return await make();
	} catch (error) {
		if (error instanceof AppError) {
			return error;
		}

		throw error;
	}
}

function loadedKind({files}: Host, module: PfDriver, ours: DriverFile | AppError): SwapFacts['loaded'] {
	if (!isModuleLoaded(files, module)) {
		return null;
	}

	if (callsHub(files, module)) {
		return !(ours instanceof AppError) && isLoadedFrom(files, module, ours) ? 'vfctl' : 'older';
	}

	return isOutOfTree(files, module) ? 'other' : 'stock';
}

/** What is loaded and is neither known file: one that DKMS or the admin installed may be on disk. */
async function otherPresent(host: Host, module: PfDriver, kernel: string, loaded: SwapFacts['loaded'], known: DriverFile | AppError | undefined): Promise<DriverFile | string> {
	const {files} = host;
	const path = loaded === 'other' ? moduleFile(files, kernel, module) : undefined;
	const srcversion = path === undefined ? null : await moduleField(host, path, 'srcversion');
	if (path !== undefined && srcversion !== null && srcversion === readAttribute(files, `/sys/module/${module}/srcversion`)) {
		return {path, sha256: fileDigest(files, path), srcversion, hub: null, needs: await needsOf(host, path)};
	}

	return known instanceof AppError ? known.why ?? known.message : `the file that ${module} was loaded from is not known`;
}

/** Throws DRIVER_NOT_BUILT, or KERNEL_LOCKDOWN when the kernel would not take it. */
async function ourFile(host: Host, module: PfDriver, {kernel, from}: SwapQuestion): Promise<DriverFile> {
	const directory = from ?? buildDirectory(kernel);
	const build = buildOf(host, directory, {module, kernel});
	const hub = await checkedModule(host, directory, build, hubModule);
	const driver = await checkedModule(host, directory, build, module);
	return {path: driver.path, sha256: driver.sha256, srcversion: driver.srcversion, hub: {path: hub.path, sha256: hub.sha256}, needs: driver.depends.filter(name => name !== hubModule)};
}

/** The build in a directory. Throws DRIVER_NOT_BUILT. */
export function buildOf({files}: Host, directory: string, {module, kernel}: {module: string; kernel: string}): DriverBuild {
	const text = files.readText(`${directory}/build.json`);
	if (text === undefined) {
		throw notBuilt(module, kernel, `${directory}/build.json is not there`);
	}

	const build = parseDriverBuild(text, `${directory}/build.json`);
	if (build.kernel !== kernel) {
		throw notBuilt(module, kernel, `${directory} is for ${build.kernel}`);
	}

	return build;
}

/** A module of a build that is still what was built. Throws DRIVER_NOT_BUILT, or KERNEL_LOCKDOWN when
 * the kernel would not take it. */
export async function checkedModule(host: Host, directory: string, build: DriverBuild, name: DriverBuild['modules'][number]['name']) {
	const path = `${directory}/${name}.ko`;
	const facts = build.modules.find(module => module.name === name);
	if (facts === undefined) {
		throw notBuilt(name, build.kernel, `the build in ${directory} is without it`);
	}

	const sha256 = fileDigest(host.files, path);
	if (sha256 !== facts.sha256) {
		throw notBuilt(name, build.kernel, sha256 === null ? `${path} cannot be read` : `${path} is not what was built: it changed since`);
	}

	if (readModuleSecurity(host.files).onlySigned && await moduleField(host, path, 'signer') === null) {
		throw new AppError('KERNEL_LOCKDOWN', `the kernel would not take ${name}.ko`, {why: 'Secure Boot, lockdown or module.sig_enforce let only signed modules in, and it is not signed', fix: 'vfctl driver status; sign it with a key that is enrolled (mokutil), or switch Secure Boot off'});
	}

	return {path, sha256, srcversion: facts.srcversion === '' ? null : facts.srcversion, depends: facts.depends};
}

function notBuilt(name: string, kernel: string, why: string): AppError {
	return new AppError('DRIVER_NOT_BUILT', `there is no ${name} of vfctl for ${kernel}`, {why, fix: 'vfctl driver build'});
}

async function distributionFile(host: Host, module: PfDriver, kernel: string): Promise<DriverFile> {
	const path = stockFile(host.files, kernel, module);
	if (path === undefined) {
		throw new AppError('DRIVER_NOT_BUILT', `the distribution's ${module} is not on this host`, {why: `there is none in /lib/modules/${kernel}/kernel/drivers/net/ethernet/intel/${module}`, fix: `reinstall the package of the kernel ${kernel}`});
	}

	return {path, sha256: null, srcversion: await moduleField(host, path, 'srcversion'), hub: null, needs: await needsOf(host, path)};
}

async function needsOf(host: Host, path: string): Promise<string[]> {
	return (await moduleField(host, path, 'depends') ?? '').split(',').filter(name => /^[\w-]+$/.test(name));
}

/** insmod knows no configuration: `ixgbe allow_unsupported_sfp=1` must be told to it. modprobe shows
 * what modprobe.d and the kernel command line say (man modprobe, --showconfig). */
async function moduleOptions({runner}: Host, module: PfDriver): Promise<string[]> {
	const {code, stdout} = await runner.run(['modprobe', '--showconfig']);
	const lines = code === 0 ? stdout.split('\n') : [];
	return lines.flatMap(line => {
		const [word, name, ...options] = line.trim().split(/\s+/);
		return word === 'options' && name === module ? options.filter(option => /^[a-z]\w*=[\w,.:-]+$/i.test(option)) : [];
	});
}
