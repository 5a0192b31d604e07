// The mailbox between a PF and one of its VFs: what the PF's driver knows of it.
import type {Bdf} from './bdf.ts';
import type {Mac} from './mac.ts';
import type {LinkState} from './vf-settings.ts';

/** Drivers of PFs that have this mailbox; the others speak virtchnl. */
export const mailboxDrivers = ['igb', 'ixgbe'] as const;
export type MailboxDriver = typeof mailboxDrivers[number];

export function isMailboxDriver(driver: string | null): driver is MailboxDriver {
	return mailboxDrivers.some(name => name === driver);
}

// enum ixgbe_pfvf_api_rev of ixgbe_mbx.h: numbers go up in the order of their invention.
const versions = ['1.0', '2.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7'];

/** The version that a wire number stands for: 8 is `1.7`. Numbers that are not known yet are told
 * as such. */
export function versionName(wire: number): string {
	return versions[wire] ?? `number ${wire}`;
}

/** The newest version that the rebuilt driver agrees to. */
export const newestVersion = 8;

/** One message that went through the mailbox. */
export interface MailboxMessage {
	/** Counts the messages of the VF since the PF's driver took the PF. */
	readonly number: number;
	readonly ageMs: number;
	/** `in`: from the VF to the PF. */
	readonly direction: 'in' | 'out';
	/** 32-bit words, at least one; the first says what it is. */
	readonly words: readonly number[];
}

/** What the driver of vfctl tells of one VF (docs/mailbox-abi.md). */
export interface VfMailbox {
	readonly index: number;
	/** Wire number; null before any was agreed. */
	readonly version: number | null;
	/** Wire numbers that the PF refused since the last reset, in the order asked. */
	readonly refused: readonly number[];
	readonly requests: number;
	readonly replies: number;
	readonly acks: number;
	readonly nacks: number;
	readonly pings: number;
	readonly readErrors: number;
	readonly unhandled: number;
	readonly resetMessages: number;
	readonly flrs: number;
	/** Null: none. */
	readonly mac: Mac | null;
	/** Further unicast addresses. */
	readonly macs: readonly Mac[];
	/** 0 is none. */
	readonly portVlan: number;
	readonly spoofchk: boolean;
	readonly trust: boolean;
	readonly link: LinkState;
	/** VLAN ids that the VF asked for and got, as ranges; empty for none. */
	readonly vlans: string;
	/** Since the last message; null when there was none. */
	readonly ageMs: number | null;
	/** The last ones, oldest first. */
	readonly messages: readonly MailboxMessage[];
}

/** What the driver of vfctl tells of one PF. Only VFs that are there. */
export interface PfMailbox {
	readonly pf: Bdf;
	readonly driver: string;
	readonly vfs: readonly VfMailbox[];
}

/** One VF as far as the kernel log tells. Null is "not known": a stock driver counts nothing, and
 * lines that were not seen may have been written before the log begins. */
export interface VfLog {
	readonly index: number;
	/** Wire numbers of refused versions since the last reset in the log. */
	readonly refused: readonly number[] | null;
	readonly resetMessages: number | null;
	/** Most resets that the log has within a minute. */
	readonly resetsInAMinute: number | null;
	/** Requests for another MAC, for VLANs and for more MACs that were refused. */
	readonly refusedMacs: number | null;
	readonly refusedVlans: number | null;
	readonly refusedFilters: number | null;
	/** Times that the card saw foreign source addresses of this VF (igb). */
	readonly spoofEvents: number | null;
	/** Times that the VF's own driver, on this host, found the PF in reset when it started: 'PF still
	 * in reset state'. Known with any driver of the PF; a guest says it in its own log. */
	readonly pfInReset: number | null;
}

/** One PF as far as the kernel log tells. */
export interface PfLog {
	readonly pf: Bdf;
	readonly vfs: readonly VfLog[];
	/** First words of messages that the driver did not know; null when no line tells of one. */
	readonly unhandled: readonly number[] | null;
	/** Frames with foreign source addresses that the card dropped, of all VFs (ixgbe). */
	readonly spoofedPackets: number | null;
	/** Requests that could not be read. ixgbe does not say of which PF: of all that it drives. */
	readonly readErrors: number | null;
}
