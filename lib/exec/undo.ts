// The plan that undoes a finished operation, when the host still is as that one left it.
import {AppError} from '../errors.ts';
import type {FileReader} from '../host/host.ts';
import type {Action} from '../plan/action.ts';
import {parsePlan} from '../plan/plan-schema.ts';
import {planUndo} from '../plan/plan-undo.ts';
import type {Plan} from '../plan/plan.ts';
import {interruptGone} from './actions/act-interrupts.ts';
import {observe} from './actions/handlers.ts';
import {listOperations, readOperation} from './journal.ts';
import {doneActions} from './operation.ts';
import {actionContext, type RunContext} from './run-context.ts';

/** Plans the undoing of operation `number`. Throws OPERATION_NOT_FOUND, or PLAN_STALE when it was
 * undone already or reality has moved on. */
export async function planUndoOf(context: RunContext, number: number): Promise<Plan> {
	const {files} = context.host;
	const operation = readOperation(files, number);
	const {header, damage, outcome} = operation;
	if (header === null || damage.length > 0) {
		throw new AppError('PLAN_STALE', `operation ${number} cannot be undone`, {why: `its journal is damaged: ${damage.join('; ') || 'it is empty'}`});
	}

	const undoneBy = listOperations(files).find(other => other.outcome === 'done' && other.header?.plan.subject.command === 'undo' && other.header.plan.subject.operation === number);
	const plan = withoutGoneInterrupts(files, planUndo({number, plan: parsePlan(header.plan), outcome, done: doneActions(operation), undoneBy: undoneBy?.number ?? null}));
	await requireUnchanged(context, plan);
	return plan;
}

/** A driver that was bound anew has other interrupts, on the CPUs that the kernel chose: nothing is
 * left to put back, and the old number may be someone else's. */
function withoutGoneInterrupts(files: FileReader, plan: Plan): Plan {
	const gone = plan.actions.flatMap(action => action.kind === 'set-irq-affinity' ? interruptGone({files}, action) ?? [] : []);
	return gone.length === 0 ? plan : {
		...plan,
		actions: plan.actions.filter(action => action.kind !== 'set-irq-affinity' || interruptGone({files}, action) === undefined),
		warnings: [...plan.warnings, ...gone.map(why => `nothing to put back: ${why}`)],
	};
}

/** Looks at what can be looked at now. An action on something that an earlier one of the same plan
 * changes or creates is checked when its turn comes (execute). */
async function requireUnchanged(context: RunContext, plan: Plan): Promise<void> {
	const seen = new Set<string>();
	for (const [index, action] of plan.actions.entries()) {
		const target = targetOf(action);
		if (seen.has(target)) {
			if (action.kind === 'set-numvfs' && action.to > 0) {
				// What follows is about VFs that are made anew.
				return;
			}

			continue;
		}

		seen.add(target);
		const handler = actionContext(context, {operation: 0, step: index + 1, facts: new Map(), uncertain: false, stoppable: true});
		const reality = await observe(handler, action);
		if (reality !== 'from') {
			throw new AppError('PLAN_STALE', 'the host changed since, so this cannot be undone as a whole', {
				why: reality === 'to' ? `${target} is as it was before already` : reality.other,
				fix: 'look with vfctl list, and change back by hand what is left',
				details: {action},
			});
		}

		if (action.kind === 'set-numvfs' && action.to > 0) {
			// What follows is about VFs that do not exist yet.
			return;
		}
	}
}

/** What an action changes. A guest's device counts as its VF: attaching changes the VF's driver. */
function targetOf(action: Action): string {
	switch (action.kind) {
		case 'set-link': {
			return action.netdev;
		}

		case 'set-numvfs': {
			return `the VF count of ${action.pf}`;
		}

		case 'set-autoprobe': {
			return `autoprobe of ${action.pf}`;
		}

		case 'load-module': {
			return `module ${action.module}`;
		}

		case 'bind': {
			return `the driver of ${action.bdf}`;
		}

		case 'set-vf': {
			return `settings of ${action.bdf}`;
		}

		case 'own-mac': {
			return `the MAC of ${action.bdf}`;
		}

		case 'attach-device':
		case 'detach-device': {
			return action.target === 'live' && action.source !== null ? `the driver of ${action.source}` : `${action.target} definition of ${action.guest.name}`;
		}

		case 'check-guest': {
			return `guest ${action.guest.name}`;
		}

		case 'write-file': {
			return action.path;
		}

		case 'set-mtu': {
			return `the MTU of ${action.netdev}`;
		}

		case 'set-filter': {
			return `the filter of ${action.netdev} for ${action.mac}`;
		}

		case 'set-route': {
			return `the route to ${(action.to ?? action.from)?.to}`;
		}

		case 'guest-network': {
			return `the interface ${action.mac} in ${action.guest.name}`;
		}

		case 'guest-file': {
			return `${action.path} in ${action.guest.name}`;
		}

		case 'set-network': {
			return `network ${action.name}`;
		}

		case 'set-lease': {
			return `the lease of ${(action.to ?? action.from)?.mac} in network ${action.network}`;
		}

		case 'kernel-arguments': {
			return 'the kernel command line';
		}

		case 'set-unit': {
			return `unit ${action.unit}`;
		}

		case 'move-netdev': {
			return `the place of ${action.bdf}`;
		}

		case 'netns-network': {
			return `the interface of ${action.bdf}`;
		}

		case 'set-irq-affinity': {
			return `interrupt ${action.irq} of ${action.bdf}`;
		}

		case 'set-rps': {
			return `receive queue ${action.queue} of ${action.bdf}`;
		}

		case 'set-hugepages': {
			return `huge pages of ${action.sizeKiB} KiB on node ${action.node ?? 'any'}`;
		}

		case 'set-feature': {
			return `${action.feature} of ${action.netdev}`;
		}

		case 'swap-driver': {
			return `driver ${action.module}`;
		}

		case 'set-steer': {
			return `steering rule ${action.location} of ${action.netdev}`;
		}

		case 'install-modules': {
			return `vfctl's modules of ${action.kernel}`;
		}

		case 'set-forward': {
			return `forwarding between the VFs of ${action.pf}`;
		}

		case 'set-relay': {
			return `relay of ${action.pf}`;
		}

		case 'set-switch-mode': {
			return `switch of ${action.netdev}`;
		}

		case 'insert-module': {
			return `module ${action.module}`;
		}

		case 'register-dkms': {
			return `vfctl/${action.version} in DKMS`;
		}
	}
}
