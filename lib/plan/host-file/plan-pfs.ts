// The PFs of a host file: probing, counts, link and MTU.
import {AppError} from '../../errors.ts';
import type {Bdf} from '../../model/bdf.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf} from '../../model/pci.ts';
import type {Action} from '../action.ts';
import {mtuActions} from '../plan-host-route.ts';
import {planVfCreate} from '../plan-vfs.ts';
import type {HostFileFacts} from './facts.ts';
import type {Fold} from './fold.ts';
import type {Resolved} from './resolve.ts';

/** Whether new VFs get their driver. */
export function planAutoprobe(fold: Fold, {pfs}: Resolved): void {
	for (const {path, wanted: {autoprobe}, bdf} of pfs) {
		fold.add(`${path}.autoprobe`, inventory => {
			const pf = pfAt(inventory, bdf);
			return autoprobe === undefined || pf.autoprobe === autoprobe ? [] : [{kind: 'set-autoprobe', pf: bdf, from: pf.autoprobe, to: autoprobe}];
		});
	}
}

/** VFs that go away because the count of their PF changes. */
export function doomedVfs(inventory: Inventory, {pfs}: Resolved): ReadonlySet<Bdf> {
	return new Set(pfs.flatMap(({wanted: {numVfs}, bdf}) => {
		const pf = pfAt(inventory, bdf);
		return numVfs === undefined || numVfs === pf.numVfs ? [] : pf.vfs.map(vf => vf.bdf);
	}));
}

/** VF counts. Throws VFS_IN_USE when someone has VFs that would go away. */
export function planCounts(fold: Fold, {pfs}: Resolved, {acceptedRisks, steering}: Pick<HostFileFacts, 'acceptedRisks' | 'steering'>): void {
	for (const {path, wanted: {numVfs}, bdf} of pfs) {
		if (numVfs !== undefined) {
			fold.add(`${path}.numVfs`, inventory => planVfCreate(inventory, {pf: bdf, count: numVfs, acceptedRisks, steering: steering?.get(bdf) ?? null}));
		}
	}
}

/** Link and MTU. */
export function planLinks(fold: Fold, {pfs}: Resolved): void {
	for (const {path, wanted: {link, mtuBytes}, bdf} of pfs) {
		if (link !== undefined) {
			fold.add(`${path}.link`, inventory => linkUp(inventory, pfAt(inventory, bdf)));
		}

		if (mtuBytes !== undefined) {
			fold.add(`${path}.mtu`, inventory => mtuActions(inventory, withInterface(pfAt(inventory, bdf)), mtuBytes));
		}
	}
}

function linkUp(inventory: Inventory, pf: Pf): Action[] {
	const netdev = withInterface(pf).netdevs[0]!;
	return inventory.netdevs.get(netdev)?.up === true ? [] : [{kind: 'set-link', netdev, from: 'down', to: 'up'}];
}

function withInterface(pf: Pf): Pf {
	if (pf.netdevs.length === 0) {
		throw new AppError('PF_NO_DRIVER', `PF ${pf.bdf} has no network interface on this host`, {
			why: pf.driver === null ? 'no driver is bound to it' : `it is on the driver ${pf.driver}, or its interface is in another namespace`,
			fix: `bind it to its kernel driver: vfctl show ${pf.bdf}`,
		});
	}

	return pf;
}

function pfAt({pfs}: Inventory, bdf: Bdf): Pf {
	const pf = pfs.find(candidate => candidate.bdf === bdf);
	if (pf === undefined) {
		throw new AppError('BUG', `PF ${bdf} went away while planning`);
	}

	return pf;
}

