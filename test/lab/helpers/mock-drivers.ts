// The modules for a machine with the mock 82599 (kernel-module/mock): vfctl_fwd, ixgbe as the distribution has
// it and as vfctl makes it, and ixgbevf, these built so that their registers are the mock's.
import {cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync} from 'node:fs';
import path from 'node:path';
import {cacheEntry} from '../../../lab/cache.ts';
import {contentHash, directoryContent} from '../../../lab/hash.ts';
import {type Report, stage} from '../../../lab/progress.ts';
import {run} from '../../../lab/run.ts';
import {applyPatches} from '../../../lib/exec/driver/apply-patches.ts';
import {readHeaders} from '../../../lib/exec/driver/read-headers.ts';
import {realHost} from '../../../lib/host/real-host.ts';

export interface MockKernel {
	/** Release, as `uname -r` tells it. */
	release: string;
	/** Directory with vmlinuz and, in the order in which they are loaded, `modules`. */
	directory: string;
}

/** What ixgbe and the tests need of the kernel, in the order in which it is loaded. Some of it is built
 * into some kernels. */
export const needed = ['libphy', 'mdio', 'mdio_devres', 'dca', 'xfrm_algo', 'llc', 'stp', 'garp', 'mrp', '8021q', 'macvlan'];
const intel = 'drivers/net/ethernet/intel';
const buildMs = 1_200_000;

/** Releases of a series whose headers and source are installed on this machine, newest last. */
export function buildableReleases(series: string): string[] {
	const sources = readdirSync('/usr/src').includes(`linux-source-${series}.tar.xz`);
	return sources ? readdirSync('/usr/src').flatMap(name => new RegExp(`^linux-headers-(${series.replace('.', '\\.')}\\.[\\d]+(?:-|\\+).*amd64)$`).exec(name)?.[1] ?? []).filter(release => !/cloud|rt/.test(release)) : [];
}

/** Builds them when the cache has none, and fetches the kernel itself. */
export async function mockKernel(release: string, series: string, report: Report): Promise<MockKernel> {
	const tarball = `/usr/src/linux-source-${series}.tar.xz`;
	const directory = await cacheEntry({
		kind: `mock-${series}`,
		key: contentHash(release, String(statSync(tarball).size), ...['module', 'include', 'mock', 'forward', 'cocci/ixgbe'].map(name => directoryContent(`kernel-module/${name}`)), readFileSync(import.meta.filename, 'utf8')),
		report,
		build: async entry => {
			await stage(report, `kernel ${release}`, async () => fetchKernel(entry, release));
			await stage(report, `ixgbe, rebuilt ixgbe and ixgbevf of ${release} for the mock`, async () => buildModules(entry, release, tarball));
		},
	});
	return {release, directory};
}

async function fetchKernel(entry: string, release: string): Promise<void> {
	const scratch = path.join(entry, 'package');
	mkdirSync(scratch);
	await run(['sh', '-c', 'cd "$1" && apt-get --quiet=2 download "linux-image-$2" && dpkg-deb --extract *.deb .', 'sh', scratch, release], {timeoutMs: buildMs, what: `the kernel ${release} cannot be fetched`});
	renameSync(path.join(scratch, 'boot', `vmlinuz-${release}`), path.join(entry, 'vmlinuz'));
	mkdirSync(path.join(entry, 'modules'));
	await run(['sh', '-c', `for name in ${needed.join(' ')}; do
		file=$(find "$1/lib/modules" -name "$name.ko*" | head -n 1)
		case $file in *.xz) xz --decompress --stdout "$file" >"$2/$name.ko";; *.ko) cp "$file" "$2/$name.ko";; esac
	done`, 'sh', scratch, path.join(entry, 'modules')], {timeoutMs: 60_000});
	rmSync(scratch, {recursive: true});
}

async function buildModules(entry: string, release: string, tarball: string): Promise<void> {
	const work = path.join(entry, 'work');
	mkdirSync(work);
	await run(['tar', '--extract', '--file', tarball, '--directory', work, '--strip-components=5', '--wildcards', `*/${intel}/ixgbe`, `*/${intel}/ixgbevf`], {timeoutMs: buildMs});
	cpSync(path.join(work, 'ixgbe'), path.join(work, 'ours'), {recursive: true});
	for (const name of ['module', 'include', 'mock', 'forward']) {
		cpSync(`kernel-module/${name}`, path.join(work, name), {recursive: true});
	}

	const host = realHost();
	const headers = readHeaders(host.files, release);
	await applyPatches({host, signal: undefined}, {driver: 'ixgbe', patches: path.resolve('kernel-module/cocci/ixgbe'), sources: path.join(work, 'ours'), version: release});
	const make = async (name: string, ...variables: string[]): Promise<void> => {
		await run(['make', '--silent', '--jobs=2', `--directory=${headers.directory}`, `M=${work}/${name}`, ...variables, 'modules'], {timeoutMs: buildMs, what: `${name} cannot be built for ${release}`});
	};

	await make('module');
	await make('mock');
	await make('forward', `KBUILD_EXTRA_SYMBOLS=${work}/module/Module.symvers`);
	const modules = path.join(entry, 'modules');
	for (const [name, built, as] of [['module', 'vfctl_pf', 'vfctl_pf'], ['mock', 'mock82599', 'mock82599'], ['forward', 'vfctl_fwd', 'vfctl_fwd'], ['ixgbe', 'ixgbe', 'ixgbe-stock'], ['ours', 'ixgbe', 'ixgbe-ours'], ['ixgbevf', 'ixgbevf', 'ixgbevf']] as const) {
		if (name.startsWith('ixgbe') || name === 'ours') {
			await make(name, 'CONFIG_IXGBE=m', 'CONFIG_IXGBEVF=m', `KCFLAGS=-I${work}/include -include ${work}/mock/mock_io.h`, `KBUILD_EXTRA_SYMBOLS=${work}/module/Module.symvers ${work}/mock/Module.symvers`);
		}

		await run(['strip', '--strip-debug', '-o', path.join(modules, `${as}.ko`), path.join(work, name, `${built}.ko`)], {timeoutMs: 60_000});
	}

	rmSync(work, {recursive: true});
}
