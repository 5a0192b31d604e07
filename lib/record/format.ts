// Writes a host record as text: sorted, one fact a line, the same bytes for the same host.
import {filledDirectories} from './directories.ts';
import {escapeLine, escapeName, textToLines} from './escape.ts';
import {recordHeader} from './record.ts';
import type {HostRecord, RecordedLibvirt, RecordEntry} from './record.ts';

/** The text of a record; parseRecord turns it back. */
export function formatRecord(record: HostRecord): string {
	const lines = [recordHeader, `E: uid = ${record.caller.uid}`];
	for (const [name, value] of Object.entries(record.caller.env).toSorted(byFirst)) {
		lines.push(`E: ${escapeName(name)} = ${escapeLine(value)}`.trimEnd());
	}

	for (const [directory, names] of byDirectory(record.entries)) {
		lines.push(`P: ${directory.split('/').map(part => escapeName(part)).join('/')}`);
		for (const [name, entry] of names.toSorted(byFirst)) {
			lines.push(...entryLines(escapeName(name), entry));
		}
	}

	for (const command of record.commands) {
		lines.push(`C: ${escapeLine(JSON.stringify(command.argv))} exit ${command.code}`, ...block(command.stdout));
		if (command.stderr !== '') {
			lines.push('S: stderr', ...block(command.stderr));
		}
	}

	if (record.libvirt) {
		lines.push(...libvirtLines(record.libvirt));
	}

	for (const [name, text] of [...record.sections ?? []].toSorted(byFirst)) {
		lines.push(`T: ${escapeName(name)}`, ...block(text));
	}

	return `${lines.join('\n')}\n`;
}

function libvirtLines(libvirt: RecordedLibvirt): string[] {
	const lines = [`V: ${escapeName(libvirt.uri)} ${escapeName(libvirt.version)}`];
	for (const {name, uuid, state, active, persistent, liveXml, migratableXml, inactiveXml, guestInterfaces} of libvirt.domains) {
		lines.push(`D: ${escapeLine(JSON.stringify({name, uuid, state, active, persistent}))}`);
		for (const [which, xml] of [['live', liveXml], ['migratable', migratableXml], ['inactive', inactiveXml]] as const) {
			if (xml !== undefined) {
				lines.push(`X: ${which}`, ...block(xml));
			}
		}

		if (guestInterfaces !== undefined) {
			lines.push(`G: ${escapeLine(JSON.stringify(guestInterfaces))}`);
		}
	}

	for (const {name, uuid, active, persistent, autostart, xml, inactiveXml} of libvirt.networks) {
		lines.push(`N: ${escapeLine(JSON.stringify({name, uuid, active, persistent, autostart}))}`, ...block(xml));
		if (inactiveXml !== undefined) {
			lines.push('X: inactive', ...block(inactiveXml));
		}
	}

	if (libvirt.hostdevXml !== undefined) {
		lines.push('H: hostdev', ...block(libvirt.hostdevXml));
	}

	for (const [name, xml] of [...libvirt.nodeDevices].toSorted(byFirst)) {
		lines.push(`O: ${escapeName(name)}`, ...block(xml));
	}

	return lines;
}

function entryLines(name: string, entry: RecordEntry): string[] {
	switch (entry.kind) {
		case 'text': {
			const lines = textToLines(entry.text);
			return lines.length === 1 ? [`A: ${name} = ${lines[0]}`.trimEnd()] : [`A: ${name}`, ...lines.map(line => `\t${line}`)];
		}

		case 'bytes': {
			return [`B: ${name} = ${hexText(entry.bytes)}`.trimEnd()];
		}

		case 'link': {
			return [`L: ${name} -> ${escapeLine(entry.target)}`];
		}

		case 'unreadable': {
			return [`U: ${name}`];
		}

		case 'directory': {
			return [];
		}
	}
}

// Config space is mostly zeros at the end: they are counted, not written.
function hexText(bytes: Uint8Array): string {
	const used = bytes.findLastIndex(byte => byte !== 0) + 1;
	const zeros = bytes.length - used;
	const hex = (end: number) => Buffer.from(bytes.subarray(0, end)).toString('hex');
	return zeros < 16 ? hex(bytes.length) : `${hex(used)} 00*${zeros}`;
}

function block(text: string): string[] {
	return text === '' ? [] : textToLines(text).map(line => `\t${line}`);
}

// Directories in path order, each with what lies directly in it; empty ones stand alone.
function byDirectory(entries: HostRecord['entries']): Array<[string, Array<[string, RecordEntry]>]> {
	const directories = new Map<string, Array<[string, RecordEntry]>>();
	const of = (path: string) => {
		const known = directories.get(path) ?? [];
		directories.set(path, known);
		return known;
	};

	const filled = filledDirectories(entries);
	for (const [path, entry] of entries) {
		if (entry.kind === 'directory') {
			if (!filled.has(path)) {
				of(path);
			}
		} else {
			const cut = path.lastIndexOf('/');
			of(path.slice(0, cut) || '/').push([path.slice(cut + 1), entry]);
		}
	}

	return [...directories].toSorted(byFirst);
}

function byFirst(a: readonly [string, unknown], b: readonly [string, unknown]): number {
	return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
