// The host without libvirt: what runs before libvirt's daemon at boot must not ask it. The daemon
// is started by the question, waits for the unit that asks, and both wait.
import {AppError} from '../errors.ts';
import type {CommandContext} from './context.ts';

/** The same context; libvirt gives LIBVIRT_UNREACHABLE at once. */
export function withoutLibvirt(context: CommandContext): CommandContext {
	const {host} = context;
	return {
		...context,
		host: {
			name: host.name,
			files: host.files,
			runner: host.runner,
			clock: host.clock,
			caller: host.caller,
			async openLibvirt() {
				throw new AppError('LIBVIRT_UNREACHABLE', 'libvirt is not asked', {why: '--boot works before libvirt has started', fix: 'leave --boot out'});
			},
		},
	};
}
