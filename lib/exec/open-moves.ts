// Which moves of interfaces to network namespaces are not taken back.
import type {Bdf} from '../model/bdf.ts';
import type {MoveNetdevAction} from '../plan/netns-actions.ts';
import {doneActions, type Operation} from './operation.ts';

export interface OpenMove {
	operation: Operation;
	move: MoveNetdevAction;
}

/** The last move of each device to a namespace, when nothing that was done since ended it: a way
 * back, a detach that found it home already, or a guest that got the device. */
export function openMoves(operations: readonly Operation[]): Map<Bdf, OpenMove> {
	const open = new Map<Bdf, OpenMove>();
	for (const operation of operations) {
		if (operation.outcome !== 'done') {
			continue;
		}

		for (const action of doneActions(operation)) {
			if (action.kind === 'move-netdev' && action.to.netns !== null) {
				open.delete(action.bdf);
				open.set(action.bdf, {operation, move: action});
			} else if (action.kind === 'move-netdev') {
				open.delete(action.bdf);
			} else if (action.kind === 'attach-device' && action.source !== null) {
				open.delete(action.source);
			}
		}

		for (const bdf of takenBack(operation)) {
			open.delete(bdf);
		}
	}

	return open;
}

/** Devices of a detach: nothing is left to put back, even where nothing had to be moved. */
function takenBack({header}: Operation): Bdf[] {
	const {command, vf, pf, vfs = []} = header?.plan.subject ?? {};
	const device = vf ?? pf;
	return command !== 'netns-detach' ? [] : vfs.length > 0 ? [...vfs] : device === undefined ? [] : [device];
}
