import {readdirSync, readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import {cacheEntry} from './cache.ts';
import {ensureDebugKernel} from './debug-kernel.ts';
import {LabError} from './errors.ts';
import {contentHash} from './hash.ts';
import {kernelSuite, kindFor, type OtherKernel, SUITE, usualKernel} from './kernels.ts';
import {buildInTree, ensureKernelTree, kernelTree, type KernelTree, olderKernelTree} from './kernel-tree.ts';
import {repositoryDirectory} from './paths.ts';
import {silent, stage, type Report} from './progress.ts';
import {ensureTree, kernelRelease} from './tree.ts';

// What decides how the modules come out, and what build.json looks like.
const sources = [
	'kernel-module/module', 'kernel-module/include', 'kernel-module/forward', 'kernel-module/cocci', 'lib/model/driver-build.ts', 'lib/exec/driver/read-tried.ts',
	...['unpack-source', 'apply-patches', 'compile', 'build-drivers'].map(name => `lib/exec/driver/${name}.ts`),
];

// The tree with headers and source of the very kernel that a lab boots (the usual one without `kernel`).
export async function labKernelTree(kernel: OtherKernel | undefined, report: Report): Promise<{release: string; tree: KernelTree}> {
	const release = kernelRelease((await ensureTree(kernel, report)).root);
	const series = /^\d+\.\d+/.exec(release)?.[0] ?? '';
	return {release, tree: kernel === undefined ? kernelTree(SUITE, series, release) : olderKernelTree(SUITE, kernelSuite(kernel), series, release)};
}

// The directory with vfctl_pf.ko, igb.ko, ixgbe.ko, vfctl_fwd.ko and build.json for the kernel that a lab boots. In
// the emulated host it belongs in /var/lib/vfctl/drivers/RELEASE; RELEASE is its last component.
export async function ensureDrivers({kernel = usualKernel, report = silent}: {kernel?: OtherKernel | undefined; report?: Report} = {}): Promise<string> {
	if (kernel === 'debug') {
		const root = await ensureDebugKernel(report);
		// One release, whatever it was configured with.
		return ensureBuild({kind: kindFor(kernel, 'drivers'), release: kernelRelease(root), besides: [root], root: async () => root, report});
	}

	const {release, tree} = await labKernelTree(kernel, report);
	return ensureBuild({kind: kindFor(kernel, 'drivers'), release, root: async () => headers(tree, release, report), report});
}

// The same for any kernel of a tree, built by this vfctl from the sources as they are; `besides` tells kernels of one
// release apart.
export async function ensureBuild({kind, release, besides = [], root, report}: {kind: string; release: string; besides?: readonly string[]; root: () => Promise<string>; report: Report}): Promise<string> {
	const directory = await cacheEntry({
		kind,
		key: contentHash(release, ...besides, ...sources.map(name => sourceFiles(name))),
		report,
		async build(entry) {
			const tree = await root();
			await stage(report, `PF drivers for ${release}`, async () => buildInTree(tree, {release, directory: entry}));
		},
	});
	return path.join(directory, 'drivers', release);
}

async function headers(tree: KernelTree, release: string, report: Report): Promise<string> {
	try {
		return await ensureKernelTree(tree, report);
	} catch (error) {
		throw error instanceof LabError ? new LabError(error.message, {
			why: `${error.why ?? ''}\nDebian may have a newer kernel by now than the lab's tree, ${release}`,
			fix: 'npm run lab -- up --fresh', cause: error,
		}) : error;
	}
}

// Paths and contents of the files below a directory of the repository, or of one file.
function sourceFiles(name: string): string[] {
	const full = path.join(repositoryDirectory, name);
	return statSync(full).isDirectory() ? readdirSync(full).sort().flatMap(entry => sourceFiles(path.join(name, entry))) : [name, readFileSync(full, 'utf8')];
}
