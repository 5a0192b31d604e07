// What a host record holds: everything vfctl reads of one machine, as plain data.
import type {DomainRecord, GuestInterface, NetworkRecord} from '../libvirt/libvirt.ts';

/** One name in the recorded file tree. `unreadable` exists but gives no text (write-only sysfs
 * files, device nodes, attributes that answer EINVAL at the moment). */
export type RecordEntry =
	| {readonly kind: 'directory'}
	| {readonly kind: 'text'; readonly text: string}
	| {readonly kind: 'bytes'; readonly bytes: Uint8Array}
	| {readonly kind: 'link'; readonly target: string}
	| {readonly kind: 'unreadable'};

/** One program run and what it answered. */
export interface RecordedCommand {
	readonly argv: readonly string[];
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** A guest, with what its agent said; `guestInterfaces` undefined is a silent or absent agent. */
export interface RecordedDomain extends DomainRecord {
	readonly guestInterfaces: readonly GuestInterface[] | undefined;
}

export interface RecordedLibvirt {
	readonly uri: string;
	readonly version: string;
	readonly domains: readonly RecordedDomain[];
	readonly networks: readonly NetworkRecord[];
	/** Name to XML. */
	readonly nodeDevices: ReadonlyMap<string, string>;
	/** What domain capabilities say of devices of the host. */
	readonly hostdevXml?: string;
}

/** One machine at one moment. */
export interface HostRecord {
	/** Where it came from, for messages; not part of the text. */
	readonly name: string;
	readonly caller: {readonly uid: number; readonly env: Readonly<Record<string, string>>};
	/** Absolute path to entry. Directories are listed only when they are empty. */
	readonly entries: ReadonlyMap<string, RecordEntry>;
	readonly commands: readonly RecordedCommand[];
	/** Null when libvirt did not answer. */
	readonly libvirt: RecordedLibvirt | null;
	/** Texts by name that are about the record and no part of the host: what a snapshot is of, what
	 * a bundle holds. */
	readonly sections?: ReadonlyMap<string, string>;
}

/** The first line of every record. */
export const recordHeader = 'vfctl-record 1';

/** What a record may hold at most. A dual-socket machine with 4,100 functions needs a tenth. */
export const recordLimits = {
	totalBytes: 256 * 1024 * 1024,
	lineBytes: 4 * 1024 * 1024,
	entries: 2_000_000,
	pathBytes: 4096,
	linkHops: 40,
} as const;
