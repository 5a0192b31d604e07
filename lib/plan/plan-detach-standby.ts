// Plans how the virtio half of a failover pair is taken from a guest.
import {AppError} from '../errors.ts';
import type {GuestDefinition, GuestDevice, GuestNic} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {quote} from '../model/shell-word.ts';
import type {Action, AttachDeviceAction, DetachDeviceAction, GuestRef} from './action.ts';
import {standbysOf} from './failover.ts';
import {findGuest, resolveTargets} from './find-guest.ts';
import type {DetachRequest} from './plan-detach.ts';
import type {Plan} from './plan.ts';

type Request = Pick<DetachRequest, 'guest' | 'device' | 'live' | 'config' | 'renderXml'> & {standbyActions?: readonly Action[]};

/** What tells the interface apart from another one with its MAC: libvirt asks for no more than the
 * XML names and refuses to choose (virDomainNetFindIdx). */
export function whichOf(definition: GuestDefinition | null, {mac, alias, guestAddress}: GuestDevice | GuestNic): {alias?: string; guestAddress?: string} {
	const sameMac = definition?.interfaces.filter(nic => mac !== null && nic.mac === mac).length ?? 0;
	return sameMac < 2 ? {} : {
		...alias?.startsWith('ua-') === true ? {alias} : {},
		...guestAddress === null ? {} : {guestAddress},
	};
}

/** The step that takes the virtio half with that MAC out of one definition; none when it is not there. */
export function detachStandby(definition: GuestDefinition | null, target: 'live' | 'config', {guest, mac, request}: {guest: GuestRef; mac: Mac | null; request: Request}): DetachDeviceAction[] {
	const nic = standbysOf(definition).find(candidate => candidate.mac === mac);
	const attached = request.standbyActions?.findLast((action): action is AttachDeviceAction => action.kind === 'attach-device' && action.method === 'virtio' && action.target === target);
	return nic === undefined || nic.mac === null || nic.source === null ? [] : [{
		kind: 'detach-device', guest, target, source: null, network: nic.source, mac: nic.mac, method: 'virtio', managed: false, hostDriver: null,
		portsBefore: attached?.portsBefore ?? null,
		deviceXml: request.renderXml({
			method: 'virtio', source: null, network: nic.source, bridge: nic.type === 'bridge', mac: nic.mac, vlan: null, managed: false,
			...nic.alias?.startsWith('ua-') === true ? {alias: nic.alias} : {}, ...nic.guestAddress === null ? {} : {guestAddress: nic.guestAddress},
		}),
	}];
}

/** The MAC of a virtio half whose VF is away, when the request names one by it. */
export function loneStandby(inventory: Inventory, {guest: name, device}: {guest: string; device: string}): Mac | undefined {
	const mac = parseMac(device);
	const {live, config} = findGuest(inventory, name);
	const has = (definition: GuestDefinition | null) => standbysOf(definition).some(nic => nic.mac === mac);
	const hasVf = [live, config].some(definition => definition?.devices.some(candidate => candidate.mac === mac));
	return mac !== undefined && !hasVf && (has(live) || has(config)) ? mac : undefined;
}

/** The plan that takes away a virtio half whose VF is away already. */
export function planDetachStandby(inventory: Inventory, request: Request & {mac: Mac}): Plan {
	const guest = findGuest(inventory, request.guest);
	const guestRef = {name: guest.name, uuid: guest.uuid};
	const actions = resolveTargets(guest, request).toReversed().flatMap(target => detachStandby(guest[target], target, {guest: guestRef, mac: request.mac, request}));
	if (actions.length === 0) {
		throw new AppError('NOT_ATTACHED', `${guest.name} does not have the interface ${request.mac} there`, {why: 'only its other definition has it', fix: `virsh dumpxml ${quote(guest.name)}`});
	}

	return {
		version: 1,
		subject: {command: 'detach', guest: guestRef, vf: null},
		title: `detach the virtio interface ${request.mac} of a failover pair from ${guest.name}`,
		actions, warnings: [], risks: [],
	};
}
