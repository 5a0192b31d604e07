// Changes the XML text of a guest as libvirt would for a hot-plugged or saved VF.
import type {Bdf} from '../model/bdf.ts';
import {bdfOf, bdfParts} from '../model/bdf.ts';
import {childOf, childrenOf, escapeXml, insertLines, parseXml} from './xml-text.ts';
import type {XmlElement} from './xml-text.ts';

/** A device that vfctl gives to a guest, as libvirt reads it from XML. `bridge` is a virtio or
 * emulated interface; so is `network` when the network is no pool. */
export interface DeviceRequest {
	kind: 'hostdev' | 'interface' | 'network' | 'bridge' | 'direct' | 'vhostuser' | 'shmem';
	source: Bdf | undefined;
	/** Name of the network or bridge, of the interface, path of the socket, name of the memory. */
	network: string | undefined;
	/** <source mode=...>. */
	mode?: string | undefined;
	/** <reconnect> in the source of a socket, as text. */
	reconnect?: string | undefined;
	managed: boolean;
	mac: string | undefined;
	vlan: number | undefined;
	alias: string | undefined;
	/** Guest bus that was asked for. */
	bus: number | undefined;
	/** Other children, as text: teaming, boot, rom, ... */
	others: readonly string[];
}

/** The device of an XML text, or undefined when it is of another kind. */
export function deviceRequest(xml: string): DeviceRequest | undefined {
	const element = parseXml(xml.trim());
	return element && deviceOf(element, xml.trim());
}

/** The device of an element, or undefined when it is another kind of device. */
export function deviceOf(element: XmlElement, xml: string): DeviceRequest | undefined {
	const {type} = element.attributes;
	const kind = element.name === 'hostdev' && type === 'pci' ? 'hostdev'
		: element.name === 'interface' && type === 'hostdev' ? 'interface'
			: element.name === 'interface' && (type === 'network' || type === 'bridge' || type === 'direct' || type === 'vhostuser') ? type
				: element.name === 'shmem' ? 'shmem' : undefined;
	if (!kind) {
		return undefined;
	}

	const source = childOf(element, 'source');
	const known = new Set(['source', 'mac', 'vlan', 'alias', 'address', ...kind === 'vhostuser' || kind === 'bridge' || kind === 'direct' ? [] : ['driver']]);
	const reconnect = childOf(source, 'reconnect');
	const tag = childOf(childOf(element, 'vlan'), 'tag')?.attributes['id'];
	const address = childOf(element, 'address');
	return {
		kind,
		source: addressOf(childOf(source, 'address')),
		network: kind === 'shmem' ? element.attributes['name'] : source?.attributes['network'] ?? source?.attributes['bridge'] ?? source?.attributes['dev'] ?? source?.attributes['path'],
		mode: source?.attributes['mode'],
		reconnect: reconnect && xml.slice(reconnect.start, reconnect.end),
		managed: kind === 'network' || element.attributes['managed'] === 'yes',
		mac: childOf(element, 'mac')?.attributes['address']?.toLowerCase(),
		vlan: tag === undefined ? undefined : Number(tag),
		alias: childOf(element, 'alias')?.attributes['name'],
		bus: address?.attributes['type'] === 'pci' ? Number(address.attributes['bus']) : undefined,
		others: element.children.filter(child => !known.has(child.name)).map(child => xml.slice(child.start, child.end)),
	};
}

/** Whether it is the virtio half of a failover pair. */
export function isStandby({others}: DeviceRequest): boolean {
	return others.some(other => /^<teaming\s[^>]*type='persistent'/.test(other));
}

/** Elements of a definition that may be VFs, with what they say. */
export function devicesOf(xml: string): Array<{element: XmlElement; device: DeviceRequest}> {
	return allDevicesOf(xml).filter(({device}) => !['bridge', 'vhostuser', 'shmem'].includes(device.kind));
}

/** The same, with interfaces on bridges and sockets, and shared memory. */
export function allDevicesOf(xml: string): Array<{element: XmlElement; device: DeviceRequest}> {
	const devices = childOf(parseXml(xml), 'devices')?.children ?? [];
	return devices.flatMap(element => {
		const device = deviceOf(element, xml);
		return device ? [{element, device}] : [];
	});
}

/** Guest buses into which one device can be plugged, lowest first; undefined for machines with
 * conventional slots (i440fx), where a slot is always free here. */
export function freePorts(xml: string): number[] | undefined {
	const devices = childOf(parseXml(xml), 'devices');
	const controllers = childrenOf(devices, 'controller').filter(({attributes}) => attributes['type'] === 'pci');
	if (!controllers.some(({attributes}) => attributes['model'] === 'pcie-root')) {
		return undefined;
	}

	const used = new Set((devices?.children ?? []).map(child => childOf(child, 'address')).filter(address => address?.attributes['type'] === 'pci').map(address => Number(address?.attributes['bus'])));
	return controllers
		.filter(({attributes}) => ['pcie-root-port', 'pcie-switch-downstream-port'].includes(attributes['model'] ?? ''))
		.map(({attributes}) => Number(attributes['index']))
		.filter(index => !used.has(index))
		.toSorted((a, b) => a - b);
}

/** The definition with one more pcie-root-port, and its index: what libvirt adds by itself when
 * a saved definition has no free port. */
export function addRootPort(xml: string): {xml: string; index: number} {
	const controllers = childrenOf(childOf(parseXml(xml), 'devices'), 'controller').filter(({attributes}) => attributes['type'] === 'pci');
	const index = 1 + Math.max(0, ...controllers.map(({attributes}) => Number(attributes['index'])));
	// Eight ports share a slot as functions; slot 0x02 holds ports 1 to 8.
	const [slot, fn] = [2 + Math.floor((index - 1) / 8), (index - 1) % 8];
	const multifunction = fn === 0 ? " multifunction='on'" : '';
	const lines = [
		`    <controller type='pci' index='${index}' model='pcie-root-port'>`,
		"      <model name='pcie-root-port'/>",
		`      <target chassis='${index}' port='0x${(0x10 + index - 1).toString(16)}'/>`,
		`      <address type='pci' domain='0x0000' bus='0x00' slot='0x${hex2(slot)}' function='0x${fn}'${multifunction}/>`,
		'    </controller>',
	];
	const last = controllers.at(-1);
	return {xml: insertAfter(xml, last, lines.join('\n')), index};
}

/** The definition with a device. `bus` undefined: a slot of a conventional bus. */
export function addDevice(xml: string, device: DeviceRequest, place: {bus: number | undefined; alias: string | undefined}): string {
	const devices = childOf(parseXml(xml), 'devices');
	const name = elementName(device);
	const text = deviceLines(device, place).map(line => `    ${line}`).join('\n');
	const sisters = childrenOf(devices, name);
	const before = devices?.children.find(child => ['watchdog', 'memballoon', 'rng', 'shmem'].includes(child.name));
	if (sisters.length > 0 || (name === 'interface' && devices)) {
		return insertAfter(xml, sisters.at(-1) ?? childrenOf(devices, 'controller').at(-1), text);
	}

	return insertLines(xml, before?.start ?? (devices?.end ?? xml.length) - '</devices>'.length, text);
}

function deviceLines(device: DeviceRequest, {bus, alias}: {bus: number | undefined; alias: string | undefined}): string[] {
	const live = alias !== undefined;
	const managed = ` managed='${device.managed ? 'yes' : 'no'}'`;
	const open = device.kind === 'hostdev' ? `<hostdev mode='subsystem' type='pci'${managed}>`
		: device.kind === 'interface' ? `<interface type='hostdev'${managed}>`
			: device.kind === 'shmem' ? `<shmem name='${escapeXml(device.network ?? '')}'>` : `<interface type='${device.kind}'>`;
	const lines = [open];
	if (device.kind !== 'hostdev' && device.mac !== undefined) {
		lines.push(`  <mac address='${device.mac}'/>`);
	}

	if (live && (device.kind === 'hostdev' || device.kind === 'interface')) {
		lines.push("  <driver name='vfio'/>");
	}

	if (device.kind === 'network' || device.kind === 'bridge') {
		lines.push(`  <source ${device.kind}='${escapeXml(device.network ?? '')}'/>`);
	} else if (device.kind === 'direct') {
		lines.push(`  <source dev='${escapeXml(device.network ?? '')}' mode='${device.mode ?? 'vepa'}'/>`);
	} else if (device.kind === 'vhostuser') {
		const start = `  <source type='unix' path='${escapeXml(device.network ?? '')}' mode='${device.mode ?? 'client'}'`;
		lines.push(...device.reconnect === undefined ? [`${start}/>`] : [`${start}>`, `    ${device.reconnect}`, '  </source>']);
	} else if (device.source !== undefined) {
		lines.push('  <source>', `    <address ${device.kind === 'interface' ? "type='pci' " : ''}${sourceAddress(device.source)}/>`, '  </source>');
	}

	if (device.vlan !== undefined) {
		lines.push('  <vlan>', `    <tag id='${device.vlan}'/>`, '  </vlan>');
	}

	lines.push(...device.others.map(other => `  ${other}`));
	const name = alias ?? device.alias;
	if (name !== undefined) {
		lines.push(`  <alias name='${escapeXml(name)}'/>`);
	}

	const [guestBus, slot] = bus === undefined ? [0, 8] : [bus, 0];
	lines.push(`  <address type='pci' domain='0x0000' bus='0x${hex2(guestBus)}' slot='0x${hex2(slot)}' function='0x0'/>`, `</${elementName(device)}>`);
	return lines;
}

function elementName(device: DeviceRequest): string {
	return device.kind === 'hostdev' || device.kind === 'shmem' ? device.kind : 'interface';
}

function insertAfter(xml: string, element: XmlElement | undefined, lines: string): string {
	const end = element?.end ?? xml.indexOf('<devices>') + '<devices>'.length;
	return `${xml.slice(0, end)}\n${lines}${xml.slice(end)}`;
}

/** `domain='0x0000' bus='0x01' slot='0x10' function='0x0'`. */
export function sourceAddress(bdf: Bdf): string {
	const {domain, bus, slot, function: fn} = bdfParts(bdf);
	return `domain='0x${domain.toString(16).padStart(4, '0')}' bus='0x${hex2(bus)}' slot='0x${hex2(slot)}' function='0x${fn}'`;
}

/** The PCI address of an <address> element, or undefined. */
export function addressOf(element: XmlElement | undefined): Bdf | undefined {
	const numbers = ['domain', 'bus', 'slot', 'function'].map(name => Number(element?.attributes[name]));
	const [domain = 0, bus = 0, slot = 0, fn = 0] = numbers;
	return element && numbers.every(number => Number.isInteger(number)) ? bdfOf({domain, bus, slot, function: fn}) : undefined;
}

function hex2(value: number): string {
	return value.toString(16).padStart(2, '0');
}
