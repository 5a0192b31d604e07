// Plans how a VF is taken back from a guest and made what it was.
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Guest, GuestDevice} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import {parseMac} from '../model/mac.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {findVf, select, vfName} from '../model/select.ts';
import {hostDriverOf} from '../model/vf-driver.ts';
import type {Action, AttachDeviceAction, BindAction} from './action.ts';
import type {DeviceSpec} from '../libvirt/device-xml.ts';
import {findGuest, resolveTargets, type TargetOptions} from './find-guest.ts';
import {detachStandby, whichOf} from './plan-detach-standby.ts';
import {inverse} from './inverse.ts';
import type {Plan} from './plan.ts';
import {restoreGuestFiles} from './restore-guest-files.ts';
import {restoreSettings} from './restore-vf.ts';

export interface DetachRequest extends TargetOptions {
	guest: string;
	/** VF by any of its names, the MAC of the guest's interface, or a pool. */
	device: string;
	/** Also the virtio interface of a failover pair; without it, that stays and carries the traffic. */
	both?: boolean;
	/** What the attach did, from the journal; empty when vfctl did not attach it. */
	attachActions: readonly Action[];
	/** What the attach of the virtio half did, which may be an earlier one. */
	standbyActions?: readonly Action[];
	/** Files that the attach wrote in the guest, with what is there now; absent when it cannot be read. */
	guestFiles?: ReadonlyMap<string, string | null>;
	renderXml: (spec: DeviceSpec) => string;
}

/** The device that a detach names, found in the guest. Throws NOT_ATTACHED. */
export function findAttached(inventory: Inventory, request: {guest: string; device: string}): {guest: Guest; source: Bdf | null; device: GuestDevice} {
	const guest = findGuest(inventory, request.guest);
	const devices = [...guest.live?.devices ?? [], ...guest.config?.devices ?? []];
	const matches = deviceMatcher(inventory, request.device);
	// The live definition comes first: a pool's interface knows its VF only there.
	const device = devices.find(candidate => matches(candidate));
	if (!device) {
		throw new AppError('NOT_ATTACHED', `${guest.name} does not have ${request.device}`, {
			why: `its VFs are: ${[...new Set(devices.map(({source, network, mac}) => source ?? `one of pool ${network} (${mac})`))].join(', ') || 'none'}`,
			fix: 'vfctl list',
		});
	}

	return {guest, source: device.source, device};
}

/** The plan that takes the VF out of the guest and restores what the attach changed. */
export function planDetach(inventory: Inventory, request: DetachRequest): Plan {
	const {guest, source, device} = findAttached(inventory, request);
	const guestRef = {name: guest.name, uuid: guest.uuid};
	const owner = findVf(inventory, source);
	const actions: Action[] = [];
	if (request.both === true && device.teaming === null) {
		throw new AppError('USAGE', `${request.device} is no half of a failover pair`, {why: 'it has no virtio interface that stands by for it', fix: 'leave --both out'});
	}

	// The running guest first: it must let go before the saved definition forgets the device.
	for (const target of resolveTargets(guest, request).toReversed()) {
		const definition = target === 'live' ? guest.live : guest.config;
		const present = definition?.devices.find(candidate => isSameDevice(candidate, device));
		const standby = request.both ? detachStandby(definition, target, {guest: guestRef, mac: device.mac, request}) : [];
		if (!present) {
			actions.push(...standby);
			continue;
		}

		const attached = request.attachActions.findLast((action): action is AttachDeviceAction => action.kind === 'attach-device' && action.method !== 'virtio' && action.target === target);
		actions.push({
			// The saved interface of a pool has no source: it is known by its MAC there.
			kind: 'detach-device', guest: guestRef, target, source: present.source, network: present.network, mac: present.mac,
			method: present.method, managed: present.managed, hostDriver: attached?.hostDriver ?? (present.managed && owner ? hostDriverOf(owner.pf) ?? null : null),
			portsBefore: attached?.portsBefore ?? null,
			deviceXml: request.renderXml({method: present.method, source: present.method === 'network' ? null : present.source, network: present.network, mac: present.mac, vlan: present.vlan, managed: present.managed, teaming: present.teaming, ...present.macvtap === undefined ? {} : {nic: {on: 'direct', name: present.macvtap.netdev, mode: present.macvtap.mode}}, ...whichOf(definition, present)}),
		}, ...standby);
	}

	const leaves = actions.length > 0 && remaining(guest, device, actions).length === 0;
	const restored = leaves && owner?.vf ? restoreActions(owner.pf, owner.vf, request.attachActions, device) : [];
	// Of a failover pair the other half keeps the interface.
	const inGuest = leaves && (device.teaming === null || request.both) ? restoreGuestFiles(guestRef, request.attachActions, request.guestFiles ?? new Map()) : {actions: [], warnings: []};
	const name = owner?.vf ? `${vfName(owner.pf, owner.vf)} (${source})` : source ?? `the interface ${device.mac}`;
	return {
		version: 1,
		subject: {command: 'detach', guest: guestRef, vf: source, leaves, ...(owner ? {pf: owner.pf.bdf} : {})},
		title: `detach ${name}${request.both ? ' and its virtio interface' : ''} from ${guest.name}`,
		actions: [...actions, ...restored, ...inGuest.actions],
		warnings: [
			...request.attachActions.length === 0 && device.method === 'hostdev' ? ['vfctl did not attach this device, so its settings on the PF stay as they are'] : [],
			...device.teaming !== null && !request.both ? [`its virtio interface ${device.mac} stays in ${guest.name} and carries the traffic (--both takes it too)`] : [],
			...inGuest.warnings,
		],
		risks: [],
	};
}

function deviceMatcher(inventory: Inventory, name: string): (device: GuestDevice) => boolean {
	const mac = parseMac(name);
	if (mac) {
		return device => device.mac === mac;
	}

	const pool = (inventory.pools ?? []).find(candidate => candidate.name === name.replace(/^pool:/, ''));
	if (pool) {
		return device => device.network === pool.name;
	}

	const selected = select(inventory, name);
	// Naming the PF is enough to detach: the guest's VF of that PF is meant.
	return device => selected.kind === 'vf' ? device.source === selected.vf.bdf : selected.pf.vfs.some(({bdf}) => bdf === device.source);
}

function isSameDevice(a: GuestDevice, b: GuestDevice): boolean {
	return a.source !== null && b.source !== null ? a.source === b.source : a.mac !== null && a.mac === b.mac;
}

/** Definitions that keep the device after these actions. */
function remaining(guest: Guest, device: GuestDevice, actions: readonly Action[]): string[] {
	const gone = new Set(actions.map(action => action.kind === 'detach-device' ? action.target : ''));
	return (['live', 'config'] as const).filter(target => !gone.has(target) && guest[target]?.devices.some(candidate => isSameDevice(candidate, device)));
}

/** What the attach changed on the PF and the binding, put back. libvirt puts back MAC and VLAN of
 * an <interface> itself when the guest lets go. */
function restoreActions(pf: Pf, vf: Vf, attachActions: readonly Action[], device: GuestDevice): Action[] {
	const restored: Action[] = [];
	for (const action of attachActions.toReversed()) {
		if (action.kind === 'set-vf' && action.bdf === vf.bdf) {
			restored.push(...restoreSettings(pf, vfAfter(vf, device), action));
		} else if (action.kind === 'own-mac' && action.bdf === vf.bdf) {
			restored.push(...inverse(action));
		} else if (action.kind === 'bind' && action.bdf === vf.bdf) {
			restored.push(restoreBinding(vf, action, device));
		}
	}

	return restored;
}

/** The VF when libvirt has taken its own tag off again: for macvtap it sets one, and gives back the
 * one that was there, which the attach had cleared. */
function vfAfter(vf: Vf, {method, vlan}: GuestDevice): Vf {
	return method !== 'macvtap' || vf.settings === null || vf.settings.vlan !== (vlan ?? 0) ? vf : {...vf, settings: {...vf.settings, vlan: 0, qos: 0, vlanProto: '802.1q'}};
}

function restoreBinding(vf: Vf, attached: BindAction, device: GuestDevice): BindAction {
	return {kind: 'bind', bdf: vf.bdf, physfn: vf.pf, from: device.managed ? attached.from : attached.to, to: attached.from};
}
