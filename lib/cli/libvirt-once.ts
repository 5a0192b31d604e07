// One libvirt connection for a whole command, opened when it is first needed.
import {AppError} from '../errors.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {CommandContext} from './context.ts';

export interface LibvirtOnce {
	/** The connection; rejects with LIBVIRT_MISSING or LIBVIRT_UNREACHABLE. */
	get(): Promise<Libvirt>;
	/** The connection, or the error that opening gave: a host without libvirt can still be looked at. */
	tryGet(): Promise<Libvirt | AppError>;
	close(): Promise<void>;
}

/** The connection of a command; a failed attempt is remembered, so that it is made once. */
export function libvirtOnce({host, options}: CommandContext): LibvirtOnce {
	let opened: Promise<Libvirt> | undefined;
	const get = async () => {
		opened ??= host.openLibvirt(options.connect);
		return opened;
	};

	return {
		get,
		async tryGet() {
			try {
				return await get();
			} catch (error) {
				if (error instanceof AppError) {
					return error;
				}

				throw error;
			}
		},
		async close() {
			const last = opened;
			opened = undefined;
			// An open that failed has nothing to close.
			const libvirt = await last?.catch(() => undefined);
			await libvirt?.close();
		},
	};
}
