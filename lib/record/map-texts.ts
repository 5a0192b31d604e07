// The same record with other texts: for masks.
import type {HostRecord, RecordEntry} from './record.ts';

export interface TextMap {
	/** Every text: of files, links, commands, definitions, sections, the environment. */
	text: (original: string) => string;
	/** Paths and node device names; without it they stay. */
	name?: (original: string) => string;
	/** An entry that is no plain text; undefined: like any other. */
	entry?: (path: string, entry: RecordEntry) => RecordEntry | undefined;
}

/** The record with every text replaced, in one fixed order, whatever order the entries were read in. */
export function mapTexts(record: HostRecord, {text, name = same, entry}: TextMap): HostRecord {
	const ofEntry = (path: string, one: RecordEntry): RecordEntry =>
		entry?.(path, one) ?? (one.kind === 'text' ? {kind: 'text', text: text(one.text)} : one.kind === 'link' ? {kind: 'link', target: name(one.target)} : one);
	const entries = [...record.entries].toSorted(([a], [b]) => a < b ? -1 : 1).map(([path, one]) => [name(path), ofEntry(path, one)] as const);
	const maybe = (xml: string | undefined) => xml === undefined ? undefined : text(xml);
	const {libvirt, sections, caller} = record;
	return {
		...record,
		caller: {...caller, env: Object.fromEntries(Object.entries(caller.env).map(([key, value]) => [key, text(value)]))},
		entries: new Map(entries),
		commands: record.commands.map(({argv, code, stdout, stderr}) => ({argv: argv.map(word => name(word)), code, stdout: text(stdout), stderr: text(stderr)})),
		libvirt: libvirt && {
			...libvirt,
			domains: libvirt.domains.map(domain => ({
				...domain,
				liveXml: maybe(domain.liveXml),
				inactiveXml: maybe(domain.inactiveXml),
				...(domain.migratableXml === undefined ? {} : {migratableXml: text(domain.migratableXml)}),
				guestInterfaces: domain.guestInterfaces?.map(({name: netdev, mac, addresses}) => ({name: text(netdev), mac: maybe(mac), addresses: addresses.map(address => text(address))})),
			})),
			networks: libvirt.networks.map(network => ({...network, xml: text(network.xml), ...(network.inactiveXml === undefined ? {} : {inactiveXml: text(network.inactiveXml)})})),
			nodeDevices: new Map([...libvirt.nodeDevices].map(([device, xml]) => [name(device), text(xml)])),
		},
		...sections && {sections: new Map([...sections].map(([section, content]) => [section, text(content)]))},
	};
}

function same(text: string): string {
	return text;
}
