// Steering rules, planned: what the card, its driver or the host's own traffic forbids is refused before.
import {AppError} from '../errors.ts';
import {holderOf, holderText} from '../model/holder.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Pf} from '../model/pci.ts';
import {pfName, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {steerDriver, type LossName} from '../model/steer-driver.ts';
import type {SteerRule} from '../model/steer-rule.ts';
import {entryAt, type SteerEntry, type Steering} from '../model/steering.ts';
import type {Action} from './action.ts';
import type {Plan} from './plan.ts';
import {requireCapable, requireTable} from './steer/capability.ts';
import {placeFor} from './steer/conflicts.ts';
import {requireOwnTraffic} from './steer/own-traffic.ts';

/** The interface whose rules the card has. Throws PF_NO_DRIVER. */
export function steeringNetdev(pf: Pf): string {
	const [netdev] = pf.netdevs;
	if (netdev === undefined) {
		throw new AppError('PF_NO_DRIVER', `${pfName(pf)} has no interface to steer from`, {why: pf.driver === null ? 'it has no driver' : `it is on ${pf.driver}`});
	}

	return netdev;
}

export interface SteerAdd {
	pf: Pf;
	steering: Steering;
	rule: SteerRule;
	/** A free one when it is missing. */
	location?: number;
}

/** Adds a rule, or changes what the rule at `location` does; empty when it is there. Throws
 * UNSUPPORTED, RULE_CONFLICT and MANAGEMENT_INTERFACE. */
export function planSteerAdd(inventory: Inventory, {pf, steering, rule, location}: SteerAdd): Plan {
	const {netdev} = steering;
	const {switchOn} = requireTable(pf, steering);
	requireCapable(pf, steering, rule);
	const own = requireOwnTraffic(inventory, pf, rule);
	const place = placeFor({netdev, driver: pf.driver, entries: steering.entries ?? []}, rule, location);
	if (switchOn) {
		requireNotManagement(inventory, pf);
	}

	const actions: Action[] = [
		...switchOn ? [{kind: 'set-feature', pf: pf.bdf, netdev, feature: 'ntuple-filters', from: 'off', to: 'on'} satisfies Action] : [],
		...place === null ? [] : [{kind: 'set-steer', pf: pf.bdf, netdev, location: place.location, from: place.from, to: rule} satisfies Action],
	];
	return plan(pf, `steer a flow of ${pfName(pf)}`, actions, actions.length === 0 ? [] : [...own, ...warningsOf(inventory, pf, rule, switchOn)]);
}

/** Takes away the rules at these locations, or all. Throws RULE_NOT_FOUND, and UNSUPPORTED for one
 * that could not be made again. */
export function planSteerDelete(pf: Pf, steering: Steering, which: readonly number[] | 'all'): Plan {
	const {netdev, entries} = steering;
	if (entries === null) {
		requireTable(pf, steering);
	}

	const chosen = which === 'all' ? entries ?? [] : which.map(location => {
		const entry = entryAt(steering, location);
		if (entry === undefined) {
			throw new AppError('RULE_NOT_FOUND', `${netdev} has no rule ${location}`, {why: `its rules are: ${(entries ?? []).map(known => known.location).join(', ') || 'none'}`, fix: `vfctl steer list ${quote(pfName(pf))}`});
		}

		return entry;
	});
	return plan(pf, which === 'all' ? `take all steering rules of ${pfName(pf)} away` : `take steering rule ${which.join(', ')} of ${pfName(pf)} away`, chosen.map(entry => removal(pf, netdev, entry)), []);
}

function removal(pf: Pf, netdev: string, {location, rule, lines}: SteerEntry): Action {
	if (rule === null) {
		throw new AppError('UNSUPPORTED', `vfctl does not change rule ${location} of ${netdev}`, {why: `it could not make it again: ${lines.join('; ')}`, fix: `by hand: ethtool --config-nfc ${quote(netdev)} delete ${location}`, details: {location}});
	}

	return {kind: 'set-steer', pf: pf.bdf, netdev, location, from: rule, to: null};
}

function plan(pf: Pf, title: string, actions: Action[], warnings: string[]): Plan {
	return {version: 1, subject: {command: 'steer', pf: pf.bdf}, title, actions, warnings, risks: []};
}

/** Switching the flag resets most cards, and the link with them. */
function requireNotManagement({hostUses}: Inventory, pf: Pf): void {
	const use = hostUses.find(({bdf, kind}) => bdf === pf.bdf && kind === 'management');
	if (use !== undefined) {
		throw new AppError('MANAGEMENT_INTERFACE', 'this could cut the connection you came in on', {
			why: `${use.reason}, and ntuple-filters has to be switched on first, which resets the card`,
			fix: `from the console: ethtool --features ${quote(pfName(pf))} ntuple on`,
		});
	}
}

const losses: Readonly<Record<LossName, string>> = {
	'link-down': 'its interface is set down',
	'vf-count': 'its number of VFs changes',
};

function warningsOf(inventory: Inventory, pf: Pf, {target}: SteerRule, switchOn: boolean): string[] {
	const driver = steerDriver(pf.driver);
	const lost = ['its driver is loaded anew', 'the host starts again', ...(driver?.lostBy ?? []).map(name => losses[name])];
	return [
		...switchOn ? [`switching ntuple-filters on ${driver?.switchResets === false ? 'changes how the card takes packets' : 'resets the card: its link, and that of its VFs, goes for a moment'}`] : [],
		...target.kind === 'vf' ? vfWarnings(inventory, pf, target.vf) : [],
		...driver === undefined ? [`vfctl does not know what driver ${pf.driver ?? ''} can do; what the kernel answers counts`] : [],
		`the rule is gone when ${lost.slice(0, -1).join(', when ')} or when ${lost.at(-1)}`,
	];
}

function vfWarnings(inventory: Inventory, pf: Pf, index: number): string[] {
	const vf = pf.vfs.find(candidate => candidate.index === index);
	const holder = vf === undefined ? undefined : holderOf(vf, inventory);
	const whose = vf === undefined || holder === undefined || holder.kind === 'nobody' ? '' : ` (${vfName(pf, vf)}: ${holderText(holder)})`;
	return [
		`VF ${index}${whose} gets this flow whatever MAC address it is sent to: the VF's own filter is not asked`,
		...steerDriver(pf.driver)?.staleVfs ? ['the rule stays when VFs are made anew, and may lead to another VF then: take it away before'] : [],
	];
}
