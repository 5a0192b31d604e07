// Hides MAC addresses in a record, everywhere and consistently: text of attributes, JSON of
// `ip`, XML of guests, node device names, interface names made of MACs, EUI-64 addresses, the
// serial number in config space.
import {mapTexts} from './map-texts.ts';
import {maskMessages} from './mask-mailbox.ts';
import type {HostRecord, RecordEntry} from './record.ts';

// Longer rows of pairs (fingerprints) are none; names of node devices may end in two digits.
const bare = /(?<![\da-f]|[\da-f]{2}[:-])[\da-f]{2}([:_-])[\da-f]{2}(?:\1[\da-f]{2}){4}(?![\da-f]|\1[\da-f])/gi;
const eui64 = /(?<![\da-f])([\da-f]{0,4}):([\da-f]{0,2})ff:fe([\da-f]{2}):([\da-f]{1,4})(?![\da-f])/gi;
const namedByMac = /\benx([\da-f]{12})/gi;

// Twelve digits without separators are only a MAC when it is one that was met as such.
const plainMac = /(?<![\da-f-]|enx)[\da-f]{12}(?![\da-f])/gi;

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
		.replaceAll(bare, (match, separator: string) => likeCase(match, mask(match.replaceAll(/[_-]/g, ':')).replaceAll(':', separator)))
		.replaceAll(eui64, (match, a: string, b: string, c: string, d: string) => {
			const mac = macOfEui64(a, b, c, d);
			return mac === undefined ? match : eui64Of(mask(mac));
		})
		.replaceAll(namedByMac, (_, digits: string) => `enx${mask(withColons(digits)).replaceAll(':', '')}`);

	const entry = (path: string, one: RecordEntry): RecordEntry | undefined =>
		isHardwareId(path) ? hiddenId(one)
		: isMessages(path) && one.kind === 'text' ? {...one, text: maskMessages(one.text, mask)}
		: one.kind === 'bytes' ? {kind: 'bytes', bytes: withoutSerial(one.bytes)} : undefined;
	const hidden = mapTexts(record, {text, name: text, entry});
	// All are known now, whichever text named them first.
	const plain = new Map([...masked].map(([mac, other]) => [mac.replaceAll(':', ''), other.replaceAll(':', '')]));
	const rest = (original: string) => original.replaceAll(plainMac, match => likeCase(match, plain.get(match.toLowerCase()) ?? match));
	return mapTexts(hidden, {text: rest, name: rest, entry: (_, one) => one.kind === 'text' ? undefined : one});
}

function likeCase(match: string, hidden: string): string {
	// One of digits alone says nothing about how letters are written.
	return match === match.toLowerCase() ? hidden : hidden.toUpperCase();
}

function withColons(digits: string): string {
	return digits.replaceAll(/(..)(?=.)/g, '$1:');
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
