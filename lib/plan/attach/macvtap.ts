// macvtap: a virtio interface on an interface of the host. On a VF in passthrough mode the card
// forwards for the guest, and the VF keeps its host driver: no IOMMU, no VFIO.
// https://libvirt.org/formatdomain.html#direct-attachment-to-physical-interface
import {AppError} from '../../errors.ts';
import {holderOf} from '../../model/holder.ts';
import type {Guest} from '../../model/domain.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Netdev} from '../../model/netdev.ts';
import type {Pf, Vf} from '../../model/pci.ts';
import {findVf, pfName, select, vfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {isVfioDriver} from '../../model/vf-driver.ts';
import type {Action} from '../action.ts';
import type {MacvtapMode} from '../attach-request.ts';
import {pickFreeVf} from '../pick-vf.ts';
import type {Plan} from '../plan.ts';
import {requireNotHeld, requireUsablePf} from '../preflight.ts';
import {setVf} from '../set-vf-action.ts';
import {planNic, type AttachTo} from './nic.ts';

/** The plan. Throws what `select` throws, VF_HELD, NO_FREE_VF, UNSUPPORTED, MANAGEMENT_INTERFACE. */
export function planMacvtapAttach(inventory: Inventory, to: AttachTo): Plan {
	const {device, macvtapMode: mode} = to.request;
	const named = inventory.netdevs.get(device);
	const vf = findVf(inventory, named?.bdf);
	if (named !== undefined && mode !== undefined && vf === undefined) {
		return planOnNetdev(inventory, to, {netdev: named, mode});
	}

	if (mode !== undefined && named === undefined && select(inventory, device).kind === 'pf') {
		throw new AppError('USAGE', `--macvtap-mode ${mode} needs the interface itself`, {why: `${device} is a PF, and without a mode the guest gets one of its VFs`, fix: 'name the interface, or leave --macvtap-mode out'});
	}

	if (named !== undefined && vf === undefined && !inventory.pfs.some(({bdf}) => bdf === named.bdf)) {
		throw new AppError('UNSUPPORTED', `${device} is no PF or VF: how is the guest to share it?`, {why: 'without a mode, macvtap gives the guest a VF of its own', fix: `vfctl attach ${quote(to.guest.name)} ${quote(device)} --method macvtap --macvtap-mode bridge`});
	}

	return planOnVf(inventory, to, mode ?? 'passthrough');
}

function planOnVf(inventory: Inventory, to: AttachTo, mode: MacvtapMode): Plan {
	const {request, guest} = to;
	const selected = select(inventory, request.device);
	const {pf} = selected;
	requireUsablePf(pf);
	const vf = selected.kind === 'vf' ? selected.vf : ownVf(pf, to) ?? firstFree(pf, inventory);
	requireForGuest(inventory, pf, vf, guest);
	const [netdev] = vf.netdevs;
	if (netdev === undefined) {
		throw new AppError('UNSUPPORTED', `${vfName(pf, vf)} (${vf.bdf}) has no interface on this host`, {
			why: vf.driver === null ? 'no driver has it' : isVfioDriver(vf.driver) ? `it is on ${vf.driver}, and macvtap stands on the interface of its host driver` : `its driver ${vf.driver} shows none`,
			fix: `vfctl restore ${quote(vfName(pf, vf))}, then the same again`,
		});
	}

	const {vlan, qos, vlanProto, spoofchk, ...early} = request.settings;
	if ((qos ?? 0) !== 0 || (vlanProto !== undefined && vlanProto !== '802.1q')) {
		throw new AppError('UNSUPPORTED', 'libvirt\'s <interface> knows no VLAN priority or 802.1ad', {why: 'it sets the VLAN id alone and resets the rest', fix: 'leave --qos and --vlan-proto out'});
	}

	const up: Action[] = inventory.netdevs.get(pfName(pf))?.up === true ? [] : [{kind: 'set-link', netdev: pfName(pf), from: 'down', to: 'up'}];
	// libvirt remembers the VLAN id of the VF alone, and gives that back: what else the tag has goes
	// first, so that our own step brings it back.
	const tagged = vf.settings !== null && vf.settings.vlan !== 0 && (vf.settings.qos !== 0 || vf.settings.vlanProto !== '802.1q');
	return planNic(inventory, to, {
		method: 'macvtap', spec: {on: 'direct', name: netdev, mode}, vlan: vlan || null, vf: vf.bdf, pf: pf.bdf,
		before: [...up, ...setVf({pf, vf, wanted: {...tagged ? {vlan: 0, qos: 0, vlanProto: '802.1q'} : {}, ...early}, assumed: false, reload: false})],
		// libvirt sets the MAC first, which some drivers check.
		after: spoofchk === undefined ? [] : setVf({pf, vf, wanted: {spoofchk}, assumed: false, reload: false}),
		text: `a macvtap interface on ${vfName(pf, vf)} (${vf.bdf}, ${netdev})`,
		warnings: [...mode === 'passthrough' ? [] : shareWarnings(netdev), ...alreadyOther(guest, vf)],
	});
}

/** The VF that a second run means: one that the guest has by macvtap. */
function ownVf(pf: Pf, {guest, request, targets}: AttachTo): Vf | undefined {
	return pf.vfs.find(({bdf}) => targets.every(target => guest[target]?.devices.some(({source, method, mac}) => source === bdf && method === 'macvtap' && (request.mac === undefined || request.mac === mac)) ?? false));
}

function firstFree(pf: Pf, inventory: Inventory): Vf {
	if (pf.vfs.length === 0) {
		// The name that udev will give its interface, which libvirt's XML needs, nobody knows yet.
		throw new AppError('NO_FREE_VF', `${pfName(pf)} has no VFs`, {why: 'macvtap names the interface of a VF, which is there only when the VF is', fix: `vfctl vf create ${quote(pfName(pf))} N, then the same again`});
	}

	// A VF without an interface is no use here.
	return pickFreeVf({...pf, vfs: pf.vfs.filter(vf => vf.netdevs.length > 0 || holderOf(vf, inventory).kind !== 'nobody')}, inventory);
}

function requireForGuest(inventory: Inventory, pf: Pf, vf: Vf, guest: Guest): void {
	const holder = holderOf(vf, inventory);
	const own = [guest.live, guest.config].flatMap(definition => definition?.devices ?? []).filter(({source}) => source === vf.bdf);
	if (holder.kind !== 'guest' || holder.uuid !== guest.uuid || own.some(({method}) => method !== 'macvtap')) {
		requireNotHeld(pf, vf, inventory);
	}
}

function alreadyOther(guest: Guest, vf: Vf): string[] {
	return guest.active || vf.netdevs.length === 0 ? [] : [`the definition names the interface ${vf.netdevs[0]}: the VF must have that name and its host driver when ${guest.name} starts`];
}

/** Not a VF: several guests share it, and the host has it too. */
function planOnNetdev(inventory: Inventory, to: AttachTo, {netdev, mode}: {netdev: Netdev; mode: MacvtapMode}): Plan {
	const {name} = netdev;
	const use = inventory.hostUses.find(({bdf}) => netdev.bdf !== null && bdf === netdev.bdf);
	if (name === 'lo') {
		throw new AppError('UNSUPPORTED', 'the loopback interface leads nowhere', {why: 'macvlan stands on Ethernet', fix: 'name a network interface: ip link'});
	}

	if (netdev.master !== null || netdev.kind === 'bridge') {
		throw new AppError('UNSUPPORTED', `${name} is ${netdev.master === null ? 'a bridge' : `part of ${netdev.master}`}`, {why: 'the kernel gives what arrives on an interface to one taker: its bridge or bond, or macvlan (netdev_rx_handler_register)', fix: `vfctl attach ${quote(to.guest.name)} ${quote(netdev.master ?? name)} --method bridge`});
	}

	if (mode === 'passthrough' && (use !== undefined || netdev.addresses.length > 0)) {
		const why = use?.reason ?? `it carries ${netdev.addresses.join(', ')}`;
		throw new AppError(use?.kind === 'management' ? 'MANAGEMENT_INTERFACE' : 'HOST_NETWORK', `${name} cannot be a guest's alone`, {why: `${why}, and in passthrough mode libvirt gives it the guest's MAC`, fix: 'name a VF, or use --macvtap-mode bridge'});
	}

	const held = to.guest.live?.interfaces.some(nic => nic.type === 'direct' && nic.source === name) ?? false;
	if (mode === 'passthrough' && netdev.up && !held) {
		throw new AppError('HOST_NETWORK', `${name} is up, so the host may use it`, {why: 'a guest that has it alone sets it down for the host, too, when it lets go', fix: `ip link set dev ${quote(name)} down, if the host can do without it; or use --macvtap-mode bridge`});
	}

	const pf = inventory.pfs.find(({bdf}) => bdf === netdev.bdf);
	if (mode === 'passthrough' && pf !== undefined && pf.numVfs > 0) {
		throw new AppError('UNSUPPORTED', `${name} has ${pf.numVfs} VFs, which have no link while a guest that has it alone is off`, {why: 'libvirt sets the interface down when the guest lets go', fix: `name one of its VFs, for example ${quote(`${name}#0`)}, or use --macvtap-mode bridge`});
	}

	const {settings} = to.request;
	if (Object.keys(settings).length > 0) {
		throw new AppError('UNSUPPORTED', `${name} is no VF, so there is nothing to set on it`, {why: 'VLAN, rates and checks are settings of a VF on its PF', fix: 'name a VF; for a VLAN make one on the host (ip link add link ... type vlan) and name that'});
	}

	return planNic(inventory, to, {
		method: 'macvtap', spec: {on: 'direct', name, mode}, vlan: null, vf: null, before: [], after: [],
		text: `a macvtap interface on ${name} (${mode})`, warnings: shareWarnings(name),
	});
}

// macvlan_queue_xmit: frames of the lower interface itself are never handed to its macvlans.
function shareWarnings(name: string): string[] {
	return [`the host itself does not reach the guest over ${name}: macvtap passes nothing between an interface and what stands on it`];
}
