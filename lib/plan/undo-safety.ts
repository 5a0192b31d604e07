// What undoing an operation must not take: the host's own link, and VFs that someone got since.
import {AppError} from '../errors.ts';
import type {Inventory} from '../model/inventory.ts';
import {findVf} from '../model/select.ts';
import type {Action, SetLinkAction, SetNetworkAction} from './action.ts';
import {requireDriverFree} from './driver-preflight.ts';
import {requireSameWayBackAfter} from './host-route/management.ts';
import {project} from './host-file/project.ts';
import type {Plan, RiskName} from './plan.ts';
import {requireNotNamed, requireNotUsed} from './pool-preflight.ts';
import {requireHostKeepsLink, requireNoneHeld, requireNotHeld} from './preflight.ts';

/** Throws MANAGEMENT_INTERFACE, HOST_NETWORK, ROUTE_CONFLICT, VF_HELD, VFS_IN_USE or POOL_IN_USE.
 * What the plan itself takes from a guest is not in the way. */
export function requireSafeUndo(plan: Plan, inventory: Inventory, accepted: readonly RiskName[]): void {
	requireSameWayBackAfter(inventory, plan.actions);
	const after = withoutDetached(plan, inventory);
	for (const action of plan.actions) {
		if (action.kind === 'set-link' && action.to === 'down') {
			requireNoHostUse(action, after);
		} else if (action.kind === 'set-numvfs' && action.to === 0 && !plan.actions.some(({kind}) => kind === 'swap-driver')) {
			// VFs of guests that are off come back at the same addresses when a driver is exchanged.
			const pf = after.pfs.find(({bdf}) => bdf === action.pf);
			if (pf) {
				requireNoneHeld(pf, after, accepted);
			}
		} else if (action.kind === 'bind' || action.kind === 'set-vf') {
			requireFreeVf(action, after);
		} else if (action.kind === 'swap-driver') {
			requireDriverFree(after, action.module, accepted);
		} else if (action.kind === 'set-network') {
			requireFreePool(action, after);
		}
	}
}

/** Guests that got a VF of a pool since, or ask for one at their next start, keep their pool. */
function requireFreePool({name, from, to}: SetNetworkAction, inventory: Inventory): void {
	const pool = inventory.pools?.find(candidate => candidate.name === name);
	if (pool && to === null) {
		requireNotNamed(pool, inventory, 'deleted');
	} else if (pool && from?.active === true && (to?.active !== true || to.xml !== from.xml)) {
		requireNotUsed(pool, inventory, 'changed');
	}
}

function requireFreeVf(action: Action & {kind: 'bind' | 'set-vf'}, inventory: Inventory): void {
	const owner = findVf(inventory, action.bdf);
	if (owner && action.kind === 'bind') {
		requireNotHeld(owner.pf, owner.vf, inventory);
	} else if (owner && action.kind === 'set-vf') {
		requireHostKeepsLink(owner.pf, owner.vf, inventory, [action]);
	}
}

function requireNoHostUse({netdev}: SetLinkAction, {netdevs, hostUses}: Inventory): void {
	const bdf = netdevs.get(netdev)?.bdf;
	const use = hostUses.find(candidate => candidate.bdf === bdf);
	if (use?.kind === 'management') {
		throw new AppError('MANAGEMENT_INTERFACE', `${netdev} carries the connection you came in on`, {why: `it was down before, and ${use.reason} now`, fix: 'come in another way, or from the console'});
	}

	if (use !== undefined) {
		throw new AppError('HOST_NETWORK', `${netdev} serves the host's own network`, {why: `it was down before, and ${use.reason} now`, fix: 'take the addresses and routes away first'});
	}
}

/** The inventory as it will be when the plan has detached its devices and taken interfaces home. */
function withoutDetached({actions}: Plan, inventory: Inventory): Inventory {
	return project(inventory, actions.filter(({kind}) => kind === 'detach-device' || kind === 'move-netdev'));
}
