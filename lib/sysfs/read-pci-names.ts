// Names of PCI vendors and devices from pci.ids. The file has 40,000 lines and few are needed,
// so it is searched, not parsed.
import type {FileReader} from '../host/host.ts';

// Debian, then Fedora.
export const pciIdsPlaces = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids'];

export interface PciIds {
	vendorId: number;
	deviceId: number;
	subsystemVendorId: number | null;
	subsystemDeviceId: number | null;
}

export interface PciNames {
	vendor: string | null;
	device: string | null;
	subsystem: string | null;
}

/** Looks up names, and reads the file at the first question; all null without the file. */
export function pciNames(files: FileReader): (ids: PciIds) => PciNames {
	let text: string | undefined;
	return ids => {
		text ??= pciIdsPlaces.map(path => files.readText(path)).find(content => content !== undefined) ?? '';
		return find(text, ids);
	};
}

function find(text: string, {vendorId, deviceId, subsystemVendorId, subsystemDeviceId}: PciIds): PciNames {
	const vendor = entry(text, {key: hex(vendorId), depth: 0, from: 0, end: text.length});
	const device = vendor && entry(text, {key: hex(deviceId), depth: 1, from: vendor.end, end: blockEnd(text, vendor.end, 0)});
	const subsystem = device && subsystemVendorId !== null && subsystemDeviceId !== null
		? entry(text, {key: `${hex(subsystemVendorId)} ${hex(subsystemDeviceId)}`, depth: 2, from: device.end, end: blockEnd(text, device.end, 1)})
		: undefined;
	return {vendor: vendor?.name ?? null, device: device?.name ?? null, subsystem: subsystem?.name ?? null};
}

/** The line `key  name`, indented by `depth` tabs, within a part of the text. `end` of the
 * answer is the newline after it. */
function entry(text: string, {key, depth, from, end}: {key: string; depth: number; from: number; end: number}): {name: string; end: number} | undefined {
	const start = `\n${'\t'.repeat(depth)}${key}  `;
	const at = text.indexOf(start, from);
	if (at === -1 || at >= end) {
		return undefined;
	}

	const newline = text.indexOf('\n', at + 1);
	const lineEnd = newline === -1 ? text.length : newline;
	return {name: text.slice(at + start.length, lineEnd).trim(), end: lineEnd};
}

/** Where the lines that are indented deeper than `depth` end, counted from a newline. */
function blockEnd(text: string, from: number, depth: number): number {
	for (let at = from; at !== -1; at = text.indexOf('\n', at + 1)) {
		const indent = text.startsWith('\t\t', at + 1) ? 2 : text.startsWith('\t', at + 1) ? 1 : 0;
		// A comment between the lines of a block does not end it.
		if (indent <= depth && text[at + 1] !== '#') {
			return at + 1;
		}
	}

	return text.length;
}

function hex(id: number): string {
	return id.toString(16).padStart(4, '0');
}
