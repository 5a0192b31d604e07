import fs from 'node:fs/promises';
import path from 'node:path';
import {bootstrap, bootstrapCommand, type Recipe, suiteSources} from './bootstrap.ts';
import {cacheEntry} from './cache.ts';
import {contained} from './contained.ts';
import {contentHash} from './hash.ts';
import {LabError} from './errors.ts';
import {repositoryDirectory} from './paths.ts';
import {type Report, stage} from './progress.ts';
import {ANY_CODE, lastLines, run} from './run.ts';

// Everything `vfctl driver build` needs besides headers and source; Debian's node runs vfctl there.
const TOOLS: readonly string[] = ['coccinelle', 'gcc', 'kmod', 'make', 'nodejs', 'xz-utils'];

// A Debian tree that drivers for its kernel are built in. `packages` bring headers and source.
export type KernelTree = {name: string; suite: string; packages: readonly string[]; sources: readonly string[]};

// The tree for a kernel of the suite, by its release, or for the newest one.
export function kernelTree(suite: string, series: string, release = 'amd64'): KernelTree {
	return {name: series, suite, packages: [`linux-headers-${release}`, `linux-source-${series}`], sources: []};
}

// The tree for a kernel of an older suite, by its release: the older Node.js there does not run vfctl.
export function olderKernelTree(suite: string, older: string, series: string, release: string): KernelTree {
	return {...kernelTree(suite, series, release), name: `${older}-${series}`, sources: [...suiteSources(suite), ...suiteSources(older)]};
}

// The tree with the newest kernel of the suite's backports.
export function backportsTree(suite: string): KernelTree {
	return {
		name: `${suite}-backports`, suite,
		packages: ['linux-headers-amd64', 'linux-source'].map(name => `${name}/${suite}-backports`),
		sources: [...suiteSources(suite), `deb http://deb.debian.org/debian ${suite}-backports main`],
	};
}

// Where the program and the result are mounted.
export const MOUNT_POINTS: readonly string[] = ['mnt/vfctl', 'var/lib/vfctl'];

// The root of the tree, made by mmdebstrap when the cache has none.
export async function ensureKernelTree(tree: KernelTree, report: Report): Promise<string> {
	const directory = await cacheEntry({
		kind: `kernel-${tree.name}`,
		key: contentHash(bootstrapCommand(recipe(tree), 'TREE')),
		report,
		build: async entry => buildTree(tree, entry, report),
	});
	return path.join(directory, 'root');
}

export function recipe({suite, packages, sources}: KernelTree): Recipe {
	return {suite, packages: [...TOOLS, ...packages], sources};
}

async function buildTree(tree: KernelTree, entry: string, report: Report): Promise<void> {
	const root = path.join(entry, 'root');
	await stage(report, `Debian ${tree.suite} with ${tree.packages.join(' and ')} (mmdebstrap)`, async () => bootstrap(
		recipe(tree), root, {what: `mmdebstrap could not make the tree for the kernel ${tree.name}`},
	));
	for (const directory of MOUNT_POINTS) {
		await fs.mkdir(path.join(root, directory), {recursive: true});
	}
}

// The kernels that the tree has headers of.
export async function kernelsOf(root: string): Promise<string[]> {
	return (await fs.readdir(path.join(root, 'usr/lib/modules'))).sort();
}

const BUILD_MS = 1_800_000; // Two minutes on two quiet cores.

// The version of a package that is installed in the tree.
export async function versionInTree(root: string, name: string): Promise<string> {
	return (await run(['chroot', root, 'dpkg-query', '--show', '--showformat=${Version}', name], {timeoutMs: 30_000})).stdout;
}

// Runs this vfctl in the tree: builds the drivers for the kernel into `DIRECTORY/drivers/RELEASE`.
// Gives back what vfctl --json printed.
export async function buildInTree(root: string, {release, directory}: {release: string; directory: string}): Promise<unknown> {
	const script = [
		'mount --bind "$2" "$1/mnt/vfctl"', 'mount -o remount,bind,ro "$1/mnt/vfctl"', 'mount --bind "$3" "$1/var/lib/vfctl"',
		'mount -t proc proc "$1/proc"', 'mount --rbind /dev "$1/dev"',
		'exec chroot "$1" node /mnt/vfctl/dist/vfctl.cjs --json driver build --kernel "$4"',
	].join('\n');
	const what = `vfctl could not build the drivers for ${release}`;
	const {code, stdout, stderr} = await run([...contained, 'sh', '-ec', script, 'sh', root, repositoryDirectory, directory, release], {timeoutMs: BUILD_MS, ok: ANY_CODE, what});
	if (code !== 0) {
		throw new LabError(what, {why: lastLines(`${stderr}\n${stdout}`)});
	}

	return JSON.parse(stdout);
}
