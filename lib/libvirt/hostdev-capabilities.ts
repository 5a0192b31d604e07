// What libvirt can do with devices of the host: https://libvirt.org/formatdomaincaps.html#host-device-assignment
import {attribute, child, children, readXml} from './xml-tree.ts';

/** Ways to pass a PCI device through (`default`, `vfio`); empty when it can none. */
export function pciBackends(xml: string): string[] {
	const hostdev = child(child(readXml(xml, {root: 'domainCapabilities', what: 'guests'}), 'devices'), 'hostdev');
	const backend = children(hostdev, 'enum').find(element => attribute(element, 'name') === 'pciBackend');
	return attribute(hostdev, 'supported') === 'yes' ? children(backend, 'value').map(value => value._?.trim() ?? '') : [];
}

/** The part about them alone: the whole is long. */
export function hostdevPart(xml: string): string {
	const hostdev = /^[ \t]*<hostdev\b[^>]*(?:\/>|>.*?<\/hostdev>)/ms.exec(xml)?.[0];
	return ['<domainCapabilities>', '  <devices>', ...hostdev === undefined ? [] : [hostdev], '  </devices>', '</domainCapabilities>', ''].join('\n');
}
