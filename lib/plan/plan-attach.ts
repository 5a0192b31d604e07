// Plans how a guest gets a VF.
import {AppError} from '../errors.ts';
import type {Guest, GuestDevice} from '../model/domain.ts';
import {chooseMac, requireFreeMac} from '../model/free-mac.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Mac} from '../model/mac.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName, select, vfName} from '../model/select.ts';
import {quote} from '../model/shell-word.ts';
import {isVfioDriver} from '../model/vf-driver.ts';
import {settingLabel, type VfSettings, type VfSettingsPart} from '../model/vf-settings.ts';
import type {AttachRequest} from './attach-request.ts';
import {attachStandby, findFailover, requireWholePair, vfHalf} from './failover.ts';
import {findGuest, resolveTargets} from './find-guest.ts';
import {checkGuest, guestWarnings, requireFreePort, takenPorts} from './guest-port.ts';
import {planOtherMethod} from './attach/other-methods.ts';
import {noteOwnMac} from './own-mac-action.ts';
import {findPool, planPoolAttach} from './plan-pool-attach.ts';
import type {Plan} from './plan.ts';
import {requireAssignment, requireUsablePf} from './preflight.ts';
import {prepareVf} from './prepare-vf.ts';
import {setVf} from './set-vf-action.ts';

/** The plan; empty when the guest has the VF already. */
export function planAttach(inventory: Inventory, request: AttachRequest): Plan {
	const guest = findGuest(inventory, request.guest);
	const targets = resolveTargets(guest, request);
	const other = planOtherMethod(inventory, {request, guest, targets});
	if (other) {
		return other;
	}

	const pool = findPool(inventory, request);
	if (pool) {
		return planPoolAttach(inventory, {request, guest, targets, pool});
	}

	const selected = select(inventory, request.device);
	const {pf} = selected;
	const risks = requireAssignment(inventory, request.acceptedRisks);
	requireUsablePf(pf);
	const present = presentDevice(guest, targets, selected.kind === 'vf' ? selected.vf : undefined, request.mac, pf);
	if (present) {
		return {version: 1, subject: {command: 'attach', guest: {name: guest.name, uuid: guest.uuid}, vf: present.source, pf: pf.bdf}, title: `${guest.name} has ${present.source} already`, actions: [], warnings: presentWarnings(present, request), risks};
	}

	const failover = findFailover(inventory, request, guest, targets);
	const before = prepareVf(inventory, pf, selected.kind === 'vf' ? selected.vf : undefined, guest, request);
	requireFreePort(guest, targets, failover?.missing.includes('live') ? 2 : 1);
	const {vf} = before;
	// The guest's other definition may have the VF already: both are to be the same device.
	const inOther = [...guest.config?.devices ?? [], ...guest.live?.devices ?? []].find(({source, method}) => source === vf.bdf && method !== 'network');
	if (inOther?.method === 'macvtap') {
		throw new AppError('VF_HELD', `${guest.name} has ${vfName(pf, vf)} (${vf.bdf}) by macvtap already`, {why: 'both definitions of a guest should have the same device', fix: `vfctl attach ${quote(guest.name)} ${quote(vfName(pf, vf))} --method macvtap, or detach it first`});
	}

	const mac = failover?.mac ?? request.mac ?? (inOther && (inOther.mac ?? vf.settings?.mac)) ?? chooseMac(inventory, `${guest.uuid} ${pfName(pf)} ${vf.index}`, vf.bdf);
	if (failover) {
		requireWholePair(guest, mac, vf.bdf);
	}

	requireFreeMac(inventory, mac, vf.bdf, failover && guest.uuid);

	// What one definition has already is not attached to it a second time.
	const missing = targets.filter(target => !(target === 'live' ? guest.live : guest.config)?.devices.some(({source}) => source === vf.bdf));
	const method = chooseMethod({...request, ...inOther && request.method === undefined ? {method: inOther.method} : {}});
	const vlan = request.settings.vlan ?? inOther?.vlan;
	const managed = request.managed ?? inOther?.managed ?? (vf.driver !== null && !isVfioDriver(vf.driver) && vf.driverOverride === null);
	const live = missing.includes('live');
	const actions = [...before.actions];
	if (!inventory.kernel.modules.includes('vfio_pci')) {
		actions.push({kind: 'load-module', module: 'vfio-pci', from: 'absent', to: 'loaded'});
	}

	// First, so that it is turned round last.
	const ownMac = noteOwnMac(pf, vf);
	actions.push(...ownMac);

	// libvirt sets MAC and VLAN of an <interface> itself, at every start, and puts them back; the
	// rest, and everything for a plain <hostdev>, is ours.
	const wanted: VfSettingsPart = method === 'hostdev' ? {...request.settings, mac} : without(request.settings, ['vlan', 'qos', 'vlanProto']);
	const early = method === 'hostdev' ? wanted : without(wanted, ['spoofchk']);
	const late: VfSettingsPart = method === 'interface' && wanted.spoofchk !== undefined ? {spoofchk: wanted.spoofchk} : {};
	actions.push(...setVf({pf, vf, wanted: early, assumed: before.created, reload: !live && method === 'hostdev' && ownMac.length === 0}));
	if (!managed && !isVfioDriver(vf.driver)) {
		actions.push({kind: 'bind', bdf: vf.bdf, physfn: pf.bdf, from: {driver: vf.driver, override: vf.driverOverride}, to: {driver: 'vfio-pci', override: 'vfio-pci'}});
	}

	// VLAN 0 is no VLAN, and libvirt takes no tag of that number.
	const deviceXml = request.renderXml({method, source: vf.bdf, network: null, mac: method === 'interface' ? mac : null, vlan: method === 'interface' ? vlan || null : null, managed, ...failover && vfHalf(failover, mac)});
	const guestRef = {name: guest.name, uuid: guest.uuid};
	for (const target of missing) {
		const standby = failover ? attachStandby(failover, target, {guest, request, mac}) : [];
		actions.push(...standby, {
			kind: 'attach-device', guest: guestRef, target, deviceXml, source: vf.bdf, network: null, mac, method, managed,
			hostDriver: managed ? vf.driver : null, portsBefore: takenPorts(target === 'live' ? guest.live : guest.config, standby.length),
		});
	}

	actions.push(...setVf({pf, vf, wanted: late, assumed: before.created, reload: false}), ...checkGuest(guest, guestRef, live, mac, request));
	return {
		version: 1,
		subject: {command: 'attach', guest: guestRef, vf: vf.bdf, pf: pf.bdf},
		title: `attach ${vfName(pf, vf)} (${vf.bdf}) to ${guest.name}${failover ? ` with failover to ${request.failover?.name}` : ''}${missing.length === 1 && guest.active && guest.persistent ? ` (${missing[0]} only)` : ''}`,
		actions,
		warnings: [...before.warnings, ...failover?.warnings ?? [], ...guestWarnings(guest, live), ...(managed || live || request.managed === undefined ? [] : ['the driver stays vfio-pci only until the host reboots: vfctl bind --persist'])],
		risks,
	};
}

function chooseMethod({method, settings, failover}: AttachRequest): 'hostdev' | 'interface' {
	const tagged = (settings.qos ?? 0) !== 0 || (settings.vlanProto !== undefined && settings.vlanProto !== '802.1q');
	if ((method === 'interface' || failover) && tagged) {
		throw new AppError('UNSUPPORTED', 'libvirt\'s <interface> knows no VLAN priority or 802.1ad', {why: 'it sets the VLAN id alone and resets the rest at every start of the guest', fix: failover ? 'leave --qos and --vlan-proto out' : 'use --method hostdev: vfctl then sets them on the PF'});
	}

	if (method === 'network') {
		throw new AppError('USAGE', '--method network needs the name of a pool', {why: 'libvirt\'s <interface type=\'network\'> names a network, not a VF', fix: 'virsh net-list --all shows the networks; name one of mode hostdev'});
	}

	return method === 'hostdev' || (method === undefined && tagged) ? 'hostdev' : 'interface';
}

/** What was asked for and is not so, or cannot be told, where the guest has the VF already. */
function presentWarnings(present: GuestDevice, {settings, ...request}: AttachRequest): string[] {
	const {vlan, ...rest} = settings;
	const asked = [
		...(['mac', 'method', 'managed'] as const).filter(name => request[name] !== undefined && request[name] !== present[name]),
		...vlan === undefined || vlan === (present.vlan ?? 0) ? [] : ['vlan'],
		...request.failover === undefined || present.teaming !== null ? [] : ['failover'],
		...Object.keys(rest).filter(name => !(name === 'qos' && rest.qos === 0)).map(name => settingLabel(name)),
	];
	return asked.length === 0 ? [] : [`it stays as it is, whatever was asked for (${asked.join(', ')}): vfctl vf set changes settings, and what is detached can be attached otherwise`];
}

/** The VF of this request that the guest has in every target already, by name or by MAC. */
function presentDevice(guest: Guest, targets: ReadonlyArray<'live' | 'config'>, vf: Vf | undefined, mac: Mac | undefined, pf: Pf): GuestDevice | undefined {
	const matches = targets.map(target => {
		const devices = (target === 'live' ? guest.live : guest.config)?.devices ?? [];
		return devices.find(device => (vf ? device.source === vf.bdf : mac !== undefined && device.mac === mac && pf.vfs.some(({bdf}) => bdf === device.source)));
	});
	const [first] = matches;
	return matches.length > 0 && matches.every(match => match !== undefined && match.source === first?.source) ? first : undefined;
}

function without(settings: VfSettingsPart, names: ReadonlyArray<keyof VfSettings>): VfSettingsPart {
	return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name as keyof VfSettings)));
}
