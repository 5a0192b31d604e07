// A failover pair: a virtio interface that stands by for a VF, joined by libvirt's teaming.
// https://libvirt.org/formatdomain.html#teaming-a-virtio-hostdev-nic-pair
import {AppError} from '../errors.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Guest, GuestDefinition, GuestNic} from '../model/domain.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Mac} from '../model/mac.ts';
import {quote} from '../model/shell-word.ts';
import type {AttachDeviceAction} from './action.ts';
import type {AttachRequest} from './attach-request.ts';
import {checkFailoverSource} from './failover-source.ts';
import {takenPorts} from './guest-port.ts';

type Target = 'live' | 'config';

/** What an attach of a failover pair finds in the guest. */
export interface Failover {
	/** MAC of the virtio interface that is there already, or undefined. */
	mac: Mac | undefined;
	/** Alias of the virtio interface; undefined until its MAC is known. */
	alias: string | undefined;
	/** Definitions that lack the virtio interface. */
	missing: readonly Target[];
	warnings: string[];
}

/** The virtio half that is there and waits for a VF, or what has to be made. Throws UNSUPPORTED or
 * NETWORK_NOT_FOUND. */
export function findFailover(inventory: Inventory, request: AttachRequest, guest: Guest, targets: readonly Target[]): Failover | undefined {
	const {failover: source, mac} = request;
	if (source === undefined) {
		return undefined;
	}

	if (request.method === 'hostdev') {
		throw new AppError('UNSUPPORTED', 'a plain <hostdev> cannot be half of a failover pair that vfctl makes', {why: 'both halves need one MAC address, and libvirt sets that of a VF only for an <interface>', fix: 'leave --method out'});
	}

	const warnings = checkFailoverSource(inventory, source, {live: targets.includes('live')});
	for (const target of targets) {
		if (guest[target]?.conventionalPci === true) {
			throw new AppError('UNSUPPORTED', `${guest.name} has no PCI Express, which a failover pair needs`, {why: 'QEMU joins a VF to its virtio interface only on a PCIe port', fix: 'use a guest of machine type q35 (or virt)'});
		}
	}

	const standbys = targets.flatMap(target => standbysOf(guest[target])).filter(nic => nic.source === source.name);
	const nic = standbys.find(candidate => mac === undefined ? !hasVf(guest, targets, candidate) : candidate.mac === mac);
	const other = standbys.find(candidate => !hasVf(guest, targets, candidate));
	if (nic === undefined && other !== undefined) {
		throw new AppError('UNSUPPORTED', `the virtio interface of ${guest.name} on ${source.name} has the MAC ${other.mac}, not ${mac}`, {why: 'both halves of a failover pair have one MAC address', fix: `--mac ${other.mac}, or leave --mac out`});
	}

	if (nic !== undefined && nic.alias?.startsWith('ua-') !== true) {
		throw new AppError('UNSUPPORTED', `the virtio interface ${nic.mac} of ${guest.name} has no name that a VF could be joined by`, {why: 'libvirt joins the halves by an alias of the user\'s, and this one has none', fix: `virsh edit ${quote(guest.name)}: <alias name='ua-standby'/>`});
	}

	return {
		mac: nic?.mac ?? undefined,
		alias: nic?.alias ?? undefined,
		missing: targets.filter(target => nic === undefined || !standbysOf(guest[target]).some(({mac: own}) => own === nic.mac)),
		warnings: [...warnings, ...request.settings.vlan ? [`the VF is in VLAN ${request.settings.vlan}: ${source.name} must lead there too, or nothing arrives while the VF is away`] : []],
	};
}

/** Alias of the virtio half, by which libvirt and QEMU join the two. */
export function standbyAlias(mac: Mac): string {
	return `ua-standby-${mac.replaceAll(':', '')}`;
}

/** What the XML of the VF needs: two interfaces with one MAC are told apart by their aliases. */
export function vfHalf(failover: Failover, mac: Mac): {teaming: string; alias: string} {
	return {teaming: failover.alias ?? standbyAlias(mac), alias: `ua-vf-${mac.replaceAll(':', '')}`};
}

/** The step that gives the guest the virtio half in one definition; none when it is there. */
export function attachStandby(failover: Failover, target: Target, {guest, request, mac}: {guest: Guest; request: AttachRequest; mac: Mac}): AttachDeviceAction[] {
	const {failover: source, renderXml} = request;
	return source === undefined || !failover.missing.includes(target) ? [] : [{
		kind: 'attach-device', guest: {name: guest.name, uuid: guest.uuid}, target, source: null, network: source.name, mac, method: 'virtio', managed: false, hostDriver: null,
		portsBefore: takenPorts(guest[target]),
		deviceXml: renderXml({method: 'virtio', source: null, network: source.name, bridge: source.kind === 'bridge', mac, vlan: null, managed: false, alias: failover.alias ?? standbyAlias(mac)}),
	}];
}

/** The pair must be whole and alone: throws UNSUPPORTED when the guest's other definition has the VF
 * without failover or with another MAC, VF_HELD when the pair has another VF. */
export function requireWholePair(guest: Guest, mac: Mac, vf: Bdf): void {
	const devices = [...guest.config?.devices ?? [], ...guest.live?.devices ?? []];
	const single = devices.find(device => device.source === vf && (device.teaming === null || device.mac !== mac));
	if (single) {
		throw new AppError('UNSUPPORTED', `${guest.name} has ${vf} already, ${single.teaming === null ? 'without failover' : `with the MAC ${single.mac}`}`, {why: 'both definitions of a guest should have the same device', fix: `vfctl detach ${quote(guest.name)} ${vf}, then attach it again`});
	}

	const partner = devices.find(device => device.teaming !== null && device.mac === mac && device.source !== null && device.source !== vf);
	if (partner) {
		throw new AppError('VF_HELD', `the failover pair ${mac} of ${guest.name} has a VF already`, {why: `it is ${partner.source}`, fix: `vfctl detach ${quote(guest.name)} ${partner.source}`});
	}
}

/** Virtio halves of failover pairs. */
export function standbysOf(definition: GuestDefinition | null): GuestNic[] {
	return definition?.interfaces.filter(({teaming}) => teaming?.type === 'persistent') ?? [];
}

function hasVf(guest: Guest, targets: readonly Target[], {alias}: GuestNic): boolean {
	return targets.every(target => guest[target]?.devices.some(({teaming}) => teaming !== null && teaming === alias) ?? false);
}
