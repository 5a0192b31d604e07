// vfctl driver status
import {digestOf} from '../../exec/driver/own-sources.ts';
import {readDriverStatus} from '../../exec/driver/read-driver-status.ts';
import {AppError} from '../../errors.ts';
import {driverStatusText} from '../../render/driver-status-text.ts';
import type {CommandContext} from '../context.ts';
import {kernelArgument} from '../kernel-argument.ts';
import {ownKernelModule} from '../own-kernel-module.ts';

/** Shows which PF drivers are loaded, would be loaded, and are built. */
export async function runStatus({host, out}: CommandContext, {kernel}: {kernel?: string | undefined}): Promise<void> {
	const status = await readDriverStatus(host, {kernel: kernelArgument(host, kernel), sources: host.name === 'live' ? await ownDigest() : null});
	out.result(driverStatusText(status), {host: host.name, ...status});
}

/** Digest of the kernel sources of this vfctl; null where they are not. */
export async function ownDigest(): Promise<string | null> {
	const {realFiles} = await import('../../host/real-files.ts');
	try {
		return digestOf(realFiles(), ownKernelModule());
	} catch (error) {
		if (error instanceof AppError) {
			return null;
		}

		throw error;
	}
}
