// libvirt networks, and those of them that are pools of VFs: https://libvirt.org/formatnetwork.html#connectivity
import {bdfOf} from '../model/bdf.ts';
import type {Pool} from '../model/domain.ts';
import {parsePrefix} from '../model/ip.ts';
import {parseMac} from '../model/mac.ts';
import type {Network, NetworkIp} from '../model/network.ts';
import type {NetworkRecord} from './libvirt.ts';
import {pciAddressOf} from './pci-address-xml.ts';
import {attribute, child, children, readXml, type XmlElement} from './xml-tree.ts';

/** The pool, or null when the network's forward mode is not hostdev. */
export function parsePool({name, active, persistent, xml, inactiveXml}: NetworkRecord): Pool | null {
	// Most networks are none; the word alone decides most cases without parsing.
	if (!xml.includes('hostdev')) {
		return null;
	}

	const forward = forwardOf(name, xml);
	if (attribute(forward, 'mode') !== 'hostdev') {
		return null;
	}

	const source = sourceOf(forward);
	return {name, active, persistent, ...source, managed: attribute(forward, 'managed') === 'yes', saved: persistent ? savedSource(name, source, inactiveXml) : null};
}

function savedSource(name: string, source: PoolSource, inactiveXml: string | undefined): PoolSource {
	if (inactiveXml !== undefined) {
		return sourceOf(forwardOf(name, inactiveXml));
	}

	// The VFs beside a <pf> are those that libvirt found at the start.
	return {pfNetdev: source.pfNetdev, members: source.pfNetdev === null ? source.members : []};
}

type PoolSource = Pick<Pool, 'pfNetdev' | 'members'>;

function sourceOf(forward: XmlElement | undefined): PoolSource {
	return {
		pfNetdev: attribute(child(forward, 'pf'), 'dev'),
		members: children(forward, 'address').map(element => pciAddressOf(element)).filter(address => address !== null).map(address => bdfOf(address)),
	};
}

function forwardOf(name: string, xml: string): XmlElement | undefined {
	return child(readXml(xml, {root: 'network', what: `network ${name}`}), 'forward');
}

/** Any network, from its running definition; or from the saved one when it does not run. */
export function parseNetwork({name, uuid, active, persistent, autostart, xml, inactiveXml}: NetworkRecord): Network {
	const root = readXml(xml, {root: 'network', what: `network ${name}`});
	const ips = parseIps(root);
	const savedIps = inactiveXml === undefined ? ips : parseIps(readXml(inactiveXml, {root: 'network', what: `network ${name}`}));
	return {
		name, uuid, active, persistent, autostart,
		forward: forwardMode(root),
		bridge: attribute(child(root, 'bridge'), 'name'),
		ips,
		...JSON.stringify(savedIps) === JSON.stringify(ips) ? {} : {savedIps},
		savedXml: inactiveXml ?? (persistent && !active ? xml : null),
	};
}

// <forward/> without a mode is nat.
function forwardMode(root: XmlElement): string {
	const forward = child(root, 'forward');
	return forward === undefined ? 'none' : attribute(forward, 'mode') ?? 'nat';
}

function parseIps(root: XmlElement): NetworkIp[] {
	return children(root, 'ip').map(element => parseIp(element)).filter(ip => ip !== null);
}

// The length is given as a prefix, or as an IPv4 netmask.
function parseIp(element: XmlElement): NetworkIp | null {
	const length = attribute(element, 'prefix') ?? netmaskLength(attribute(element, 'netmask'));
	const address = parsePrefix(`${attribute(element, 'address') ?? ''}/${length ?? (attribute(element, 'family') === 'ipv6' ? 64 : 24)}`);
	if (address === undefined) {
		return null;
	}

	const dhcp = child(element, 'dhcp');
	return {
		address: `${address.address}/${address.length}`,
		dhcp: dhcp !== undefined,
		ranges: children(dhcp, 'range').map(range => ({start: attribute(range, 'start') ?? '', end: attribute(range, 'end') ?? ''})),
		leases: children(dhcp, 'host').flatMap(host => {
			const mac = parseMac(attribute(host, 'mac') ?? '');
			const ip = attribute(host, 'ip');
			return mac === undefined || ip === null ? [] : [{mac, ip, name: attribute(host, 'name')}];
		}),
	};
}

function netmaskLength(netmask: string | null): number | null {
	return netmask === null ? null : netmask.split('.').reduce((sum, part) => sum + Number(part).toString(2).replaceAll('0', '').length, 0);
}
