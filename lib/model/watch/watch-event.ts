// One thing that happened on a host while it was watched.
import type {MessageSeverity} from '../messages/message-entry.ts';

/** Where it was heard. */
export type WatchSource = 'log' | 'link' | 'device' | 'guest' | 'state' | 'mailbox' | 'watch';

export interface WatchEvent {
	readonly source: WatchSource;
	/** `harmless`: what happens on a host that works. */
	readonly severity: MessageSeverity;
	/** Id of what it is about first, as of a Subject: the address of a function, `interface br0`, `guest vm0`. */
	readonly subject?: string;
	/** Whom it is about, by every name that it has: `eth1`, `0000:01:00.0`, `guest vm0`; empty: the host. */
	readonly about: readonly string[];
	readonly text: string;
	/** What says the same of the same; the text when absent. */
	readonly key?: string;
	/** What --json has besides. */
	readonly details?: Readonly<Record<string, unknown>>;
}
