// What the journal knows of the VFs that guests have.
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Mac} from '../model/mac.ts';
import type {Action, AttachDeviceAction, DetachDeviceAction} from '../plan/action.ts';
import {parsePlan} from '../plan/plan-schema.ts';
import {listOperations} from './journal.ts';
import type {Operation} from './operation.ts';
import {openAttachments} from './retention.ts';

export interface AttachmentKey {
	guestUuid: string;
	/** The VF, or null for an interface that waits for a VF of its pool. */
	source: Bdf | null;
	mac: Mac | null;
	/** The virtio half of a failover pair, not the VF. */
	standby?: boolean;
	/** Name of shared memory, which has no MAC. */
	sharedMemory?: string;
}

/** What the attaches of this device did that are not undone, oldest first; empty when vfctl did
 * not attach it. Throws BAD_PLAN: they decide what a detach writes, so they must be whole. */
export function findAttachActions(files: FileReader, {guestUuid, source, mac, standby = false, sharedMemory}: AttachmentKey): Action[] {
	// Of an attach that gave a failover pair, one half may be gone and have come back by another.
	const isIt = (action: AttachDeviceAction | DetachDeviceAction) => sharedMemory === undefined
		? (action.method === 'virtio') === standby && (action.source === null ? action.mac !== null && action.mac === mac : action.source === source)
		: action.method === 'ivshmem' && action.network === sharedMemory;
	// Operations on other guests neither attached nor detached this one's devices.
	return openAttachments(listOperations(files, guestUuid), isIt).flatMap(operation => {
		const isThis = (action: Action) => action.kind === 'attach-device' && action.guest.uuid === guestUuid && isIt(action);
		const ranges = attachRanges(operation).filter(({first, last}) => operation.header?.plan.actions.slice(first, last + 1).some(action => isThis(action)));
		if (ranges.length === 0) {
			return [];
		}

		const {actions} = parsePlan(operation.header?.plan);
		return actions.filter((_, index) => operation.steps.get(index + 1) === 'done' && ranges.some(({first, last}) => first <= index && index <= last));
	});
}

/** The steps that are attaches: all of an attach's, those of a host file's that were one. */
function attachRanges({header}: Operation): Array<{first: number; last: number}> {
	const {subject, actions = []} = header?.plan ?? {};
	return subject?.command === 'attach' ? [{first: 0, last: actions.length - 1}] : subject?.command === 'apply' ? parsePlan(header?.plan).subject.attaches ?? [] : [];
}
