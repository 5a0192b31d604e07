// A kernel that checks itself: Debian's source of the lab's usual kernel with KASAN, lockdep, kmemleak and others of
// debug-kernel.config, for docs/forward-debug-kernel.md.
import {readdirSync, readFileSync} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import {bootstrap, bootstrapCommand} from './bootstrap.ts';
import {cacheEntry} from './cache.ts';
import {contained} from './contained.ts';
import {contentHash} from './hash.ts';
import {kernelTree, recipe, MOUNT_POINTS} from './kernel-tree.ts';
import {SUITE} from './kernels.ts';
import {repositoryDirectory} from './paths.ts';
import {type Report, stage} from './progress.ts';
import {run} from './run.ts';
import {ensureTree, kernelRelease, type Tree, treeIn} from './tree.ts';

const SERIES = '6.12';
const BUILD_MS = 7_200_000; // Half an hour on two cores that others use too.
// What make needs besides what modules need: objtool, Kconfig, headers.
const TOOLS: readonly string[] = ['bc', 'bison', 'flex', 'libelf-dev'];
const configFile = path.join(repositoryDirectory, 'lab/debug-kernel.config');

// In the tree, with the configuration at /tmp/config. What is left of the sources is what building modules needs.
const BUILD = `
	mkdir /usr/src/building
	cd /usr/src/building
	tar --extract --file=/usr/src/linux-source-${SERIES}.tar.xz --strip-components=1
	KCONFIG_ALLCONFIG=/tmp/config make --silent allnoconfig
	grep ^CONFIG_ /tmp/config | while read -r line; do
		grep -qxF "$line" .config || { echo "this series does not know, or not in this way: $line" >&2; exit 1; }
	done
	nice make --silent --jobs="$(nproc)" bzImage modules
	make --silent INSTALL_MOD_PATH=/usr INSTALL_MOD_STRIP=1 modules_install
	release=$(make --silent kernelrelease)
	cp arch/x86/boot/bzImage "/boot/vmlinuz-$release"
	find . -name '*.o' ! -path './tools/objtool/*' ! -path './scripts/*' -delete
	find . \\( -name '*.c' -o -name '*.ko' -o -name '.*.cmd' -o -name 'vmlinux*' \\) ! -path './tools/*' ! -path './scripts/*' -delete
	rm -rf Documentation drivers fs/*/ sound tools/testing tools/perf
	cd ..
	mv building "linux-headers-$release"
	ln -sfn "/usr/src/linux-headers-$release" "/usr/lib/modules/$release/build"
`;

const tree = {...kernelTree(SUITE, SERIES), name: 'debug', packages: [...TOOLS, `linux-source-${SERIES}`]};

// The tree that the kernel was built in: /boot has it, /usr/lib/modules its modules, and drivers can be built for it.
export async function ensureDebugKernel(report: Report): Promise<string> {
	const directory = await cacheEntry({
		kind: 'kernel-debug',
		key: contentHash(bootstrapCommand(recipe(tree), 'TREE'), readFileSync(configFile, 'utf8'), BUILD),
		report,
		build: async entry => buildKernel(path.join(entry, 'root'), report),
	});
	return path.join(directory, 'root');
}

async function buildKernel(root: string, report: Report): Promise<void> {
	await stage(report, `Debian ${SUITE} with ${tree.packages.join(' and ')} (mmdebstrap)`, async () => bootstrap(recipe(tree), root, {what: 'mmdebstrap could not make the tree for the debug kernel'}));
	await fs.copyFile(configFile, path.join(root, 'tmp/config'));
	await stage(report, 'kernel that checks itself', async () => run(
		[...contained, 'sh', '-ec', 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; exec chroot "$1" sh -ec "$2"', 'sh', root, BUILD],
		{timeoutMs: BUILD_MS, what: 'the debug kernel could not be built'},
	));
	await Promise.all(MOUNT_POINTS.map(async directory => fs.mkdir(path.join(root, directory), {recursive: true})));
}

// The lab's usual tree with this kernel in place of its own.
export async function ensureDebugTree(report: Report): Promise<Tree> {
	const [usual, kernel] = [await ensureTree(undefined, report), await ensureDebugKernel(report)];
	const directory = await cacheEntry({
		kind: 'debug-tree',
		key: contentHash(path.basename(usual.directory), path.basename(path.dirname(kernel)), readFileSync(import.meta.filename, 'utf8')),
		report,
		build: async entry => stage(report, 'tree with the debug kernel', async () => changeKernel(entry, usual.root, kernel)),
	});
	return treeIn(directory, 'debug');
}

async function changeKernel(entry: string, usual: string, kernel: string): Promise<void> {
	const [root, release] = [path.join(entry, 'root'), kernelRelease(kernel)];
	// A lab that runs has its state mounted below, and /dev and /proc.
	await run(['cp', '--archive', '--one-file-system', usual, root], {timeoutMs: 300_000});
	await fs.rm(path.join(root, 'usr/lib/modules'), {recursive: true});
	await Promise.all(readdirSync(path.join(root, 'boot')).filter(name => name.endsWith(kernelRelease(usual))).map(async name => fs.rm(path.join(root, 'boot', name))));
	await fs.mkdir(path.join(root, 'usr/lib/modules'));
	await run(['cp', '--archive', path.join(kernel, 'usr/lib/modules', release), path.join(root, 'usr/lib/modules')], {timeoutMs: 60_000});
	// Not the ELF kernel: PVH calls memcmp() before KASAN has its shadow, and that is a triple fault (lib/string.c is checked).
	await fs.copyFile(path.join(kernel, 'boot', `vmlinuz-${release}`), path.join(root, 'lab/vmlinux'));
	await run(['mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', root, path.join(entry, 'root.ext4'), '2G'], {timeoutMs: 300_000, what: 'mke2fs could not make the disk of the emulated host'});
}
