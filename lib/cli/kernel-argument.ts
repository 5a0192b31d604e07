// The kernel that a command is about.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {isKernelRelease} from '../model/kernel-version.ts';

/** The kernel that was named, or the one that runs. Throws USAGE for what is no release. */
export function kernelArgument({files}: Host, named: string | undefined): string {
	const kernel = named ?? files.readText('/proc/sys/kernel/osrelease')?.trim() ?? '';
	if (!isKernelRelease(kernel)) {
		throw new AppError('USAGE', `'${kernel}' is not the release of a kernel`, {why: 'it is what `uname -r` prints', fix: 'ls /lib/modules'});
	}

	return kernel;
}
