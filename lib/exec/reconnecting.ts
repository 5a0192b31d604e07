// A libvirt connection for putting things back after the first one may have broken.
import {AppError} from '../errors.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {RunContext} from './run-context.ts';

export interface Reconnecting {
	libvirt(): Promise<Libvirt>;
	/** Closes what was opened here. */
	close(): Promise<void>;
}

/** The connection of the run as long as it answers, otherwise a new one to the same libvirt. */
export function reconnecting({host, libvirt}: Pick<RunContext, 'host' | 'libvirt'>): Reconnecting {
	let chosen: Promise<Libvirt> | undefined;
	let fresh: Libvirt | undefined;
	const choose = async () => {
		const first = await libvirt();
		try {
			await first.version();
			return first;
		} catch (error) {
			if (!(error instanceof AppError)) {
				throw error;
			}
		}

		fresh = await host.openLibvirt(first.uri);
		return fresh;
	};

	return {
		async libvirt() {
			chosen ??= choose();
			try {
				return await chosen;
			} catch (error) {
				chosen = undefined;
				throw error;
			}
		},
		async close() {
			await fresh?.close().catch(() => {});
		},
	};
}
