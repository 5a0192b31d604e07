// A recorded or made-up host as real files: for realFiles(root), and to be put over /sys for
// programs that know nothing of records.
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import type {RecordEntry} from '../../lib/record/record.ts';

export interface SysfsTree {
	/** Directory that stands for `/`: sysfs is in `sys` below it. */
	readonly root: string;
	/** The directory to bind-mount on /sys. */
	readonly sysfs: string;
	remove(): void;
}

/** Writes the entries below a new temporary directory. sysfs links are relative, so they lead to
 * the same places here and after a bind mount. What records leave out and other programs want of
 * every PCI function is added: `config` and an empty `resource`. */
export function materialise(entries: ReadonlyMap<string, RecordEntry>): SysfsTree {
	const root = mkdtempSync(join(tmpdir(), 'vfctl-host-'));
	const made = new Set<string>();
	const directory = (path: string) => {
		if (!made.has(path)) {
			mkdirSync(path, {recursive: true});
			made.add(path);
		}
	};

	directory(join(root, 'sys'));
	for (const [path, entry] of entries) {
		const real = join(root, path);
		directory(entry.kind === 'directory' ? real : dirname(real));
		writeEntry(real, entry);
		if (/\/[\da-f:]+\.[0-7]\/vendor$/.test(path)) {
			completeFunction(real, dirname(path), entries);
		}
	}

	return {
		root,
		sysfs: join(root, 'sys'),
		remove() {
			rmSync(root, {recursive: true, force: true});
		},
	};
}

function writeEntry(path: string, entry: RecordEntry): void {
	switch (entry.kind) {
		case 'directory': {
			return;
		}

		case 'text': {
			writeFileSync(path, entry.text);
			return;
		}

		case 'bytes': {
			writeFileSync(path, entry.bytes);
			return;
		}

		case 'link': {
			symlinkSync(entry.target, path);
			return;
		}

		case 'unreadable': {
			// bind, unbind, drivers_probe: programs write there.
			writeFileSync(path, '', {mode: 0o200});
		}
	}
}

/** The first 64 bytes of config space, which every function has, and no BARs. */
function completeFunction(vendorFile: string, directory: string, entries: ReadonlyMap<string, RecordEntry>): void {
	const add = (name: string, content: string | Uint8Array) => {
		if (!entries.has(`${directory}/${name}`)) {
			writeFileSync(join(dirname(vendorFile), name), content);
		}
	};

	const number = (name: string) => {
		const entry = entries.get(`${directory}/${name}`);
		return entry?.kind === 'text' ? Number(entry.text) : 0;
	};

	const header = new DataView(new ArrayBuffer(64));
	// The ids of a VF read as ones (SR-IOV 1.1, 3.4.1.1); sysfs has them from the PF.
	header.setUint16(0x00, entries.has(`${directory}/physfn`) ? 0xff_ff : number('vendor'), true);
	header.setUint16(0x02, entries.has(`${directory}/physfn`) ? 0xff_ff : number('device'), true);
	header.setUint32(0x08, ((number('class') << 8) | number('revision')) >>> 0, true);
	header.setUint16(0x2c, number('subsystem_vendor'), true);
	header.setUint16(0x2e, number('subsystem_device'), true);
	add('config', new Uint8Array(header.buffer));
	add('resource', '0x0000000000000000 0x0000000000000000 0x0000000000000000\n'.repeat(7));
}
