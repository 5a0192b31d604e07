// Whether two definitions of a network say the same, whoever wrote them.
import {allChildren, attribute, child, children, numberOf, readXml, type XmlElement} from './xml-tree.ts';

/** True when `real`, as libvirt tells it, is what `wanted` asks for. What only one of them says and
 * libvirt adds by itself does not count: UUID, name and options of its own bridge and its MAC, the
 * port range of NAT, the count of connections, the VFs of a `<pf>` pool. */
export function sameNetwork(wanted: string, real: string): boolean {
	const [a, b] = [wanted, real].map(xml => readXml(xml, {root: 'network', what: 'a network'})) as [XmlElement, XmlElement];
	return toldOnce(a, b) && told(a) === told(b);
}

/** The UUID that a definition names, or null. */
export function networkUuid(xml: string): string | null {
	const uuid = child(readXml(xml, {root: 'network', what: 'a network'}), 'uuid')?._?.trim();
	return uuid === undefined || uuid === '' ? null : uuid.toLowerCase();
}

/** The definition with this UUID, when it names none. */
export function withNetworkUuid(xml: string, uuid: string): string {
	return networkUuid(xml) === null ? xml.replace(/<network(?:\s[^>]*)?>/, `$&<uuid>${uuid}</uuid>`) : xml;
}

// What libvirt chooses when it is not said must be the same where both say it.
function toldOnce(a: XmlElement, b: XmlElement): boolean {
	const choices = [
		(root: XmlElement) => child(root, 'uuid')?._?.trim().toLowerCase(),
		(root: XmlElement) => attribute(child(root, 'mac'), 'address')?.toLowerCase(),
		...['name', 'stp', 'delay'].map(name => (root: XmlElement) => attribute(child(root, 'bridge'), name)),
	];
	return choices.every(choice => {
		const [one, other] = [choice(a), choice(b)];
		return one === undefined || one === null || other === undefined || other === null || one === other;
	});
}

// Everything else, in one order.
function told(root: XmlElement): string {
	const forward = child(root, 'forward');
	const rest = allChildren(root).filter(([name]) => !['uuid', 'mac', 'forward'].includes(name)).map(([name, element]) => name === 'bridge' ? bridgeText(element) : text(name, element)).filter(part => part !== '');
	return JSON.stringify([...rest.sort(), forward === undefined ? '' : forwardText(forward)]);
}

function bridgeText(element: XmlElement): string {
	const {name: _name, stp: _stp, delay: _delay, ...others} = element.$ ?? {};
	return Object.keys(others).length === 0 ? '' : text('bridge', {$: others});
}

function forwardText(forward: XmlElement): string {
	const pools = children(forward, 'pf').length > 0;
	const dev = attribute(forward, 'dev');
	const parts = allChildren(forward)
		.filter(([name, element]) => !(pools && name === 'address') && !(name === 'interface' && dev !== null && attribute(element, 'dev') === dev))
		.map(([name, element]) => text(name, element))
		.filter(part => part !== defaultNat);
	return JSON.stringify([attributes('forward', {mode: 'nat', managed: 'no', ...forward.$}), ...parts]);
}

/** An element in one form; '' for what means nothing. */
function text(name: string, element: XmlElement): string {
	const inner = allChildren(element).map(([childName, found]) => text(childName, found)).filter(part => part !== '');
	if (name === 'dhcp') {
		// Leases have no order; an empty <dhcp> is none.
		return inner.length === 0 ? '' : JSON.stringify([name, ...inner.sort()]);
	}

	return JSON.stringify([name, attributes(name, element.$ ?? {}), (element._ ?? '').trim(), ...inner]);
}

const defaults: Readonly<Record<string, Readonly<Record<string, string>>>> = {address: {type: 'pci', domain: '0', function: '0'}, ip: {family: 'ipv4'}};

function attributes(name: string, given: Readonly<Record<string, string>>): Array<[string, string]> {
	const all = Object.entries({...defaults[name], ...given}).filter(([key]) => key !== 'connections');
	return all.map(([key, value]): [string, string] => [key, name === 'address' ? String(numberOf(value) ?? value) : value]).sort(([a], [b]) => a < b ? -1 : 1);
}

// What libvirt shows for a running NAT network without <nat>.
const defaultNat = text('nat', {port: [{$: {start: '1024', end: '65535'}}]} as XmlElement);
