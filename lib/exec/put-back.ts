// Undoes steps of an operation, last one first.
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Action} from '../plan/action.ts';
import {inverse} from '../plan/inverse.ts';
import type {MoveNetdevAction, NetnsNetworkAction} from '../plan/netns-actions.ts';
import type {Plan} from '../plan/plan.ts';
import {namespaceAt} from '../sysfs/namespaces.ts';
import {forwardingPfs} from '../sysfs/read-forward.ts';
import type {ActionContext} from './actions/handler.ts';
import {interruptGone} from './actions/act-interrupts.ts';
import {apply, observe} from './actions/handlers.ts';
import {maybeFail} from './fault.ts';
import {mark} from './journal.ts';
import type {OperationEvent, StepState} from './operation.ts';
import {deviceExists} from './pci-state.ts';
import {actionContext, type RunContext} from './run-context.ts';

export interface PutBackRequest {
	operation: number;
	plan: Plan;
	/** Steps that were begun; changed as they are undone. */
	steps: Map<number, StepState>;
	facts: Map<string, string>;
	/** The machine was restarted since: what only lived in the kernel is gone by itself. */
	rebooted: boolean;
}

/** One step that was undone. */
export interface UndoneStep {
	step: number;
	/** The action that was undone. */
	action: Action;
	/** Why nothing had to be done, or null. */
	note: string | null;
}

export interface PutBackResult {
	undone: UndoneStep[];
	/** The step that could not be undone; it and the earlier ones are left as they are, because
	 * each stands on those before it. */
	failed: {step: number; action: Action; error: unknown} | undefined;
	/** Steps that are left, as numbers, last one first. */
	left: number[];
}

/** Undoes all begun steps. Never throws for a step: the result tells. */
export async function putBack(context: RunContext, request: PutBackRequest): Promise<PutBackResult> {
	const undone: UndoneStep[] = [];
	const pending = [...request.steps].filter(([, state]) => state !== 'undone').map(([step]) => step).sort((a, b) => b - a);
	for (const [position, step] of pending.entries()) {
		const action = request.plan.actions[step - 1];
		if (action === undefined) {
			continue;
		}

		try {
			const note = await undoStep(context, request, step, action);
			request.steps.set(step, 'undone');
			undone.push({step, action, note});
		} catch (error) {
			return {undone, failed: {step, action, error}, left: pending.slice(position)};
		}
	}

	return {undone, failed: undefined, left: []};
}

/** Undoes one step; resolves to a note when there was nothing to do. */
async function undoStep(context: RunContext, {operation, steps, facts, rebooted}: PutBackRequest, step: number, action: Action): Promise<string | null> {
	const {reporter, fault} = context;
	// Cut off in the middle, or not known to be complete: it may even be at work somewhere still.
	const uncertain = steps.get(step) === 'begun';
	await record(context, operation, {event: 'undo-begin', step});
	let note: string | null = null;
	for (const back of inverse(action)) {
		reporter.undoStart(step, back);
		try {
			await maybeFail(fault, step, 'undo-before');
			const handler = actionContext(context, {operation, step, facts, uncertain, stoppable: false});
			note = await nothingToDo(handler, back, {uncertain, rebooted});
			if (note === null) {
				await apply(handler, back);
			}

			await maybeFail(fault, step, 'undo-after');
		} catch (error) {
			reporter.undoFailed(step, back, error);
			throw error;
		}

		reporter.undoDone(step, back, note);
	}

	await record(context, operation, {event: 'undo-done', step, ...(note === null ? {} : {note})});
	return note;
}

/** Why the undoing action need not run; null when it must. */
async function nothingToDo(handler: ActionContext, back: Action, {uncertain, rebooted}: {uncertain: boolean; rebooted: boolean}): Promise<string | null> {
	const gone = goneTarget(handler, back);
	if (gone !== undefined) {
		return gone;
	}

	if (rebooted && (back.kind === 'move-netdev' || back.kind === 'netns-network')) {
		return 'left as it is since the machine was restarted: no namespace outlives that';
	}

	const seen = await observe(handler, back);
	// A step cut off in the middle is always brought to its end: what is not seen (settings of
	// re-created VFs, a request on its way through libvirt) counts too.
	if (seen === 'to' && !uncertain) {
		return 'it was so already';
	}

	if (typeof seen === 'object') {
		// Modules on the disk outlive that, and a kernel without its driver is worth a repair.
		if (rebooted && back.kind !== 'install-modules') {
			return `left as it is since the machine was restarted: ${seen.other}`;
		}

		if (back.kind === 'write-file') {
			// Someone edited it since. Their work is not ours to throw away.
			return `left as it is: ${seen.other}`;
		}
	}

	return null;
}

function gonePf(files: FileReader, pf: Bdf): string | undefined {
	return deviceExists(files, pf) ? undefined : `PF ${pf} is gone`;
}

/** What an action was about and is no more: nothing is left to put back. */
function goneTarget({host: {files}}: ActionContext, back: Action): string | undefined {
	switch (back.kind) {
		case 'move-netdev':
		case 'netns-network': {
			return deviceExists(files, back.bdf) ? goneNamespace(files, back) : `${back.bdf} is gone`;
		}

		case 'bind':
		case 'set-vf': {
			return deviceExists(files, back.bdf) ? undefined : `${back.bdf} is gone`;
		}

		case 'set-numvfs':
		case 'set-autoprobe': {
			return gonePf(files, back.pf);
		}

		case 'set-link':
		case 'set-switch-mode':
		case 'set-filter':
		case 'set-mtu': {
			return files.exists(`/sys/class/net/${back.netdev}`) ? undefined : `${back.netdev} is gone`;
		}

		case 'set-route': {
			const dev = back.to?.dev;
			return dev === undefined || files.exists(`/sys/class/net/${dev}`) ? undefined : `${dev} is gone`;
		}

		case 'set-irq-affinity': {
			return interruptGone({files}, back);
		}

		case 'set-forward': {
			return gonePf(files, back.pf) ?? (back.to && forwardingPfs(files) === null ? 'the forwarding module is not loaded any more' : undefined);
		}

		case 'set-relay': {
			return gonePf(files, back.pf) ?? (back.to !== null && forwardingPfs(files)?.has(back.pf) !== true ? `forwarding between the VFs of ${back.pf} is off` : undefined);
		}

		default: {
			return undefined;
		}
	}
}

/** Undoing a way back gives an interface to its namespace again. When that is gone it stays on the
 * host, and what it had there must not come up here. */
function goneNamespace(files: FileReader, back: MoveNetdevAction | NetnsNetworkAction): string | undefined {
	const netns = back.kind === 'move-netdev' ? back.to.netns : back.to.up ? back.place.netns : null;
	return netns === null || namespaceAt(files, netns) !== undefined ? undefined : `namespace ${netns.name} is gone`;
}

/** Putting back goes on when the journal cannot be written (a full disk): the operation then has
 * no end, and `vfctl recover` goes over it once more. */
async function record({host, reporter}: RunContext, operation: number, event: OperationEvent): Promise<void> {
	try {
		await mark(host, operation, event);
	} catch (error) {
		reporter.note(`the journal cannot be written: ${error instanceof Error ? error.message : String(error)}`);
	}
}
