// Files that were written in a guest for an interface, put back by the detach.
import type {Action, GuestFileAction, GuestRef} from './action.ts';

/** Removes the files that are vfctl's alone, whatever they say by now: the interface is gone. Other
 * files get their former content back when nobody changed them since. `current` has what is in the
 * guest, and lacks what cannot be read. */
export function restoreGuestFiles(guest: GuestRef, attachActions: readonly Action[], current: ReadonlyMap<string, string | null>): {actions: Action[]; warnings: string[]} {
	const written = attachActions.filter((action): action is GuestFileAction => action.kind === 'guest-file');
	const actions: Action[] = [];
	const warnings: string[] = [];
	for (const path of new Set([...written.map(action => action.path), ...current.keys()])) {
		const first = written.find(action => action.path === path);
		const last = written.findLast(action => action.path === path);
		const [before, from] = [first?.from ?? null, current.get(path)];
		if (from === undefined) {
			warnings.push(`${path} stays in ${guest.name}: its guest agent cannot be asked`);
		} else if (from !== before && (path.includes('vfctl-') || from === last?.to)) {
			actions.push({kind: 'guest-file', guest, path, from, to: before, mode: first?.mode ?? 0o600});
		} else if (from !== before) {
			warnings.push(`${path} stays as it is in ${guest.name}: someone changed it since`);
		}
	}

	return {actions, warnings};
}
