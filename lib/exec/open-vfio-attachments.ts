// Which VFs on VFIO containers have: their namespace got nothing, so no move tells of them.
import type {Bdf} from '../model/bdf.ts';
import type {Operation} from './operation.ts';

/** The last attach of each VF that moved nothing, when no detach of the VF came after it. */
export function openVfioAttachments(operations: readonly Operation[]): Map<Bdf, Operation> {
	const open = new Map<Bdf, Operation>();
	for (const operation of operations) {
		const {subject, actions} = operation.header?.plan ?? {};
		const vf = subject?.vf;
		if (operation.outcome !== 'done' || vf === undefined || vf === null || (subject?.command !== 'netns-attach' && subject?.command !== 'netns-detach')) {
			continue;
		}

		open.delete(vf);
		if (subject.command === 'netns-attach' && subject.cni !== undefined && actions?.every(({kind}) => kind !== 'move-netdev') === true) {
			open.set(vf, operation);
		}
	}

	return open;
}
