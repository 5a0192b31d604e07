// vfctl's own kernel sources: which they are.
import {createHash} from 'node:crypto';
import {AppError} from '../../errors.ts';
import type {FileReader} from '../../host/host.ts';

const parts = ['module', 'include', 'forward', 'cocci'] as const;
// Not what a build by hand left among them.
const isSource = /(?:\.[ch]|\.cocci|\/Kbuild|\/Makefile)$/;

/** A digest of vfctl's kernel sources, so that a build of older ones is known as stale. Throws
 * NO_KERNEL_SOURCE when they are not there. */
export function digestOf(files: FileReader, kernelModule: string): string {
	const missing = parts.find(part => files.list(`${kernelModule}/${part}`).length === 0);
	if (missing !== undefined) {
		throw new AppError('NO_KERNEL_SOURCE', 'the sources of vfctl\'s kernel module are not there', {why: `${kernelModule}/${missing} is empty or missing`, fix: 'install vfctl again'});
	}

	const hash = createHash('sha256');
	for (const path of parts.flatMap(part => below(files, `${kernelModule}/${part}`)).filter(path => isSource.test(path))) {
		hash.update(`${path.slice(kernelModule.length)}\0${files.readText(path) ?? ''}\0`);
	}

	return hash.digest('hex');
}

function below(files: FileReader, path: string): string[] {
	const entries = files.list(path);
	return entries.length === 0 ? [path] : entries.flatMap(name => below(files, `${path}/${name}`));
}
