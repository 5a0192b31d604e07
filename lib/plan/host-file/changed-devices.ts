// What a plan changes so much that facts read before it are no longer true.
import type {Bdf} from '../../model/bdf.ts';
import type {Action} from '../action.ts';
import type {Fold} from './fold.ts';

/** Devices whose driver is bound, or whose interface is set up, by what was planned so far. Another
 * number of VFs gives PFs other queues, too (seen with igb). */
export function changedDevices({actions, inventory}: Fold): Set<Bdf> {
	return new Set(actions.flatMap((action: Action): Array<Bdf | null> => {
		switch (action.kind) {
			case 'set-numvfs': {
				return [action.pf, ...inventory.pfs.find(({bdf}) => bdf === action.pf)?.vfs.map(({bdf}) => bdf) ?? []];
			}

			case 'set-link':
			case 'set-mtu': {
				return [inventory.netdevs.get(action.netdev)?.bdf ?? null];
			}

			case 'set-vf': {
				return action.reload ? [action.bdf] : [];
			}

			case 'bind': {
				return [action.bdf];
			}

			// It resets most cards.
			case 'set-feature': {
				return [action.pf];
			}

			case 'attach-device':
			case 'detach-device': {
				return [action.source];
			}

			default: {
				return [];
			}
		}
	}).filter(bdf => bdf !== null));
}
