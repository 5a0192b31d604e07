// Settings and drivers of VFs: `vfs` of a host file.
import {holderOf, isHeld} from '../../model/holder.ts';
import type {Inventory} from '../../model/inventory.ts';
import {selectVf} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {hostDriverOf} from '../../model/vf-driver.ts';
import type {Action} from '../action.ts';
import {bindingRule, bindingRulePath} from '../binding-rule.ts';
import {planBind, planRestore} from '../plan-bind.ts';
import type {Plan} from '../plan.ts';
import {planVfSet} from '../plan-vfs.ts';
import type {HostFileFacts} from './facts.ts';
import type {Fold} from './fold.ts';
import type {Resolved, ResolvedVf} from './resolve.ts';

/** Settings of the VFs that no guest of the file has: those get theirs with the guest. */
export function planSettings(fold: Fold, {vfs, guests}: Resolved, {acceptedRisks}: HostFileFacts): void {
	const given = new Set(guests.flatMap(guest => guest.vfs ?? []).map(({vf}) => vf?.bdf));
	for (const {path, bdf, settings} of vfs) {
		if (Object.keys(settings).length > 0 && !given.has(bdf)) {
			fold.add(path, inventory => planVfSet(inventory, {vf: bdf, settings, acceptedRisks}));
		}
	}
}

/** Drivers of VFs, now and at every boot. */
export function planDrivers(fold: Fold, {vfs}: Resolved, facts: HostFileFacts): void {
	for (const vf of vfs) {
		if (vf.driver !== undefined) {
			fold.add(vf.path, inventory => vf.driver === 'host' ? restore(inventory, vf, facts) : bind(inventory, vf, vf.driver!, facts));
			if (vf.driver !== 'host' && fold.origins.at(-1) !== vf.path && !facts.bindingRules.has(vf.bdf)) {
				fold.warnings.add(`${vf.name} is on ${vf.driver}, but nothing makes it so at the next boot: vfctl bind ${quote(vf.name)} ${quote(vf.driver)} --persist, or vfctl persist`);
			}
		}
	}
}

function restore(inventory: Inventory, {bdf}: ResolvedVf, {acceptedRisks, bindingRules}: HostFileFacts): Plan | Action[] {
	const {pf, vf} = selectVf(inventory, bdf);
	const currentRule = bindingRules.get(bdf) ?? null;
	// A running guest has it on vfio-pci, and libvirt gives it back later.
	const isHome = vf.driverOverride === null && (vf.driver === hostDriverOf(pf) || isHeld(holderOf(vf, inventory)));
	return isHome
		? (currentRule === null ? [] : [{kind: 'write-file', path: bindingRulePath(bdf), from: currentRule, to: null, then: ['udevadm', 'control', '--reload']}])
		: planRestore(inventory, {device: bdf, acceptedRisks, currentRule});
}

function bind(inventory: Inventory, {bdf}: ResolvedVf, driver: string, {acceptedRisks, bindingRules}: HostFileFacts): Plan | Action[] {
	const {vf} = selectVf(inventory, bdf);
	const currentRule = bindingRules.get(bdf) ?? null;
	const rule = bindingRule(bdf, driver);
	if (vf.driver === driver && vf.driverOverride === driver) {
		// Nothing is taken from whoever has it. What was bound for now only, an exported file says too.
		return currentRule === rule || currentRule === null ? [] : [{kind: 'write-file', path: bindingRulePath(bdf), from: currentRule, to: rule, then: ['udevadm', 'control', '--reload']}];
	}

	return planBind(inventory, {device: bdf, driver, persist: true, acceptedRisks, currentRule});
}
