// Collects parts of a host's file tree as record entries.
import type {FileReader} from '../host/host.ts';
import type {RecordEntry} from './record.ts';

export interface Collector {
	readonly entries: Map<string, RecordEntry>;
	readonly files: FileReader;
	/** Text of a file, changed by `edit` on the way; nothing when it is not there. */
	text(path: string, edit?: (text: string) => string): void;
	texts(directory: string, names: readonly string[]): void;
	/** The first `limit` bytes. */
	bytes(path: string, limit: number): void;
	link(path: string): void;
	links(directory: string, names: readonly string[]): void;
	/** A name that exists and has nothing to read: a directory or a device node. */
	name(path: string, kind: 'directory' | 'unreadable'): void;
	/** The path that a link in sysfs leads to, without links. */
	real(path: string): string | undefined;
}

/** An empty collection over the files of a host. */
export function collector(files: FileReader): Collector {
	const entries = new Map<string, RecordEntry>();
	const self: Collector = {
		entries, files,
		text(path, edit = text => text) {
			const text = files.readText(path);
			if (text !== undefined) {
				entries.set(path, {kind: 'text', text: edit(text)});
			} else if (files.readLink(path) === undefined && files.exists(path)) {
				entries.set(path, {kind: 'unreadable'});
			}
		},
		texts(directory, names) {
			for (const name of names) {
				self.text(`${directory}/${name}`);
			}
		},
		bytes(path, limit) {
			const bytes = files.readBytes(path);
			if (bytes !== undefined) {
				entries.set(path, {kind: 'bytes', bytes: bytes.slice(0, limit)});
			}
		},
		link(path) {
			const target = files.readLink(path);
			if (target !== undefined) {
				entries.set(path, {kind: 'link', target});
			}
		},
		links(directory, names) {
			for (const name of names) {
				self.link(`${directory}/${name}`);
			}
		},
		name(path, kind) {
			if (files.exists(path)) {
				entries.set(path, {kind});
			}
		},
		real(path) {
			const target = files.readLink(path);
			return target === undefined ? undefined : join(path, target);
		},
	};
	return self;
}

// sysfs links are relative and lead to the device in one step.
function join(path: string, target: string): string {
	const parts = target.startsWith('/') ? [] : path.split('/').slice(1, -1);
	for (const part of target.split('/')) {
		if (part === '..') {
			parts.pop();
		} else if (part !== '' && part !== '.') {
			parts.push(part);
		}
	}

	return `/${parts.join('/')}`;
}
