// A Debian to install the package in: the cached tree with a file system in memory over it, in
// namespaces without a network and without this machine's devices. Needs root and overlayfs.
import {spawnSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {packageTree, type PackageSuite} from './package-tree.ts';
import {untilReady} from './until-ready.ts';

export interface Said {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface PackageRoot {
	/** What runs a program inside; its words come behind. */
	readonly inside: readonly string[];
	/** Runs a program inside. */
	run(...argv: [string, ...string[]]): Said;
	/** Copies a file in; gives back its path inside. */
	put(file: string): string;
	/** Writes a text inside. */
	write(path: string, text: string): void;
	/** The text of a file inside, or undefined. */
	read(path: string): string | undefined;
	/** Every file with its kind, mode, target and digest, but for logs, caches and what dpkg keeps about its work. */
	files(): readonly string[];
	stop(): void;
}

const quiet = {LC_ALL: 'C.UTF-8', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', DEBIAN_FRONTEND: 'noninteractive'};

/** Starts one of the release that the package is for, or of another; rejects with what the tools said. */
export async function startPackageRoot(suite?: PackageSuite): Promise<PackageRoot> {
	return startRoot(await packageTree(suite));
}

/** Starts one of any tree, to which nothing is written. */
export async function startRoot(tree: string): Promise<PackageRoot> {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-root-'));
	const script = [
		'mount -t tmpfs -o mode=0755 tmpfs "$2"', 'cd "$2"', 'mkdir upper work root',
		'mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay root',
		'mount -t proc proc root/proc', 'mount -t devpts -o newinstance,ptmxmode=0666 devpts root/dev/pts', 'mount -t tmpfs tmpfs root/run', 'mkdir root/run/packages', 'echo ready', 'exec sleep 3600',
	];
	const child = await untilReady(['--mount', '--net', '--uts', '--ipc', '--pid', '--fork', '--kill-child'], script, {parameters: [tree, directory], missing: 'no root to install in (it needs root and overlayfs)'});
	// unshare's only child is process 1 of the namespaces.
	const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
	const pathOf = (path: string) => join('/proc', pid, 'root', directory, 'root', path);
	const inside = ['nsenter', '--target', pid, '--mount', '--net', '--uts', '--ipc', '--pid', 'chroot', join(directory, 'root')];
	const run = (...argv: [string, ...string[]]): Said => spawnSync(inside[0]!, [...inside.slice(1), ...argv], {encoding: 'utf8', env: quiet, maxBuffer: 1 << 28, input: ''});

	return {
		inside,
		run,
		put(file) {
			copyFileSync(file, pathOf(`run/packages/${basename(file)}`));
			return `/run/packages/${basename(file)}`;
		},
		write(path, text) {
			writeFileSync(pathOf(path), text);
		},
		read: path => existsSync(pathOf(path)) ? readFileSync(pathOf(path), 'utf8') : undefined,
		files: () => listing(run),
		stop() {
			child.kill('SIGKILL');
			rmSync(directory, {recursive: true, force: true});
		},
	};
}

const work = ['/proc', '/run', '/tmp', '/var/log', '/var/cache', '/var/lib/dpkg/status*', '/var/lib/dpkg/*lock*', '/var/lib/dpkg/triggers', '/var/lib/apt', '/var/lib/systemd/catalog'];

function listing(run: PackageRoot['run']): readonly string[] {
	const skipped = work.flatMap(path => ['-path', path, '-prune', '-o']);
	const {stdout: files} = run('find', '/', ...skipped, '-printf', String.raw`%p %y %m %U:%G %l\n`);
	// dpkg writes the lists of other packages anew, without what was kept out of the tree.
	const {stdout: sums} = run('find', '/', ...skipped, '-type', 'f', '-not', '-path', '/var/lib/dpkg/info/*.list', '-exec', 'sha256sum', '{}', '+');
	return [...files.split('\n'), ...sums.split('\n').map(line => line.split('  ').reverse().join(' '))].sort();
}
