// Where the source of a kernel's drivers is.
import {AppError} from '../../errors.ts';
import type {FileReader} from '../../host/host.ts';
import type {PfDriver} from '../../model/driver-build.ts';
import {kernelVersionText} from '../../model/kernel-version.ts';
import type {KernelHeaders} from './read-headers.ts';

export interface KernelSource {
	path: string;
	kind: 'tree' | 'tarball';
}

const tarballs = /\.tar(?:\.(?:xz|gz|bz2|zst))?$/;

/** Directory of a driver in a kernel tree. */
export function driverPath(driver: PfDriver): string {
	return `drivers/net/ethernet/intel/${driver}`;
}

/** The source that was named, or what the distribution's package has put in /usr/src, or the tree
 * that the kernel was built in. Throws NO_KERNEL_SOURCE. */
export function findSource(files: FileReader, headers: KernelHeaders, given: string | undefined): KernelSource {
	if (given !== undefined) {
		return givenSource(files, given);
	}

	const {kernel, version: {major, minor}} = headers;
	const series = `${major}.${minor}`;
	const found = packaged(files, series, kernelVersionText(headers.version))
		?? [`/lib/modules/${kernel}/source`, `/lib/modules/${kernel}/build`].find(path => isTree(files, path));
	if (found === undefined) {
		throw new AppError('NO_KERNEL_SOURCE', `the source of ${kernel} is not installed`, {
			why: `/usr/src has no linux-source-${series}, and the headers have no drivers`,
			fix: `apt install linux-source-${series}, or name a kernel tree or tarball: --source DIR`,
		});
	}

	return {path: found, kind: tarballs.test(found) ? 'tarball' : 'tree'};
}

function givenSource(files: FileReader, given: string): KernelSource {
	if (isTree(files, given)) {
		return {path: given, kind: 'tree'};
	}

	if (tarballs.test(given) && files.exists(given) && files.list(given).length === 0) {
		return {path: given, kind: 'tarball'};
	}

	throw new AppError('NO_KERNEL_SOURCE', `${given} is no source of a kernel`, {
		why: !files.exists(given) ? 'there is no such file or directory'
			: tarballs.test(given) ? 'it is a directory with the name of a tarball'
				: 'it is neither a tarball (.tar, .tar.xz, .tar.gz, .tar.bz2, .tar.zst) nor a directory with Makefile and drivers/net/ethernet/intel',
		fix: 'name the top directory of a kernel tree, or its tarball',
	});
}

function isTree(files: FileReader, path: string): boolean {
	return files.exists(`${path}/Makefile`) && files.list(`${path}/drivers/net/ethernet/intel`).length > 0;
}

/** Debian has /usr/src/linux-source-6.1.tar.xz, Ubuntu /usr/src/linux-source-6.8.0/linux-source-6.8.0.tar.bz2.
 * The one named for the exact version first. */
function packaged(files: FileReader, series: string, version: string): string | undefined {
	const candidates = files.list('/usr/src').filter(name => name === `linux-source-${series}` || name.startsWith(`linux-source-${series}.`)).map(name => `/usr/src/${name}`)
		.flatMap(path => tarballs.test(path) || isTree(files, path) ? [path] : files.list(path).filter(name => tarballs.test(name)).map(name => `${path}/${name}`))
		.filter(path => /\/linux-source-\d+\.\d+(?:\.\d+)?(?:\.tar\.\w+|)$/.test(path));
	return candidates.find(path => path.includes(`linux-source-${version}`)) ?? candidates[0];
}
