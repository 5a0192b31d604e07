// Plans how a network namespace gets a PF itself, with the whole port.
import {AppError} from '../../errors.ts';
import {requireFreeMac} from '../../model/free-mac.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf} from '../../model/pci.ts';
import {pfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import type {Action} from '../action.ts';
import type {Plan} from '../plan.ts';
import {requireUsablePf} from '../preflight.ts';
import type {NetnsAttachRequest, NetnsFacts} from './netns-request.ts';
import {attachSubject, chosenName, give} from './plan-netns-attach.ts';

/** The plan for a PF without VFs that serves nothing of the host. Its MAC is set on the interface
 * in the namespace. */
export function planPfAttach(inventory: Inventory, request: NetnsAttachRequest, {pf, facts}: {pf: Pf; facts: NetnsFacts}): Plan {
	requireUsablePf(pf);
	requireFreePf(inventory, pf);
	if (Object.keys(request.settings).length > 0) {
		throw new AppError('USAGE', 'settings of a VF do not go with --whole-pf', {why: `${pfName(pf)} is no VF: there is no PF above it that could set its VLAN, rates or checks`, fix: 'leave them out'});
	}

	if (request.mac !== undefined) {
		requireFreeMac(inventory, request.mac, pf.bdf);
	}

	const netdev = inventory.netdevs.get(pfName(pf));
	// The kernel sets it down when it moves; noted as a step of its own, so that it comes back up.
	const down: Action[] = netdev?.up === true ? [{kind: 'set-link', netdev: netdev.name, from: 'up', to: 'down'}] : [];
	const given = give(request, {bdf: pf.bdf, netdev, mac: null, name: chosenName(request, facts, pfName(pf))});
	return {
		version: 1,
		subject: attachSubject(request, pf, null),
		title: `attach PF ${pfName(pf)} (${pf.bdf}) to namespace ${request.netns.name}`,
		actions: [...down, ...given.map(action => action.kind === 'netns-network' ? {...action, to: {...action.to, mac: request.mac ?? action.to.mac}} : action)],
		warnings: [`the host can neither make nor set VFs of ${pfName(pf)} while its interface is in ${request.netns.name}`],
		risks: [],
	};
}

/** Throws PF_IN_USE, MANAGEMENT_INTERFACE or HOST_NETWORK. */
function requireFreePf({hostUses, netdevs}: Inventory, pf: Pf): void {
	const name = pfName(pf);
	if (pf.numVfs > 0) {
		throw new AppError('PF_IN_USE', `PF ${name} cannot go to a namespace while it has VFs`, {why: `it has ${pf.numVfs}, and they are set through its interface`, fix: `name one of them, ${quote(`${name}#0`)}, or vfctl vf destroy ${quote(name)} first`});
	}

	const use = hostUses.find(({bdf}) => bdf === pf.bdf);
	if (use?.kind === 'management') {
		throw new AppError('MANAGEMENT_INTERFACE', `${name} carries the connection you came in on`, {why: use.reason, fix: 'choose another PF, or work from the console'});
	}

	const above = [...netdevs.values()].find(({lowerDevices}) => lowerDevices.includes(name));
	const master = netdevs.get(name)?.master ?? null;
	if (use !== undefined || master !== null || above !== undefined) {
		throw new AppError('HOST_NETWORK', `${name} serves the host's own network`, {why: use?.reason ?? (master === null ? `${above?.name} stands on it` : `it is part of ${master}`), fix: 'name one of its VFs instead, or take it out of there first'});
	}
}
