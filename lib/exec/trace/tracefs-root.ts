import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {tracefsDirectory} from '../../sysfs/trace-instances.ts';

/** Where tracefs is mounted. Throws NOT_ROOT and UNSUPPORTED. */
export function tracefsRoot({files, caller}: Host): string {
	if (caller.uid !== 0) {
		throw new AppError('NOT_ROOT', 'the kernel\'s trace events are for root alone', {why: 'tracefs can be read by nobody else', fix: 'sudo vfctl trace ...'});
	}

	const root = tracefsDirectory(files);
	if (root === undefined) {
		throw new AppError('UNSUPPORTED', 'this host does not show the kernel\'s trace events', {
			why: 'tracefs is not mounted, or the kernel is without it (CONFIG_TRACING)', fix: 'mount -t tracefs nodev /sys/kernel/tracing',
		});
	}

	return root;
}
