// Plans how what is no VF is taken from a guest: an interface on a bridge, macvtap, a socket, or
// shared memory.
import type {NicSpec} from '../libvirt/device-xml.ts';
import {AppError} from '../errors.ts';
import type {Guest, GuestNic} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {quote} from '../model/shell-word.ts';
import type {Action, AttachDeviceAction, DetachDeviceAction} from './action.ts';
import {findGuest, resolveTargets} from './find-guest.ts';
import {whichOf} from './plan-detach-standby.ts';
import type {DetachRequest} from './plan-detach.ts';
import type {Plan} from './plan.ts';
import {restoreGuestFiles} from './restore-guest-files.ts';

/** What the name means in the guest. */
export type OtherDevice = {kind: 'nic'; mac: Mac} | {kind: 'shared-memory'; name: string};

type Target = 'live' | 'config';

/** The device that a detach names and that is no VF; undefined when the name means something else.
 * `attached`: MACs of interfaces that vfctl gave the guest. By the name of what it hangs on only
 * such a one is meant: others may be the guest's way out. Throws UNSUPPORTED when there are several. */
export function findOther(inventory: Inventory, request: {guest: string; device: string}, attached: (mac: Mac) => boolean): OtherDevice | undefined {
	const guest = findGuest(inventory, request.guest);
	const name = request.device.replace(/^(?:bridge|network):/, '');
	const mac = parseMac(request.device);
	const nics = plainNics(guest).filter(nic => mac === undefined ? nic.source === name : nic.mac === mac);
	if (mac !== undefined) {
		return nics.length > 0 ? {kind: 'nic', mac} : undefined;
	}

	if (definitionsOf(guest).some(({sharedMemory}) => sharedMemory.some(memory => memory.name === name))) {
		return {kind: 'shared-memory', name};
	}

	const macs = [...new Set(nics.flatMap(nic => nic.mac ?? []))];
	const [ours, ...more] = macs.filter(candidate => attached(candidate));
	if (ours !== undefined && more.length === 0) {
		return {kind: 'nic', mac: ours};
	}

	if (macs.length > 0) {
		throw new AppError('UNSUPPORTED', ours === undefined ? `the interface of ${guest.name} on ${name} was not attached by vfctl` : `${guest.name} has several interfaces on ${name}`, {
			why: ours === undefined ? 'it may be the guest\'s only way out, so it is taken away only by its MAC' : `their MACs are ${macs.join(', ')}`,
			fix: `vfctl detach ${quote(guest.name)} ${macs[0]}`,
		});
	}

	return undefined;
}

/** The plan that takes it away, with what the attach wrote in the guest. Throws NOT_ATTACHED. */
export function planDetachOther(inventory: Inventory, request: DetachRequest & {other: OtherDevice}): Plan {
	const guest = findGuest(inventory, request.guest);
	const {other} = request;
	if (request.both === true) {
		throw new AppError('USAGE', `${request.device} is no half of a failover pair`, {why: 'it is no VF', fix: 'leave --both out'});
	}

	const detach = (target: Target) => other.kind === 'nic' ? detachNic(guest, target, other.mac, request) : detachMemory(guest, target, other.name, request);
	// The running guest first: it must let go before the saved definition forgets the device.
	const actions: Action[] = resolveTargets(guest, request).toReversed().flatMap(target => detach(target));
	if (actions.length === 0) {
		throw new AppError('NOT_ATTACHED', `${guest.name} does not have ${request.device} there`, {why: 'only its other definition has it', fix: `virsh dumpxml ${quote(guest.name)}`});
	}

	const guestRef = {name: guest.name, uuid: guest.uuid};
	const leaves = (['live', 'config'] as const).every(target => guest[target] === null || detach(target).length === 0 || actions.some(action => action.kind === 'detach-device' && action.target === target));
	const inGuest = leaves ? restoreGuestFiles(guestRef, request.attachActions, request.guestFiles ?? new Map()) : {actions: [], warnings: []};
	return {
		version: 1,
		subject: {command: 'detach', guest: guestRef, vf: null, leaves, ...other.kind === 'nic' ? {mac: other.mac} : {}},
		title: `detach ${other.kind === 'nic' ? `the interface ${other.mac}` : `the shared memory ${other.name}`} from ${guest.name}`,
		actions: [...actions, ...inGuest.actions],
		warnings: inGuest.warnings,
		risks: [],
	};
}

function detachNic(guest: Guest, target: Target, mac: Mac, request: DetachRequest): DetachDeviceAction[] {
	const definition = guest[target];
	const nic = plainNics(guest, target).find(candidate => candidate.mac === mac);
	const method = nic && methodOf[nic.type];
	if (nic === undefined || method === undefined || nic.source === null) {
		return [];
	}

	const attached = request.attachActions.findLast((action): action is AttachDeviceAction => action.kind === 'attach-device' && action.target === target);
	const spec = {on: nic.type as NicSpec['on'], name: nic.source, mode: nic.mode};
	return [{
		kind: 'detach-device', guest: {name: guest.name, uuid: guest.uuid}, target, source: null, network: nic.source, mac, method, managed: false, hostDriver: null,
		portsBefore: attached?.portsBefore ?? null,
		// What undoes the detach attaches this again: the XML of the attach has the queues and the kind of switch.
		deviceXml: attached?.deviceXml ?? request.renderXml({method: 'nic', source: null, network: null, mac, vlan: nic.vlan, managed: false, nic: spec, ...whichOf(definition, nic)}),
	}];
}

function detachMemory(guest: Guest, target: Target, name: string, request: DetachRequest): DetachDeviceAction[] {
	const memory = guest[target]?.sharedMemory.find(candidate => candidate.name === name);
	return memory === undefined ? [] : [{
		kind: 'detach-device', guest: {name: guest.name, uuid: guest.uuid}, target, source: null, network: name, mac: null, method: 'ivshmem', managed: false, hostDriver: null, portsBefore: null,
		deviceXml: request.renderXml({method: 'ivshmem', source: null, network: name, mac: null, vlan: null, managed: false, sizeMiB: (memory.sizeBytes ?? 0) / 1024 ** 2, ...memory.guestAddress === null ? {} : {guestAddress: memory.guestAddress}}),
	}];
}

const methodOf: Readonly<Record<string, 'macvtap' | 'bridge' | 'vhost-user'>> = {direct: 'macvtap', bridge: 'bridge', network: 'bridge', vhostuser: 'vhost-user'};

/** Interfaces that are neither VFs nor halves of failover pairs. */
function plainNics(guest: Guest, target?: Target): GuestNic[] {
	const devices = new Set(definitionsOf(guest).flatMap(definition => definition.devices).map(device => device.mac));
	return definitionsOf(guest, target).flatMap(({interfaces}) => interfaces).filter(nic => nic.teaming === null && methodOf[nic.type] !== undefined && nic.mac !== null && !devices.has(nic.mac));
}

function definitionsOf(guest: Guest, target?: Target) {
	return (target === undefined ? [guest.live, guest.config] : [guest[target]]).filter(definition => definition !== null);
}
