// A guest's XML in vfctl's model: https://libvirt.org/formatdomain.html
import type {Bdf} from '../model/bdf.ts';
import type {Guest, GuestDefinition, GuestDevice, GuestNic} from '../model/domain.ts';
import {parseMac, type Mac} from '../model/mac.ts';
import {parseDevices, parseInterfaces, type DeviceContext} from './domain-devices.ts';
import {parseHugepages, parseMemoryIsShared, parseSharedMemory} from './domain-memory.ts';
import {parsePorts} from './domain-ports.ts';
import type {DomainRecord} from './libvirt.ts';
import {attribute, child, children, readXml, type XmlElement} from './xml-tree.ts';

/** A guest. `poolNames`: the networks with forward mode hostdev; an interface on another network
 * is no device of the host. `vfByNetdev`: the VFs that are on host drivers. The XML is only parsed
 * when something is asked that needs it. */
export function parseDomain(record: DomainRecord, poolNames: Iterable<string> = [], vfByNetdev: ReadonlyMap<string, Bdf> = new Map()): Guest {
	const {name, uuid, active, persistent, state, liveXml, inactiveXml, migratableXml} = record;
	const pools = new Set(poolNames);
	const definition = (xml: string | undefined, migratable?: string) =>
		xml === undefined ? null : defineLazily(xml, {what: `guest ${name}`, pools, vfByNetdev, migratable});
	return {name, uuid, active, persistent, state, live: definition(liveXml, migratableXml), config: definition(inactiveXml)};
}

interface Context {
	what: string;
	pools: ReadonlySet<string>;
	vfByNetdev: ReadonlyMap<string, Bdf>;
	migratable: string | undefined;
}

// Parsing takes about a millisecond, and most guests of most hosts have no device of the host:
// listing must not pay for them. The getters are own and enumerable, so copies and JSON work.
function defineLazily(xml: string, {what, pools, vfByNetdev, migratable}: Context): GuestDefinition {
	const domain = once(() => readXml(xml, {root: 'domain', what}));
	const element = once(() => child(domain(), 'devices'));
	const devices = once((): readonly GuestDevice[] => {
		if (!mayHaveDevices(xml, pools, vfByNetdev)) {
			return [];
		}

		const context: DeviceContext = {pools, vfByNetdev, networkByMac: poolInterfaces(migratable, pools, what)};
		return parseDevices(element(), context);
	});
	const ports = once(() => parsePorts(element()));
	const interfaces = once((): readonly GuestNic[] => parseInterfaces(element()));
	const agent = once(() => parseAgent(element()));
	return {
		get devices() {
			return devices();
		},
		get interfaces() {
			return interfaces();
		},
		get macs() {
			return interfaces().map(({mac}) => mac).filter(mac => mac !== null);
		},
		get ports() {
			return ports().ports;
		},
		get conventionalPci() {
			return ports().conventionalPci;
		},
		get sharedMemory() {
			return parseSharedMemory(element());
		},
		get memoryIsShared() {
			return parseMemoryIsShared(domain());
		},
		get hugepages() {
			return xml.includes('<hugepages') ? parseHugepages(domain()) : [];
		},
		get agent() {
			return agent();
		},
	};
}

// libvirt quotes attributes with ' and writes `type` first; XML from elsewhere (tests, other
// tools) may not, so only the words count. Saying yes in vain costs a millisecond.
function mayHaveDevices(xml: string, pools: ReadonlySet<string>, vfByNetdev: ReadonlyMap<string, Bdf>): boolean {
	return xml.includes('hostdev') || (pools.size > 0 && /\bnetwork\s*=/.test(xml)) || (vfByNetdev.size > 0 && xml.includes('direct'));
}

/** Names of pools by MAC of the <interface type='network'> in migratable XML. Another network with
 * the MAC of a VF is that of its standby. */
function poolInterfaces(migratable: string | undefined, pools: ReadonlySet<string>, what: string): ReadonlyMap<Mac, string> {
	const networks = new Map<Mac, string>();
	if (migratable?.includes('network=')) {
		for (const element of children(child(readXml(migratable, {root: 'domain', what}), 'devices'), 'interface')) {
			const mac = parseMac(attribute(child(element, 'mac'), 'address') ?? '');
			const network = attribute(child(element, 'source'), 'network');
			if (mac !== undefined && network !== null && pools.has(network)) {
				networks.set(mac, network);
			}
		}
	}

	return networks;
}

// https://libvirt.org/formatdomain.html#channel: libvirt tells the state in live XML only.
function parseAgent(devices: XmlElement | undefined): GuestDefinition['agent'] {
	const target = children(devices, 'channel')
		.map(element => child(element, 'target'))
		.find(element => attribute(element, 'name') === 'org.qemu.guest_agent.0');
	return target === undefined ? 'none' : attribute(target, 'state') === 'connected' ? 'connected' : 'disconnected';
}

function once<Value>(compute: () => Value): () => Value {
	let computed: {value: Value} | undefined;
	return () => {
		computed ??= {value: compute()};
		return computed.value;
	};
}
