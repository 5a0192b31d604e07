// The things that `vfctl persist` sets, each with its reason.
import type {Action, WriteFileAction} from '../action.ts';

export const persistItems = ['kernel-arguments', 'modules', 'network-managers', 'unit', 'host-file'] as const;
export type PersistItem = typeof persistItems[number];

export interface ItemState {
	readonly item: PersistItem;
	/** `after-reboot`: set, and not yet in effect. `by-hand`: vfctl cannot set it here. */
	readonly state: 'set' | 'after-reboot' | 'missing' | 'not-needed' | 'by-hand';
	/** What is so, and why it matters. */
	readonly why: string;
	/** What sets it; empty when it is set. */
	readonly actions: readonly Action[];
	/** What the admin should know. */
	readonly warnings: readonly string[];
}

/** Writes a file, when it does not say that already. */
export function write(path: string, from: string | null, to: string | null, then: readonly string[] | null): WriteFileAction[] {
	return from === to ? [] : [{kind: 'write-file', path, from, to, then}];
}

/** `set` or `missing`, by whether something is to be done. */
export function itemState(item: PersistItem, actions: readonly Action[], {set, missing}: {set: string; missing: string}, warnings: readonly string[] = []): ItemState {
	return {item, state: actions.length === 0 ? 'set' : 'missing', why: actions.length === 0 ? set : missing, actions, warnings};
}
