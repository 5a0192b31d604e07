// XML of devices and networks for libvirt, from templates/.
// https://libvirt.org/formatdomain.html#host-device-assignment
import {AppError} from '../errors.ts';
import {bdfParts, type Bdf} from '../model/bdf.ts';
import type {GuestDevice} from '../model/domain.ts';
import type {Mac} from '../model/mac.ts';
import {renderTemplate} from './render-template.ts';

/** What all kinds of devices can have. */
export interface DeviceOptions {
	/** `ua-...`: libvirt keeps a user's alias only with this prefix. */
	readonly alias?: string | null;
	/** Address in the guest, `BB:SS.F`. In a detach it tells two interfaces of one MAC apart. */
	readonly guestAddress?: string | null;
	/** Alias of the virtio interface that stands by for this VF. */
	readonly teaming?: string | null;
}

export interface HostdevSpec extends DeviceOptions {
	readonly source: Bdf;
	readonly managed: boolean;
	/** <driver name>; none lets libvirt choose, which is right everywhere today. */
	readonly driver?: string | null;
}

export interface InterfaceHostdevSpec extends HostdevSpec {
	readonly mac: Mac | null;
	/** 802.1Q tag, 1-4094; libvirt sets id only, no priority. */
	readonly vlan: number | null;
}

export interface InterfaceNetworkSpec extends DeviceOptions {
	readonly network: string;
	readonly mac: Mac | null;
	readonly vlan: number | null;
}

export interface StandbySpec extends Omit<DeviceOptions, 'teaming'> {
	/** Name of a network, or of a bridge of the host. */
	readonly network: string;
	readonly bridge: boolean;
	readonly mac: Mac;
}

export interface HostdevNetworkSpec {
	readonly name: string;
	readonly managed: boolean;
	/** All VFs of a PF, by its interface; or else the VFs themselves. */
	readonly pf: string | readonly Bdf[];
}

/** A device by its method, as plans have it. */
export interface DeviceSpec extends DeviceOptions, Pick<GuestDevice, 'source' | 'network' | 'mac' | 'vlan' | 'managed'> {
	/** `virtio`: the half of a failover pair that stays. */
	readonly method: GuestDevice['method'] | 'virtio';
	/** Of `virtio`: `network` is a bridge of the host, no network of libvirt. */
	readonly bridge?: boolean;
}

/** <hostdev>: the device as it is; MAC and VLAN are not libvirt's business. */
export function hostdevXml({source, managed, driver = null, ...options}: HostdevSpec): string {
	return renderTemplate('hostdev.xml.eta', {...common(options), source: hexParts(source), managed: yesNo(managed), driver});
}

/** <interface type='hostdev'>: libvirt sets MAC and VLAN on the PF before it gives the VF away. */
export function interfaceHostdevXml({source, managed, mac, vlan, driver = null, ...options}: InterfaceHostdevSpec): string {
	return renderTemplate('interface-hostdev.xml.eta', {...common(options), source: hexParts(source), managed: yesNo(managed), mac, vlan, driver});
}

/** <interface type='network'>: libvirt chooses a VF of the pool when the guest starts. The model
 * means nothing for a VF, but without it libvirt takes rtl8139 and reserves a slot of conventional
 * PCI behind a bridge that it adds (qemuDomainDeviceCalculatePCIConnectFlags). */
export function interfaceNetworkXml({network, mac, vlan, ...options}: InterfaceNetworkSpec): string {
	return renderTemplate('interface-network.xml.eta', {...common(options), network, mac, vlan});
}

/** The virtio half of a failover pair, which stays while the VF comes and goes.
 * https://libvirt.org/formatdomain.html#teaming-a-virtio-hostdev-nic-pair */
export function standbyXml({network, bridge, mac, ...options}: StandbySpec): string {
	return renderTemplate('interface-standby.xml.eta', {...common(options), network, bridge, mac});
}

/** A network with forward mode hostdev: https://libvirt.org/formatnetwork.html */
export function hostdevNetworkXml({name, managed, pf}: HostdevNetworkSpec): string {
	return renderTemplate('hostdev-network.xml.eta', {
		name,
		managed: yesNo(managed),
		pfNetdev: typeof pf === 'string' ? pf : null,
		members: typeof pf === 'string' ? [] : pf.map(bdf => hexParts(bdf)),
	});
}

/** The device in the form that its method asks for. */
export function renderDeviceXml({method, source, network, mac, vlan, managed, bridge = false, ...options}: DeviceSpec): string {
	if (method === 'virtio') {
		return standbyXml({...options, network: required(network, 'a network'), bridge, mac: required(mac, 'a MAC')});
	}

	if (method === 'network') {
		return interfaceNetworkXml({...options, network: required(network, 'a network'), mac, vlan});
	}

	const rest = {...options, source: required(source, 'a source'), managed};
	return method === 'hostdev' ? hostdevXml(rest) : interfaceHostdevXml({...rest, mac, vlan});
}

/** <controller> of a port, for detachDevice from a saved definition: libvirt finds it by index. */
export function pciControllerXml({index, model}: {index: number; model: string}): string {
	return renderTemplate('pci-controller.xml.eta', {index, model});
}

function common({alias = null, guestAddress = null, teaming = null}: DeviceOptions) {
	return {alias, teaming, guest: guestAddress === null ? null : hexParts(`0000:${guestAddress}` as Bdf)};
}

function hexParts(bdf: Bdf) {
	const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`;
	const {domain, bus, slot, function: fn} = bdfParts(bdf);
	return {domain: hex(domain, 4), bus: hex(bus, 2), slot: hex(slot, 2), function: hex(fn, 1)};
}

function yesNo(value: boolean): 'yes' | 'no' {
	return value ? 'yes' : 'no';
}

function required<Value>(value: Value | null, what: string): Value {
	if (value === null) {
		throw new AppError('BUG', `a device of this method needs ${what}`);
	}

	return value;
}
