// Files in a running guest that vfctl wrote for one interface.
import {AppError} from '../errors.ts';
import {fileComment} from '../formats/guest-file-content.ts';
import {guestFilePath} from '../formats/guest-file.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {Guest} from '../model/domain.ts';
import {guestFileFormats} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import type {Action} from '../plan/action.ts';
import {readGuestFile} from './guest-files.ts';

/** Those of the attach's actions, and those that have a name and first line of ours: an apply or a
 * later attach may have written them. Without an agent that answers nothing is known. */
export async function readWrittenGuestFiles(libvirt: Libvirt, {uuid, live}: Guest, mac: Mac | null, attachActions: readonly Action[]): Promise<Map<string, string | null>> {
	const found = new Map<string, string | null>();
	if (live?.agent !== 'connected') {
		return found;
	}

	try {
		for (const path of attachActions.flatMap(action => action.kind === 'guest-file' ? [action.path] : [])) {
			found.set(path, await readGuestFile(libvirt, uuid, path));
		}

		for (const format of mac === null ? [] : guestFileFormats.filter(one => one !== 'cloud-init')) {
			const path = guestFilePath(format, mac!);
			const text = found.has(path) ? null : await readGuestFile(libvirt, uuid, path);
			if (text?.startsWith(fileComment)) {
				found.set(path, text);
			}
		}
	} catch (error) {
		if (!(error instanceof AppError) || !['NO_AGENT', 'UNSUPPORTED', 'STEP_FAILED'].includes(error.code)) {
			throw error;
		}
	}

	return found;
}
