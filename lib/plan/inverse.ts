// Turns an action round: what puts the state back that the action found.
import type {Action} from './action.ts';

/** The actions that undo one action, in the order to run them; empty when it changed nothing. */
export function inverse(action: Action): Action[] {
	switch (action.kind) {
		case 'set-link':
		case 'set-numvfs':
		case 'set-autoprobe':
		case 'load-module':
		case 'bind':
		case 'set-vf':
		case 'own-mac':
		case 'write-file':
		case 'set-mtu':
		case 'set-filter':
		case 'set-route':
		case 'guest-file':
		case 'set-network':
		case 'set-lease':
		case 'kernel-arguments':
		case 'set-unit':
		case 'move-netdev':
		case 'set-irq-affinity':
		case 'set-rps':
		case 'set-hugepages':
		case 'set-feature':
		case 'set-steer':
		case 'install-modules':
		case 'swap-driver':
		case 'register-dkms':
		case 'set-forward':
		case 'set-relay':
		case 'set-switch-mode':
		case 'insert-module':
		case 'netns-network': {
			return [{...action, from: action.to, to: action.from} as Action];
		}

		case 'guest-network': {
			// What was switched off went away after (host-file/plan-guests.ts): it is plugged in just before.
			return [{...action, from: action.to, to: action.from, assumed: !action.to.up}];
		}

		case 'attach-device': {
			return [{...action, kind: 'detach-device'}];
		}

		case 'detach-device': {
			return [{...action, kind: 'attach-device'}];
		}

		case 'check-guest': {
			return [];
		}
	}
}

/** The actions that undo a list of actions, last one first. */
export function inverseAll(actions: readonly Action[]): Action[] {
	return actions.toReversed().flatMap(action => inverse(action));
}
