// Which PF drivers are loaded, would be loaded, and are built.
import type {FileReader, Host} from '../../host/host.ts';
import {builtModules, hubModule, pfDrivers, type BuiltModule, type DriverBuild} from '../../model/driver-build.ts';
import type {BuildState, DriverState, DriverStatus, ModuleOrigin} from '../../model/driver-status.ts';
import {kernelVersionText, versionOfHeader} from '../../model/kernel-version.ts';
import {readAttribute} from '../../sysfs/attributes.ts';
import {installDirectory, isKernelGone, moduleFile, stockFile} from '../../sysfs/module-files.ts';
import {readModuleSecurity} from '../../sysfs/module-security.ts';
import {callsHub, isOutOfTree} from '../swap/loaded-driver.ts';
import {moduleField} from './module-info.ts';
import {readBuild, readBuilds, type KeptBuild} from './read-builds.ts';
import {readLeftovers} from './read-leftovers.ts';
import {revisionOfHeaders} from './read-revisions.ts';

export interface StatusRequest {
	kernel: string;
	/** Digest of the kernel sources of this vfctl; null when they are not there. */
	sources: string | null;
}

/** The status for a kernel. Reads only. */
export async function readDriverStatus(host: Host, {kernel, sources}: StatusRequest): Promise<DriverStatus> {
	const {files} = host;
	const running = readAttribute(files, '/proc/sys/kernel/osrelease') === kernel;
	const {build} = readBuild(files, kernel);
	const {installed, builds, stored} = readLeftovers(files);
	return {
		kernel, running,
		security: readModuleSecurity(files),
		drivers: await Promise.all(builtModules.map(async name => ({
			name,
			loaded: running ? await readLoaded(host, kernel, name, build) : null,
			file: await readFile(host, kernel, name, build),
		}))),
		builds: await Promise.all(readBuilds(files).map(async kept => readBuildState(host, kept, sources))),
		leftovers: {installed: installed.map(one => one.kernel), builds, stored},
	};
}

function builtSrcversion(build: DriverBuild | null, name: BuiltModule): string | null {
	return build?.modules.find(module => module.name === name)?.srcversion || null;
}

async function readLoaded(host: Host, kernel: string, name: BuiltModule, build: DriverBuild | null): Promise<DriverState['loaded']> {
	const {files} = host;
	const directory = `/sys/module/${name}`;
	if (!files.exists(directory)) {
		return null;
	}

	const srcversion = readAttribute(files, `${directory}/srcversion`) ?? null;
	const current = srcversion !== null && srcversion === builtSrcversion(build, name);
	// The kernel itself tells who calls our module: no other driver does.
	const ours = current || name === hubModule || callsHub(files, name);
	const taint = readAttribute(files, `${directory}/taint`);
	const origin = ours ? 'vfctl' : taint === undefined ? 'unknown' : await originOf(host, {kernel, name, srcversion});
	return {origin, current, srcversion, taint: taint ?? ''};
}

/** Modules of the kernel's tree are the distribution's own, as far as their digests tell; Debian's have
 * none. */
async function originOf(host: Host, {kernel, name, srcversion}: {kernel: string; name: BuiltModule; srcversion: string | null}): Promise<ModuleOrigin> {
	if (isOutOfTree(host.files, name)) {
		return 'other';
	}

	const stock = stockFile(host.files, kernel, name);
	const stockSrcversion = stock === undefined ? null : await moduleField(host, stock, 'srcversion');
	return stockSrcversion !== null && srcversion !== null && stockSrcversion !== srcversion ? 'other' : 'stock';
}

async function readFile(host: Host, kernel: string, name: BuiltModule, build: DriverBuild | null): Promise<DriverState['file']> {
	const path = moduleFile(host.files, kernel, name);
	if (path === undefined) {
		return null;
	}

	const srcversion = await moduleField(host, path, 'srcversion');
	// DKMS puts what it built elsewhere, and signs it.
	const built = srcversion !== null && srcversion === builtSrcversion(build, name);
	const origin: ModuleOrigin = built || path.startsWith(`${installDirectory(kernel)}/`) ? 'vfctl' : path.startsWith(`/lib/modules/${kernel}/kernel/`) ? 'stock' : 'other';
	return {path, origin, srcversion, current: built, signer: await moduleField(host, path, 'signer')};
}

async function readBuildState(host: Host, {kernel, build, problem}: KeptBuild, sources: string | null): Promise<BuildState> {
	const {files} = host;
	return {
		kernel,
		drivers: pfDrivers.filter(name => build?.modules.some(module => module.name === name)),
		kernelVersion: build?.kernelVersion ?? null,
		builtAtMs: build?.builtAtMs ?? null,
		stale: problem === null ? staleReasons(files, build!, sources) : [problem],
		installed: await readInstalled(host, kernel, build),
	};
}

/** Why a build should be made again. */
function staleReasons(files: FileReader, {kernel, kernelVersion, revisions, sources: builtFrom}: DriverBuild, sources: string | null): string[] {
	if (isKernelGone(files, kernel)) {
		return ['this kernel is not installed any more'];
	}

	return [
		...otherHeaders(files, kernel, {version: kernelVersion, revision: revisions?.headers ?? undefined}),
		...sources === null || sources === builtFrom ? [] : ['vfctl\'s kernel sources changed since'],
	];
}

/** Headers that are installed now and were not at the build. */
function otherHeaders(files: FileReader, kernel: string, built: {version: string; revision: string | undefined}): string[] {
	const header = files.readText(`/lib/modules/${kernel}/build/include/generated/uapi/linux/version.h`);
	const version = header === undefined ? undefined : versionOfHeader(header);
	if (version !== undefined && kernelVersionText(version) !== built.version) {
		return [`the kernel is ${kernelVersionText(version)} now, it was built from ${built.version}`];
	}

	const revision = revisionOfHeaders(files, kernel);
	return revision === undefined || built.revision === undefined || revision === built.revision ? [] : [`the kernel's headers are Debian's ${revision} now, it was built with ${built.revision}`];
}

/** Installed by vfctl or by DKMS: what modprobe would take is what was built. */
async function readInstalled(host: Host, kernel: string, build: DriverBuild | null): Promise<BuildState['installed']> {
	const {files} = host;
	const own = (name: BuiltModule) => `${installDirectory(kernel)}/${name}.ko`;
	const present = builtModules.filter(name => files.exists(own(name)));
	const same = await Promise.all((build?.modules ?? []).map(async ({name, srcversion}) => {
		const path = files.exists(own(name)) ? own(name) : moduleFile(files, kernel, name);
		return path !== undefined && srcversion !== '' && await moduleField(host, path, 'srcversion') === srcversion;
	}));
	const built = build?.modules.map(({name}) => name) ?? [];
	return same.length > 0 && same.every(Boolean) && present.every(name => built.includes(name)) ? 'yes' : present.length === 0 ? 'no' : 'differs';
}
