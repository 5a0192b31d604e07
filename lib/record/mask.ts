// Hides MAC addresses in a record, everywhere and consistently: text of attributes, JSON of
// `ip`, XML of guests, node device names, interface names made of MACs, EUI-64 addresses, the
// serial number in config space.
import {maskMessages} from './mask-mailbox.ts';
import type {HostRecord, RecordEntry} from './record.ts';

// Longer rows of pairs (fingerprints) are none; names of node devices may end in two digits.
const bare = /(?<![\da-f]|[\da-f]{2}[:-])[\da-f]{2}([:_-])[\da-f]{2}(?:\1[\da-f]{2}){4}(?![\da-f]|\1[\da-f])/gi;
const eui64 = /(?<![\da-f])([\da-f]{0,4}):([\da-f]{0,2})ff:fe([\da-f]{2}):([\da-f]{1,4})(?![\da-f])/gi;
const namedByMac = /\benx([\da-f]{12})/gi;

/** The record with every unicast MAC replaced. Zero, broadcast and multicast addresses stay: they
 * name nobody. The vendor's half stays, the rest is a number in order of appearance. */
export function maskRecord(record: HostRecord): HostRecord {
	const masked = new Map<string, string>();
	const mask = (mac: string): string => {
		const plain = mac.toLowerCase();
		if (isPublic(plain)) {
			return plain;
		}

		const known = masked.get(plain) ?? maskedMac(plain, masked.size + 1);
		masked.set(plain, known);
		return known;
	};

	const text = (original: string): string => original
		.replaceAll(bare, (match, separator: string) => {
			const hidden = mask(match.replaceAll(/[_-]/g, ':')).replaceAll(':', separator);
			return match === match.toUpperCase() ? hidden.toUpperCase() : hidden;
		})
		.replaceAll(eui64, (match, a: string, b: string, c: string, d: string) => {
			const mac = macOfEui64(a, b, c, d);
			return mac === undefined ? match : eui64Of(mask(mac));
		})
		.replaceAll(namedByMac, (_, digits: string) => `enx${mask(digits.replaceAll(/(..)(?=.)/g, '$1:')).replaceAll(':', '')}`);

	const entry = (one: RecordEntry): RecordEntry => {
		switch (one.kind) {
			case 'text': {
				return {kind: 'text', text: text(one.text)};
			}

			case 'link': {
				return {kind: 'link', target: text(one.target)};
			}

			case 'bytes': {
				return {kind: 'bytes', bytes: withoutSerial(one.bytes)};
			}

			default: {
				return one;
			}
		}
	};

	// Numbers are given in one fixed order, whatever order the entries were read in.
	const entries = [...record.entries].toSorted(([a], [b]) => a < b ? -1 : 1).map(([path, one]) => [text(path), isHardwareId(path) ? hiddenId(one) : isMessages(path) && one.kind === 'text' ? {...one, text: maskMessages(one.text, mask)} : entry(one)] as const);
	const maybe = (xml: string | undefined) => xml === undefined ? undefined : text(xml);
	return {
		...record,
		entries: new Map(entries),
		...record.sections && {sections: new Map([...record.sections].map(([name, content]) => [name, text(content)]))},
		commands: record.commands.map(({argv, code, stdout, stderr}) => ({argv: argv.map(text), code, stdout: text(stdout), stderr: text(stderr)})),
		libvirt: record.libvirt && {
			...record.libvirt,
			domains: record.libvirt.domains.map(domain => ({
				...domain,
				liveXml: maybe(domain.liveXml),
				inactiveXml: maybe(domain.inactiveXml),
				...(domain.migratableXml === undefined ? {} : {migratableXml: text(domain.migratableXml)}),
				guestInterfaces: domain.guestInterfaces?.map(({name, mac, addresses}) => ({name: text(name), mac: maybe(mac), addresses: addresses.map(text)})),
			})),
			networks: record.libvirt.networks.map(network => ({...network, xml: text(network.xml), ...(network.inactiveXml === undefined ? {} : {inactiveXml: text(network.inactiveXml)})})),
			nodeDevices: new Map([...record.libvirt.nodeDevices].map(([name, xml]) => [text(name), text(xml)])),
		},
	};
}

function isPublic(mac: string): boolean {
	return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 || mac === '00:00:00:00:00:00';
}

function maskedMac(mac: string, number: number): string {
	const tail = [number >> 16, (number >> 8) & 0xff, number & 0xff].map(byte => byte.toString(16).padStart(2, '0'));
	return [...mac.split(':').slice(0, 3), ...tail].join(':');
}

// Modified EUI-64 (RFC 4291, appendix A): the universal bit is turned over, ff:fe in the middle.
function macOfEui64(a: string, b: string, c: string, d: string): string | undefined {
	const head = a.padStart(4, '0');
	const first = Number.parseInt(head.slice(0, 2), 16) ^ 0x02;
	const bytes = [first.toString(16).padStart(2, '0'), head.slice(2), b.padStart(2, '0'), c, d.padStart(4, '0').slice(0, 2), d.padStart(4, '0').slice(2)];
	return bytes.every(byte => /^[\da-f]{2}$/i.test(byte)) ? bytes.join(':').toLowerCase() : undefined;
}

function eui64Of(mac: string): string {
	const [a = '', b = '', c = '', d = '', e = '', f = ''] = mac.split(':');
	const first = (Number.parseInt(a, 16) ^ 0x02).toString(16).padStart(2, '0');
	const short = (text: string) => text.replace(/^0{1,3}(?=.)/, '');
	return `${short(first + b)}:${short(`${c}ff`)}:fe${d}:${short(e + f)}`;
}

// These hold the MAC of the card without separators.
function isHardwareId(path: string): boolean {
	return /\/phys_(?:port|switch)_id$/.test(path);
}

function isMessages(path: string): boolean {
	return /^\/sys\/kernel\/vfctl\/.*\/messages$/.test(path);
}

function hiddenId(entry: RecordEntry): RecordEntry {
	return entry.kind === 'text' ? {kind: 'text', text: `${entry.text.trimEnd().replaceAll(/[\da-f]/gi, '0')}\n`} : entry;
}

// Device Serial Number, extended capability 0x0003: network cards put their MAC into it.
function withoutSerial(bytes: Uint8Array): Uint8Array {
	const copy = bytes.slice();
	const view = new DataView(copy.buffer);
	for (let at = 0x100, hops = 0; at >= 0x100 && at + 12 <= copy.length && hops < 480; hops++) {
		const header = view.getUint32(at, true);
		if ((header & 0xffff) === 0x0003) {
			copy.fill(0, at + 4, at + 12);
		}

		at = (header >>> 20) & ~3;
	}

	return copy;
}
