// Network XML as libvirt writes it back (virNetworkDefFormat): its own layout, with what it adds.
import type {Bdf} from '../model/bdf.ts';
import {sourceAddress} from './guest-xml.ts';
import {escapeXml, parseXml, type XmlElement} from './xml-text.ts';

/** An element without its place in a text. */
export type Node = Pick<XmlElement, 'name' | 'attributes' | 'text'> & {readonly children: readonly Node[]};

/** An element with attributes and children only. */
export function node(name: string, attributes: Readonly<Record<string, string>>, children: readonly Node[] = []): Node {
	return {name, attributes, children, text: ''};
}

/** The element with children of a name replaced; new ones go to the end. */
export function withChildren(element: Node, name: string, found: readonly Node[]): Node {
	return {...element, children: [...element.children.filter(child => child.name !== name), ...found]};
}

/** The text of a document, two blanks per level. */
export function writeXml(element: Node, indent = ''): string {
	const attributes = Object.entries(element.attributes).map(([name, value]) => ` ${name}='${escapeXml(value)}'`).join('');
	const text = escapeXml(element.text.trim());
	if (element.children.length === 0) {
		return text === '' ? `${indent}<${element.name}${attributes}/>\n` : `${indent}<${element.name}${attributes}>${text}</${element.name}>\n`;
	}

	return `${indent}<${element.name}${attributes}>\n${element.children.map(child => writeXml(child, `${indent}  `)).join('')}${indent}</${element.name}>\n`;
}

// virNetworkDefFormatBuf writes them in this order; the others follow as they came.
const order = ['name', 'uuid', 'metadata', 'forward', 'bridge', 'mac', 'domain', 'dns', 'virtualport', 'ip', 'route'];

/** A definition after libvirt has read it: with UUID, and with bridge and MAC where the network
 * has a bridge of libvirt's own. `connections` only tells how many guests use it. */
export function definedNetwork(root: Node, {uuid, bridge, mac}: {uuid: string; bridge: string; mac: string}): Node {
	const has = (name: string) => root.children.some(child => child.name === name);
	const forward = root.children.find(({name}) => name === 'forward');
	const ownBridge = forward === undefined || ['nat', 'route', 'open', undefined].includes(forward.attributes['mode']);
	const children = [
		...root.children.filter(({name}) => !['uuid', 'bridge'].includes(name)).map(child => child.name === 'ip' ? withoutEmptyDhcp(child) : child),
		{...node('uuid', {}), text: uuid},
		...(ownBridge ? [bridgeOf(root.children.find(({name}) => name === 'bridge'), bridge)] : root.children.filter(({name}) => name === 'bridge')),
		...(ownBridge && !has('mac') ? [node('mac', {address: mac})] : []),
	];
	const place = ({name}: Node) => order.includes(name) ? order.indexOf(name) : order.length;
	const {connections: _, ...attributes} = root.attributes;
	return {...root, attributes, children: children.toSorted((a, b) => place(a) - place(b))};
}

function bridgeOf(given: Node | undefined, name: string): Node {
	return {...given ?? node('bridge', {}), attributes: {name, stp: 'on', delay: '0', ...given?.attributes}};
}

/** libvirt writes <dhcp> only with a range or a host in it. */
export function withoutEmptyDhcp(ip: Node): Node {
	return {...ip, children: ip.children.filter(({name, children}) => name !== 'dhcp' || children.length > 0)};
}

/** The running definition of a pool: its <pf> followed by the VFs that libvirt found. */
export function expandedPool(root: Node, vfs: readonly Bdf[]): Node {
	const addresses = vfs.map(bdf => node('address', {type: 'pci', ...parseXml(`<address ${sourceAddress(bdf)}/>`)?.attributes}));
	return {...root, children: root.children.map(child => child.name === 'forward' ? withChildren(child, 'address', addresses) : child)};
}

/** The saved definition of a pool that a record shows running. */
export function collapsedPool(root: Node): Node {
	return {...root, children: root.children.map(child => child.name === 'forward' && child.children.some(({name}) => name === 'pf') ? withChildren(child, 'address', []) : child)};
}
