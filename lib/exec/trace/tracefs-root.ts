import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';

/** Where tracefs is mounted. Throws NOT_ROOT and UNSUPPORTED. */
export function tracefsRoot({files, caller}: Host): string {
	if (caller.uid !== 0) {
		throw new AppError('NOT_ROOT', 'the kernel\'s trace events are for root alone', {why: 'tracefs can be read by nobody else', fix: 'sudo vfctl trace ...'});
	}

	const root = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find(directory => files.exists(`${directory}/trace_clock`));
	if (root === undefined || !files.exists(`${root}/instances`)) {
		throw new AppError('UNSUPPORTED', 'this host does not show the kernel\'s trace events', {
			why: 'tracefs is not mounted, or the kernel is without it (CONFIG_TRACING)', fix: 'mount -t tracefs nodev /sys/kernel/tracing',
		});
	}

	return root;
}
