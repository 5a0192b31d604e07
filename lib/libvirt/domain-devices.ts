// The host's PCI devices in a guest's XML.
import type {Bdf} from '../model/bdf.ts';
import type {GuestDevice, GuestNic, Teaming} from '../model/domain.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {guestAddressText, hostAddress, ownPciAddress} from './pci-address-xml.ts';
import {attribute, child, children, numberOf, type XmlElement} from './xml-tree.ts';

export interface DeviceContext {
	/** Names of the networks with forward mode hostdev. */
	readonly pools: ReadonlySet<string>;
	/** For live XML, where libvirt shows a pool's interface as <interface type='hostdev'> and does
	 * not name the pool. */
	readonly networkByMac: ReadonlyMap<Mac, string>;
	/** VFs by the interfaces that the host has for them: macvtap names these. */
	readonly vfByNetdev: ReadonlyMap<string, Bdf>;
}

/** Devices in the order <hostdev>, <interface>; within each as in the XML. */
export function parseDevices(devices: XmlElement | undefined, context: DeviceContext): GuestDevice[] {
	const hostdevs = children(devices, 'hostdev')
		.filter(element => attribute(element, 'mode') === 'subsystem' && attribute(element, 'type') === 'pci')
		.map(element => fromHostdev(element));
	const interfaces = children(devices, 'interface').flatMap(element => fromInterface(element, context) ?? []);
	return [...hostdevs, ...interfaces];
}

/** All interfaces, in the order of the XML. */
export function parseInterfaces(devices: XmlElement | undefined): GuestNic[] {
	return children(devices, 'interface').map(element => {
		const source = child(element, 'source');
		return {
			mac: macOf(element),
			type: attribute(element, 'type') ?? '',
			// Live XML of a network that stands on a bridge names both.
			source: attribute(source, 'network') ?? attribute(source, 'bridge') ?? attribute(source, 'dev') ?? attribute(source, 'path'),
			mode: attribute(source, 'mode'),
			vlan: vlanOf(element),
			model: attribute(child(element, 'model'), 'type'),
			alias: aliasOf(element),
			guestAddress: guestAddressOf(element),
			teaming: teamingOf(element),
		};
	});
}

function fromHostdev(element: XmlElement): GuestDevice {
	return {...common(element), method: 'hostdev', source: hostAddress(child(element, 'source')), network: null, mac: null, vlan: null};
}

function fromInterface(element: XmlElement, {pools, networkByMac, vfByNetdev}: DeviceContext): GuestDevice | undefined {
	const type = attribute(element, 'type');
	const source = child(element, 'source');
	const mac = macOf(element);
	const rest = {...common(element), mac, vlan: vlanOf(element)};
	if (type === 'hostdev') {
		const network = (mac && networkByMac.get(mac)) ?? null;
		return {...rest, method: network === null ? 'interface' : 'network', source: hostAddress(source), network};
	}

	const netdev = attribute(source, 'dev');
	const vf = type === 'direct' && netdev !== null ? vfByNetdev.get(netdev) : undefined;
	if (netdev !== null && vf !== undefined) {
		// libvirt's default is vepa (virDomainActualNetDefParseXML).
		return {...rest, method: 'macvtap', source: vf, network: null, macvtap: {netdev, mode: attribute(source, 'mode') ?? 'vepa'}};
	}

	const network = attribute(source, 'network');
	if (type !== 'network' || network === null || !pools.has(network)) {
		return undefined;
	}

	// The saved definition does not say whether the pool's VFs are managed: the pool does.
	return {...rest, method: 'network', source: null, network};
}

function common(element: XmlElement): Pick<GuestDevice, 'managed' | 'alias' | 'guestAddress' | 'teaming'> {
	const teaming = teamingOf(element);
	return {
		managed: attribute(element, 'managed') === 'yes',
		alias: aliasOf(element),
		guestAddress: guestAddressOf(element),
		teaming: teaming?.type === 'transient' ? teaming.persistent : null,
	};
}

function vlanOf(element: XmlElement): number | null {
	return numberOf(attribute(child(child(element, 'vlan'), 'tag'), 'id'));
}

function macOf(element: XmlElement): Mac | null {
	return parseMac(attribute(child(element, 'mac'), 'address') ?? '') ?? null;
}

function aliasOf(element: XmlElement): string | null {
	return attribute(child(element, 'alias'), 'name');
}

function guestAddressOf(element: XmlElement): string | null {
	const address = ownPciAddress(element);
	return address && guestAddressText(address);
}

function teamingOf(element: XmlElement): Teaming | null {
	const teaming = child(element, 'teaming');
	const type = attribute(teaming, 'type');
	return type === 'persistent' || type === 'transient' ? {type, persistent: attribute(teaming, 'persistent')} : null;
}
