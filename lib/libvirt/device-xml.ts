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

/** A virtio interface that hangs on something of the host. */
export interface NicSpec extends Omit<DeviceOptions, 'teaming'> {
	readonly mac: Mac | null;
	readonly vlan: number | null;
	/** `network` of libvirt; `bridge` of the host, or an `openvswitch` one; `direct`: macvtap on an
	 * interface; `vhostuser`: socket of another program. */
	readonly on: 'network' | 'bridge' | 'openvswitch' | 'direct' | 'vhostuser';
	readonly name: string;
	/** Of `direct` and `vhostuser`. */
	readonly mode?: string | null;
	/** Pairs of queues; null leaves the default of one. */
	readonly queues?: number | null;
}

export interface SharedMemorySpec extends Pick<DeviceOptions, 'guestAddress'> {
	readonly name: string;
	readonly sizeMiB: number;
}

/** A device by its method, as plans have it. */
export interface DeviceSpec extends DeviceOptions, Pick<GuestDevice, 'source' | 'network' | 'mac' | 'vlan' | 'managed'> {
	/** `virtio`: the half of a failover pair that stays. */
	readonly method: GuestDevice['method'] | 'virtio' | 'nic' | 'ivshmem';
	/** Of `virtio`: `network` is a bridge of the host, no network of libvirt. */
	readonly bridge?: boolean;
	/** Of `nic` and `macvtap`. */
	readonly nic?: Pick<NicSpec, 'on' | 'name' | 'mode' | 'queues'>;
	/** Of `ivshmem`, whose name is `network`. */
	readonly sizeMiB?: number;
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

/** A virtio interface: https://libvirt.org/formatdomain.html#network-interfaces */
export function nicXml({on, name, mode = null, queues = null, mac, vlan, ...options}: NicSpec): string {
	const source = on === 'network' ? [['network', name]]
		: on === 'bridge' || on === 'openvswitch' ? [['bridge', name]]
			: on === 'direct' ? [['dev', name], ['mode', mode ?? 'bridge']] : [['type', 'unix'], ['path', name], ['mode', mode ?? 'client']];
	const {alias, guest} = common(options);
	return renderTemplate('interface-nic.xml.eta', {type: on === 'openvswitch' ? 'bridge' : on, source, openvswitch: on === 'openvswitch', reconnect: on === 'vhostuser' && mode !== 'server', mac, vlan, queues, alias, guest});
}

/** Memory that guests share: https://libvirt.org/formatdomain.html#shared-memory-device */
export function sharedMemoryXml({name, sizeMiB, guestAddress = null}: SharedMemorySpec): string {
	return renderTemplate('shmem.xml.eta', {name, sizeMiB, guest: common({guestAddress}).guest});
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
export function renderDeviceXml({method, source, network, mac, vlan, managed, bridge = false, nic, sizeMiB, ...options}: DeviceSpec): string {
	if (method === 'nic' || method === 'macvtap') {
		return nicXml({...options, ...required(nic ?? null, 'a network'), mac, vlan});
	}

	if (method === 'ivshmem') {
		return sharedMemoryXml({...options, name: required(network, 'a name'), sizeMiB: required(sizeMiB ?? null, 'a size')});
	}

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
