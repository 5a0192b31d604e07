// virNetworkUpdate of <host> in <dhcp>, as virNetworkDefUpdateIPDHCPHost does it.
import type {LeaseVerb} from '../libvirt/libvirt.ts';
import {errorNumbers, Refusal} from './guest-hold.ts';
import {node, withChildren, withoutEmptyDhcp, type Node} from './network-xml.ts';
import {childOf, childrenOf, parseXml, type XmlElement} from './xml-text.ts';

/** The network after the change; throws libvirt's refusal. */
export function updateLeases(network: string, root: XmlElement, {verb, leaseXml, ipIndex = -1}: {verb: LeaseVerb; leaseXml: string; ipIndex: number | undefined}): Node {
	const host = parseXml(leaseXml.trim());
	if (host?.name !== 'host') {
		throw new Refusal(errorNumbers.internal, `internal error: unexpected element <${host?.name}>, expecting <host>, in network '${network}'`);
	}

	const ips = childrenOf(root, 'ip');
	const ip = ipIndex >= 0 ? ips[ipIndex] : ips.find(one => childOf(one, 'dhcp')) ?? ips[0];
	if (!ip) {
		throw refuse(ipIndex >= 0 ? `couldn't update dhcp host entry - no <ip> element found at index ${ipIndex} in network '${network}'` : `couldn't update dhcp host entry - no <ip> element found in network '${network}'`);
	}

	if (host.attributes['mac'] !== undefined && ip.attributes['family'] === 'ipv6') {
		throw new Refusal(27, `XML error: Invalid to specify MAC address '${host.attributes['mac']}' in network '${network}' IPv6 static host definition`);
	}

	const dhcp = childOf(ip, 'dhcp');
	const hosts = childrenOf(dhcp, 'host');
	const changed = changedHosts(network, hosts, host, verb);
	const newDhcp = withChildren(dhcp ?? node('dhcp', {}), 'host', changed);
	const newIp = withoutEmptyDhcp(withChildren(ip, 'dhcp', [newDhcp]));
	return {...root, children: root.children.map(child => child === ip ? newIp : child)};
}

function changedHosts(network: string, hosts: readonly XmlElement[], {attributes, ...rest}: XmlElement, verb: LeaseVerb): Node[] {
	const host = {...rest, attributes};
	const keys = ['mac', 'name', 'ip'] as const;
	const one = hosts.findIndex(other => keys.some(key => attributes[key] !== undefined && attributes[key] === other.attributes[key]));
	switch (verb) {
		case 'add': {
			if (one !== -1) {
				throw refuse(`there is an existing dhcp host entry in network '${network}' that matches "<host mac='${attributes['mac']}' name='${attributes['name'] ?? '(null)'}' ip='${attributes['ip']}'/>"`);
			}

			return [...hosts, host];
		}

		case 'modify': {
			if (one === -1) {
				throw refuse(`couldn't locate an existing dhcp host entry with "mac='${attributes['mac']}'" "name='${attributes['name'] ?? '(null)'}'" "ip='${attributes['ip']}'" in network '${network}'`);
			}

			return hosts.map((other, index) => index === one ? host : other);
		}

		case 'delete': {
			const all = hosts.findIndex(other => keys.every(key => attributes[key] === undefined || attributes[key] === other.attributes[key]));
			if (all === -1) {
				throw refuse(`couldn't locate a matching dhcp host entry in network '${network}'`);
			}

			return hosts.filter((_, index) => index !== all);
		}
	}
}

function refuse(message: string): Refusal {
	return new Refusal(errorNumbers.operationInvalid, `Requested operation is not valid: ${message}`);
}
