// Plans how a guest gets a VF from a pool (a libvirt network of forward mode hostdev).
import {AppError} from '../errors.ts';
import type {Guest, GuestDefinition, Pool} from '../model/domain.ts';
import {chooseMac, requireFreeMac} from '../model/free-mac.ts';
import type {Inventory} from '../model/inventory.ts';
import {quote} from '../model/shell-word.ts';
import {settingLabel} from '../model/vf-settings.ts';
import type {Action} from './action.ts';
import type {AttachRequest} from './attach-request.ts';
import {attachStandby, findFailover, vfHalf} from './failover.ts';
import {checkGuest, guestWarnings, requireFreePort, takenPorts} from './guest-port.ts';
import {linksUp, pfsOf} from './plan-pool.ts';
import type {Plan} from './plan.ts';
import {requireAssignment} from './preflight.ts';

/** The pool that the request names, or undefined when it names a PF or VF; throws POOL_NOT_FOUND. */
export function findPool(inventory: Inventory, {device, method}: AttachRequest): Pool | undefined {
	const name = device.startsWith('pool:') ? device.slice('pool:'.length) : device;
	const pool = (inventory.pools ?? []).find(candidate => candidate.name === name);
	if (!pool && (device.startsWith('pool:') || method === 'network')) {
		throw new AppError('POOL_NOT_FOUND', `libvirt has no hostdev network called '${name}'`, {
			why: `its pools are: ${(inventory.pools ?? []).map(candidate => candidate.name).join(', ') || 'none'}`,
			fix: 'vfctl pool create NAME PF makes one',
		});
	}

	// An interface of the same name wins unless the pool was meant explicitly.
	return pool && (device.startsWith('pool:') || method === 'network' || !inventory.netdevs.has(device)) ? pool : undefined;
}

export interface PoolAttach {
	request: AttachRequest;
	guest: Guest;
	targets: ReadonlyArray<'live' | 'config'>;
	pool: Pool;
}

/** From a pool, libvirt chooses the VF each time the guest starts; so only what libvirt can set
 * (MAC, VLAN id) may be asked for. */
export function planPoolAttach(inventory: Inventory, {request, guest, targets, pool}: PoolAttach): Plan {
	const risks = requireAssignment(inventory, request.acceptedRisks);
	const {vlan, ...rest} = request.settings;
	const other = Object.keys(rest).filter(name => !(name === 'qos' && rest.qos === 0)).map(name => settingLabel(name));
	if (other.length > 0 || (request.method !== undefined && request.method !== 'network')) {
		throw new AppError('UNSUPPORTED', `from the pool ${pool.name} only --mac and --vlan can be set${other.length > 0 ? `, not ${other.join(', ')}` : ''}`, {
			why: 'libvirt chooses the VF when the guest starts, and sets nothing else',
			fix: 'name a VF instead of the pool, or set it on the VFs of the pool: vfctl vf set',
		});
	}

	if (!pool.active && targets.includes('live')) {
		throw new AppError('POOL_NOT_FOUND', `the pool ${pool.name} is not started`, {why: 'libvirt gives a running guest only VFs of a started network', fix: `vfctl pool start ${quote(pool.name)}`});
	}

	if (targets.includes('live')) {
		requirePoolVf(inventory, pool);
	}

	const failover = findFailover(inventory, request, guest, targets);
	requireFreePort(guest, targets, failover?.missing.includes('live') ? 2 : 1);
	const mac = failover?.mac ?? request.mac ?? chooseMac(inventory, `${guest.uuid} pool ${pool.name}`, null);
	const has = (definition: GuestDefinition | null) => definition?.devices.some(device => device.mac === mac) ?? false;
	const missing = targets.filter(target => !has(target === 'live' ? guest.live : guest.config));
	const guestRef = {name: guest.name, uuid: guest.uuid};
	const subject = {command: 'attach' as const, guest: guestRef, vf: null, pool: pool.name};
	if ((failover?.mac ?? request.mac) !== undefined && missing.length === 0) {
		return {version: 1, subject, title: `${guest.name} has an interface with ${mac} already`, actions: [], warnings: [], risks};
	}

	requireFreeMac(inventory, mac, null, failover && guest.uuid);
	// VLAN 0 is no VLAN, and libvirt takes no tag of that number.
	const deviceXml = request.renderXml({method: 'network', source: null, network: pool.name, mac, vlan: vlan || null, managed: true, ...failover && vfHalf(failover, mac)});
	// libvirt chooses the VF, so all PFs of the pool must be up.
	const actions: Action[] = targets.includes('live') ? linksUp(pfsOf(pool, inventory), inventory) : [];
	actions.push(...targets.flatMap((target): Action[] => {
		const standby = failover ? attachStandby(failover, target, {guest, request, mac}) : [];
		return [...standby, {
			kind: 'attach-device', guest: guestRef, target, deviceXml, source: null, network: pool.name, mac, method: 'network', managed: true,
			hostDriver: null, portsBefore: takenPorts(target === 'live' ? guest.live : guest.config, standby.length),
		}];
	}));
	const live = targets.includes('live');
	actions.push(...checkGuest(guest, guestRef, live, mac, request));
	return {version: 1, subject, title: `attach a VF of pool ${pool.name} to ${guest.name}${failover ? ` with failover to ${request.failover?.name}` : ''}`, actions, warnings: [...failover?.warnings ?? [], ...guestWarnings(guest, live)], risks};
}

function requirePoolVf(inventory: Inventory, pool: Pool): void {
	const used = new Set((inventory.guests ?? []).flatMap(guest => guest.live?.devices ?? []).map(({source}) => source));
	if (pool.members.length > 0 && pool.members.every(member => used.has(member))) {
		throw new AppError('NO_FREE_VF', `the pool ${pool.name} has no free VF`, {why: `guests have all its ${pool.members.length} VFs`, fix: `vfctl pool show ${quote(pool.name)} tells who has them; detach one`});
	}
}
