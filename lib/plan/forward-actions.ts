// Passing frames on between the VFs of one card: the module, and the PFs that it does it for.
import type {Bdf} from '../model/bdf.ts';
import type {forwardModule} from '../model/driver-build.ts';
import {noRelay, type SwitchMode} from '../model/forward.ts';
import {quote} from '../model/shell-word.ts';

/** Switches it on or off for the VFs of a PF. The module is loaded before. */
export interface SetForwardAction {
	kind: 'set-forward';
	pf: Bdf;
	pfNetdev: string | null;
	from: boolean;
	to: boolean;
}

/** Puts a PF that forwarding is on for into a group whose frames are relayed, or takes it out. */
export interface SetRelayAction {
	kind: 'set-relay';
	pf: Bdf;
	pfNetdev: string | null;
	/** Name of the group; null: none. */
	from: string | null;
	to: string | null;
}

/** How the card's own switch works. */
export interface SetSwitchModeAction {
	kind: 'set-switch-mode';
	pf: Bdf;
	netdev: string;
	from: SwitchMode;
	to: SwitchMode;
}

/** As `bridge` wants it. */
export function switchModeCommand({netdev, to}: Pick<SetSwitchModeAction, 'netdev' | 'to'>): [string, ...string[]] {
	return ['bridge', 'link', 'set', 'dev', netdev, 'hwmode', to];
}

/** Loads a module of vfctl from the file that was built, where it is not installed (`load-module` is
 * for what modprobe finds); the inverse unloads it when nothing uses it. */
export interface InsertModuleAction {
	kind: 'insert-module';
	module: typeof forwardModule;
	path: string;
	sha256: string;
	/** The module that it calls, where that is not loaded yet: loaded before, and unloaded after it. */
	hub: {path: string; sha256: string} | null;
	from: 'absent' | 'loaded';
	to: 'absent' | 'loaded';
}

/** Shell lines equivalent to the action. */
export function forwardEquivalent(action: SetForwardAction | SetRelayAction | SetSwitchModeAction | InsertModuleAction): string[] {
	if (action.kind === 'set-switch-mode') {
		return [switchModeCommand(action).map(word => quote(word)).join(' ')];
	}

	if (action.kind === 'set-relay') {
		return [`echo ${action.pf} ${action.to ?? noRelay} > /sys/kernel/vfctl/forward/relay`];
	}

	if (action.kind === 'set-forward') {
		return [`echo ${action.pf} > /sys/kernel/vfctl/forward/${action.to ? 'add' : 'remove'}`];
	}

	const {module, path, hub, to} = action;
	return to === 'loaded'
		? [...hub === null ? [] : [`insmod ${quote(hub.path)}`], `insmod ${quote(path)}`]
		: [`rmmod ${module}`, ...hub === null ? [] : ['rmmod vfctl_pf']];
}
