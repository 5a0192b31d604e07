// Which entries of the catalogue explain a line.
import {parseBdf} from '../bdf.ts';
import type {MessageEntry} from '../messages/message-entry.ts';
import type {LogLine} from './log-line.ts';

export interface Match {
	readonly entry: MessageEntry;
	/** What the line tells, by the names that the entry's texts use. */
	readonly fields: Readonly<Record<string, string>>;
}

/** Every entry that explains the line; the one whose pattern matched most of it first. */
export function matchLine(line: LogLine, entries: readonly MessageEntry[]): Match[] {
	const names = namesOf(line);
	return entries
		.flatMap(entry => {
			const match = isFrom(entry, names) ? textsOf(line).map(text => entry.pattern.exec(text)).find(found => found !== null) : undefined;
			return match ? [{entry, fields: fieldsOf(line, match.groups ?? {}), length: match[0].length}] : [];
		})
		.sort((a, b) => b.length - a.length)
		.map(({entry, fields}) => ({entry, fields}));
}

/** A pasted text without any prefix may be anybody's. */
function isFrom({from}: MessageEntry, names: ReadonlySet<string>): boolean {
	return from === undefined || names.size === 0 || from.some(name => names.has(name));
}

/** The text behind the prefixes first; then with them, as `DMAR: ` and `vfio 0000:03:10.0: ` are
 * prefixes to one and part of the message to another. */
function textsOf({text, message}: LogLine): string[] {
	return text === message ? [text] : [text, message];
}

/** Names that any QEMU goes by. */
export const qemuNames = ['qemu', 'qemu-kvm', 'qemu-system-x86_64'];
const libvirtNames = ['libvirt', 'libvirtd', 'virtqemud', 'virtnetworkd', 'virtnodedevd'];

/** Everything that speaks in the line: libvirt's lines hold QEMU's, and virsh prints libvirt's. */
export function namesOf({program, driver, message}: LogLine): Set<string> {
	const names = new Set([program, driver].filter(name => name !== null));
	const has = (list: readonly string[]) => list.some(name => names.has(name));
	if (has(qemuNames) || /(?:^|[\s/])qemu-(?:system-\w{1,20}|kvm): /.test(message)) {
		addAll(names, qemuNames);
	}

	if (has(libvirtNames) || driver === 'error') {
		addAll(names, driver === 'error' ? [...libvirtNames, 'virsh'] : libvirtNames);
	}

	return names;
}

function addAll(names: Set<string>, more: readonly string[]): void {
	for (const name of more) {
		names.add(name);
	}
}

function fieldsOf({driver, bdf, netdev, program, message}: LogLine, groups: Readonly<Record<string, string | undefined>>): Record<string, string> {
	const known = definedOf(groups);
	const all = Object.entries({driver, bdf, netdev, program, ...bdf === null && netdev === null ? deviceNamed(message, known['path']) : {}, ...known});
	return Object.fromEntries(all.flatMap(([name, value]) => value === null ? [] : [[name, name === 'bdf' ? parseBdf(value) ?? value : value]]));
}

/** The device that QEMU speaks of (`vfio 0000:01:10.0: `, VFIO_MSG_PREFIX of hw/vfio/vfio-helpers.h), or whose file in
 * sysfs a line names: `/sys/class/net/eth1/device/sriov_numvfs`. */
function deviceNamed(message: string, path: string | undefined): {bdf?: string; netdev?: string} {
	const device = /\bvfio ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): /.exec(message)?.[1];
	if (device !== undefined) {
		return {bdf: device};
	}

	const [, netdev, bdf] = /^\/sys\/(?:class\/net\/([\w.-]{1,15})|bus\/pci\/devices\/([0-9a-f:.]{7,12}))\//.exec(path ?? '') ?? [];
	return netdev === undefined ? (bdf === undefined ? {} : {bdf}) : {netdev};
}

function definedOf(groups: Readonly<Record<string, string | undefined>>): Record<string, string> {
	return Object.fromEntries(Object.entries(groups).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
