// Files for the inside of a guest, to be put there by hand.
import type {GuestFile} from '../model/guest-network.ts';

/** Each file below its path and mode. */
export function guestFilesText(files: readonly GuestFile[]): string {
	return files.map(({path, mode, text}) => `--- ${path} (mode ${mode.toString(8).padStart(4, '0')})\n${text.trimEnd()}`).join('\n');
}
