// The files in a running guest that keep an interface's settings over its restarts.
import {AppError, errorSentence} from '../errors.ts';
import {addRoute, removeRoute, routesOf} from '../formats/guest-file-route.ts';
import {renderGuestFile} from '../formats/guest-file.ts';
import type {WrittenFormat} from '../formats/parse-guest-file.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {GuestFile} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import type {KeptRoutes} from '../plan/plan-guest-route.ts';
import {readGuestFile} from './guest-files.ts';

/** A file that has a name of ours, as it is in the guest; somebody may have edited it. */
export type NamedGuestFile = GuestFile & {readonly format: WrittenFormat};

const formats: readonly WrittenFormat[] = ['netplan', 'networkd', 'networkmanager'];
const nothing = {addresses: [], routes: [], mtuBytes: null, nameservers: []};

/** Those that are there, for the interface with the MAC. Throws NO_AGENT, UNSUPPORTED or STEP_FAILED. */
export async function readNamedGuestFiles(libvirt: Libvirt, uuid: string, mac: Mac): Promise<NamedGuestFile[]> {
	const found: NamedGuestFile[] = [];
	for (const format of formats) {
		const {path, mode} = renderGuestFile(format, {mac, network: nothing});
		const text = await readGuestFile(libvirt, uuid, path);
		found.push(...text === null ? [] : [{format, path, mode, text}]);
	}

	return found;
}

/** The files as planning a route needs them, or why they cannot be read. */
export async function readKeptRoutes(libvirt: Libvirt, uuid: string, mac: Mac): Promise<KeptRoutes[] | string> {
	try {
		return (await readNamedGuestFiles(libvirt, uuid, mac)).map(({format, path, mode, text}) => ({
			path, mode, text,
			routes: routesOf({format, mac, text}) ?? null,
			with: route => addRoute({format, mac, text}, route) ?? text,
			without: route => removeRoute({format, mac, text}, route) ?? text,
		}));
	} catch (error) {
		if (error instanceof AppError && ['NO_AGENT', 'UNSUPPORTED', 'STEP_FAILED'].includes(error.code)) {
			return errorSentence(error);
		}

		throw error;
	}
}
