// Plans how a network namespace gets the interface of a VF.
import {AppError} from '../../errors.ts';
import {requireFreeMac} from '../../model/free-mac.ts';
import {holderOf, holderText} from '../../model/holder.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Netdev} from '../../model/netdev.ts';
import type {Pf, Vf} from '../../model/pci.ts';
import {pfName, select, vfName, type Selected} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {hostDriverOf} from '../../model/vf-driver.ts';
import type {Action} from '../action.ts';
import {requireMtuOfPf} from '../guest-network-checks.ts';
import type {MovePlace, NetnsIp} from '../netns-actions.ts';
import {noteOwnMac} from '../own-mac-action.ts';
import {pickFreeVf} from '../pick-vf.ts';
import type {Plan, PlanSubject} from '../plan.ts';
import {requireNotHeld, requireUsablePf} from '../preflight.ts';
import {preparePf, reservedWarnings} from '../prepare-vf.ts';
import {setVf} from '../set-vf-action.ts';
import {requireNothingLeft, withLeftovers} from './leftovers.ts';
import type {NetnsAttachRequest, NetnsFacts} from './netns-request.ts';
import {planPfAttach} from './plan-pf-attach.ts';
import {presentPlan} from './present.ts';

/** The plan; empty when the namespace has the VF already. */
export function planNetnsAttach(host: Inventory, request: NetnsAttachRequest, facts: NetnsFacts): Plan {
	const inventory = withLeftovers(host, facts.attachments);
	const selected = select(inventory, request.device);
	const present = presentPlan(inventory, request, {selected, facts});
	if (present) {
		return present;
	}

	if (request.wholePf) {
		return planPfAttach(inventory, request, {pf: requirePf(selected), facts});
	}

	const {pf} = selected;
	requireUsablePf(pf);
	requireMtuOfPf(inventory, pf, request.mtuBytes ?? null);
	const named = selected.kind === 'vf' ? selected.vf : undefined;
	const before = preparePf(inventory, pf, named, request.createVfs);
	const created = before.vf !== null;
	const vf = before.vf ?? named ?? pickFreeVf(pf, inventory, {forGuest: false});
	if (!created) {
		requireNotHeld(pf, vf, inventory);
		requireNothingLeft(inventory, pf, vf);
	}

	if (request.mac !== undefined) {
		requireFreeMac(inventory, request.mac, vf.bdf);
	}

	const {mac} = request;
	const actions: Action[] = [...before.actions];
	const settings = setVf({pf, vf, wanted: {...request.settings, ...mac === undefined ? {} : {mac}}, assumed: created, reload: mac !== undefined});
	// First, so that it is turned round last.
	actions.push(...settings.some(({to}) => to.mac !== undefined) ? noteOwnMac(pf, vf) : [], ...settings, ...hostDriver(pf, vf, inventory));
	actions.push(...give(request, {bdf: vf.bdf, netdev: inventory.netdevs.get(vf.netdevs[0] ?? ''), mac: mac ?? null, name: chosenName(request, facts, vf.netdevs[0] ?? `${pfName(pf)}v${vf.index}`)}));
	return {
		version: 1,
		subject: attachSubject(request, pf, vf),
		title: `attach ${vfName(pf, vf)} (${vf.bdf}) to namespace ${request.netns.name}`,
		actions,
		warnings: [...before.warnings, ...reservedWarnings(inventory, pf, named)],
		risks: [],
	};
}

/** What the operation is about, for the journal. */
export function attachSubject({netns, cni}: NetnsAttachRequest, pf: Pf, vf: Vf | null): PlanSubject {
	return {command: 'netns-attach', netns, pf: pf.bdf, ...vf === null ? {} : {vf: vf.bdf}, ...cni === undefined ? {} : {cni}};
}

/** The name that the interface gets in the namespace: NETDEV_EXISTS when that is taken there. */
export function chosenName({name, netns}: NetnsAttachRequest, {names}: NetnsFacts, usual: string): string {
	const chosen = name ?? usual;
	if (names.includes(chosen)) {
		throw new AppError('NETDEV_EXISTS', `namespace ${netns.name} has an interface ${chosen} already`, {why: `its interfaces are ${names.join(', ')}`, fix: `give another one: --name ${freeName(names)}`});
	}

	return chosen;
}

function freeName(names: readonly string[]): string {
	let number = 1;
	while (names.includes(`net${number}`)) {
		number++;
	}

	return `net${number}`;
}

/** Moves the interface and sets it. `netdev` is undefined while it does not exist. */
export function give({netns, addresses, routes, mtuBytes}: NetnsAttachRequest, {bdf, netdev, mac, name}: {bdf: Vf['bdf']; netdev: Netdev | undefined; mac: NetnsIp['mac']; name: string}): Action[] {
	const from: MovePlace = {netns: null, name: netdev?.name ?? null};
	// A MAC on the PF is taken when the driver starts; without one it keeps its own.
	const found: NetnsIp = {mac: mac ?? netdev?.mac ?? null, mtuBytes: netdev?.mtuBytes ?? null, addresses: [], routes: [], up: false};
	return [
		{kind: 'move-netdev', bdf, from, to: {netns, name}},
		{kind: 'netns-network', bdf, place: {netns, name}, from: found, to: {...found, mtuBytes: mtuBytes ?? found.mtuBytes, addresses: [...addresses], routes: [...routes], up: true}},
	];
}

/** The step that gives a free VF its network driver; none when it has one. Throws VF_HELD for one
 * that is pinned to another driver, UNSUPPORTED where the driver cannot be told. */
function hostDriver(pf: Pf, vf: Vf, inventory: Inventory): Action[] {
	if (vf.netdevs.length > 0) {
		return [];
	}

	const driver = hostDriverOf(pf);
	if (vf.driver !== null && vf.driver === driver) {
		return [];
	}

	if (vf.driverOverride !== null && vf.driverOverride !== driver) {
		throw new AppError('VF_HELD', `${vfName(pf, vf)} (${vf.bdf}) has no network interface`, {why: holderText(holderOf(vf, inventory)), fix: `vfctl restore ${quote(vfName(pf, vf))} gives it back to its network driver; or choose another VF`});
	}

	if (driver === undefined) {
		throw new AppError('UNSUPPORTED', `it cannot be told which network driver ${vfName(pf, vf)} belongs to`, {why: `its PF is on ${pf.driver ?? 'no driver'}, which vfctl does not know`, fix: `vfctl bind ${quote(vfName(pf, vf))} DRIVER`});
	}

	return [{kind: 'bind', bdf: vf.bdf, physfn: pf.bdf, from: {driver: vf.driver, override: vf.driverOverride}, to: {driver, override: null}}];
}

function requirePf(selected: Selected): Pf {
	if (selected.kind === 'vf') {
		throw new AppError('USAGE', `--whole-pf is for a PF, and ${vfName(selected.pf, selected.vf)} is a VF`, {why: 'a VF goes by itself without it', fix: 'leave --whole-pf out'});
	}

	return selected.pf;
}
