// Which operations the journal may forget.
import type {Action, AttachDeviceAction, DetachDeviceAction} from '../plan/action.ts';
import {openMoves} from './open-moves.ts';
import {openVfioAttachments} from './open-vfio-attachments.ts';
import {doneActions, isUnfinished, type Operation} from './operation.ts';

/** Finished operations that are kept. */
export const keptOperations = 500;

/** Numbers of the operations to remove: finished, older than the newest 500 finished ones, and
 * not the one that a present attachment came from (detach puts back what that one found). */
export function expired(operations: readonly Operation[], kept = keptOperations): number[] {
	const finished = operations.filter(operation => !isUnfinished(operation));
	const moves = [...openMoves(operations).values()].map(({operation}) => operation);
	const needed = new Set([...openAttachments(operations), ...moves, ...openVfioAttachments(operations).values()].map(({number}) => number));
	return finished.slice(0, Math.max(0, finished.length - kept)).map(({number}) => number).filter(number => !needed.has(number));
}

/** Operations whose attached devices no later operation took away, oldest first. A device that
 * was attached in two steps (saved, running) has two of them, until both halves are gone. `counts`
 * tells which devices are asked about. */
export function openAttachments(operations: readonly Operation[], counts: (action: AttachDeviceAction | DetachDeviceAction) => boolean = () => true): Operation[] {
	const open = new Map<string, OpenDevice>();
	for (const operation of operations) {
		if (operation.outcome !== 'done') {
			continue;
		}

		for (const action of doneActions(operation)) {
			if (isDeviceChange(action) && counts(action)) {
				follow(open, operation, action);
			}
		}
	}

	return [...new Set([...open.values()].flatMap(({present, gone}) => [...present.values(), ...gone]))].sort((a, b) => a.number - b.number);
}

interface OpenDevice {
	/** The attach of each half that is there. */
	present: Map<'live' | 'config', Operation>;
	/** Attaches of halves that went while the other stayed: what they set is still to be put back. */
	gone: Operation[];
}

function follow(open: Map<string, OpenDevice>, operation: Operation, action: AttachDeviceAction | DetachDeviceAction): void {
	const key = deviceKey(action);
	const device: OpenDevice = open.get(key) ?? {present: new Map(), gone: []};
	if (action.kind === 'attach-device') {
		// A half that counts as present and is attached again had ended by itself.
		device.present.set(action.target, operation);
		open.set(key, device);
		return;
	}

	const attach = device.present.get(action.target);
	device.gone.push(...attach === undefined ? [] : [attach]);
	device.present.delete(action.target);
	// The running half may have ended with the guest's run, which no operation tells; the plan of
	// the detach had looked whether anything is left.
	if (device.present.size === 0 || operation.header?.plan.subject.leaves === true) {
		open.delete(key);
	}
}

function isDeviceChange(action: Action): action is AttachDeviceAction | DetachDeviceAction {
	return action.kind === 'attach-device' || action.kind === 'detach-device';
}

/** The same device of the same guest, also when a pool chose the VF. */
function deviceKey({guest, source, mac, network}: AttachDeviceAction | DetachDeviceAction): string {
	return [guest.uuid, network === null ? source : `${network} ${mac}`].join(' ');
}
