// What stock PF drivers, and the drivers of VFs on this host, write about mailboxes into the kernel
// log. The wordings are those of the catalogue of messages.
import type {Bdf} from '../model/bdf.ts';
import {parseLogLine} from '../model/explain/log-line.ts';
import {matchLine} from '../model/explain/match-line.ts';
import type {PfLog, VfLog} from '../model/mailbox.ts';
import {catalogue} from '../model/messages/catalogue.ts';
import type {Vf} from '../model/pci.ts';

/** One thing that the log tells. `vf` null: the line does not say of which VF; `pf` null: nor of
 * which PF. */
export interface MailboxEvent {
	/** Seconds since boot; null in a log without times. */
	readonly seconds: number | null;
	readonly driver: string;
	readonly pf: Bdf | null;
	readonly vf: number | null;
	/** Address of the VF whose own driver wrote the line; null when the PF's did. */
	readonly vfBdf: Bdf | null;
	readonly kind: 'refused-version' | 'unhandled' | 'reset' | 'refused-mac' | 'refused-vlan' | 'refused-filter' | 'spoof' | 'read-error' | 'pf-in-reset';
	/** Wire number of the version, first word of the message, or number of frames. */
	readonly value: number | null;
	/** The line, without its time. */
	readonly text: string;
}

type Kind = MailboxEvent['kind'];

/** By the entry of the catalogue that explains the line: what happened, and in which field and base
 * its value is. */
const kinds: Readonly<Record<string, readonly [kind: Kind, field?: string, base?: 10 | 16]>> = {
	'intel-vf.pf-in-reset': ['pf-in-reset'],
	'ixgbe.vf-api-version': ['refused-version', 'api', 10],
	'ixgbe.vf-api-version-debug': ['refused-version', 'api', 10],
	'ixgbe.vf-reset': ['reset'],
	'ixgbe.vf-override-mac': ['refused-mac'],
	'igb.vf-override-mac': ['refused-mac'],
	'ixgbe.vf-invalid-mac': ['refused-mac'],
	'igb.vf-invalid-mac': ['refused-mac'],
	'ixgbe.vf-override-vlan': ['refused-vlan'],
	'igb.vf-override-vlan': ['refused-vlan'],
	'ixgbe.vf-macvlan-denied': ['refused-filter'],
	'ixgbe.vf-macvlan-no-space': ['refused-filter'],
	'igb.vf-filter-denied': ['refused-filter'],
	'igb.vf-filter-no-space': ['refused-filter'],
	'igb.spoofed': ['spoof'],
	'ixgbe.spoofed': ['spoof', 'count', 10],
	'ixgbe.unhandled-zero': ['unhandled', 'word', 16],
	'ixgbe.unhandled-request': ['unhandled', 'word', 16],
	'igb.unhandled-request': ['unhandled', 'word', 16],
	'ixgbe.mailbox-not-readable': ['read-error'],
	'igb.mailbox-not-readable': ['read-error'],
};

const entries = catalogue.filter(({id}) => id in kinds);

/** The lines about mailboxes, in their order. */
export function parseMailboxLog(text: string): MailboxEvent[] {
	return text.split('\n').flatMap(line => eventOf(line) ?? []);
}

function eventOf(raw: string): MailboxEvent | undefined {
	if (!/\b(?:igb|ixgbe)/.test(raw)) {
		return undefined;
	}

	const line = parseLogLine(raw);
	const [, driver, ofVf] = /^(igb|ixgbe)(vf)?$/.exec(line.driver ?? '') ?? [];
	const [match] = driver === undefined ? [] : matchLine(line, entries);
	if (driver === undefined || match === undefined) {
		return undefined;
	}

	const [kind, field, base] = kinds[match.entry.id]!;
	const {vf} = match.fields;
	return {
		seconds: line.time.bootSeconds, driver, kind,
		...ofVf === undefined ? {pf: line.bdf, vfBdf: null} : {pf: null, vfBdf: line.bdf},
		vf: vf === undefined ? null : Number(vf),
		value: field === undefined ? null : Number.parseInt(match.fields[field] ?? '0', base),
		text: line.message,
	};
}

/** What the events say of one PF with these VFs. */
export function logOf(events: readonly MailboxEvent[], pf: Bdf, driver: string, vfs: readonly Pick<Vf, 'index' | 'bdf'>[]): PfLog {
	const own = events.filter(event => event.pf === pf);
	const unhandled = own.filter(({kind}) => kind === 'unhandled').flatMap(({value}) => value ?? []);
	const spoofed = own.filter(({kind, vf}) => kind === 'spoof' && vf === null);
	// ixgbe prints this one without its device.
	const errors = events.filter(event => event.kind === 'read-error' && (event.pf === pf || (event.pf === null && event.driver === driver))).length;
	return {
		pf,
		vfs: vfs.map(({index, bdf}) => ({
			...vfLogOf(own.filter(({vf}) => vf === index), index),
			pfInReset: orNull(events.filter(({kind, vfBdf}) => kind === 'pf-in-reset' && vfBdf === bdf).length),
		})),
		unhandled: unhandled.length === 0 ? null : unhandled,
		spoofedPackets: spoofed.length === 0 ? null : spoofed.reduce((sum, {value}) => sum + (value ?? 0), 0),
		readErrors: orNull(errors),
	};
}

function vfLogOf(events: readonly MailboxEvent[], index: number): Omit<VfLog, 'pfInReset'> {
	const count = (kind: Kind) => orNull(events.filter(event => event.kind === kind).length);
	// A reset begins the negotiation anew.
	const since = events.slice(events.findLastIndex(({kind}) => kind === 'reset') + 1);
	const refused = since.filter(({kind}) => kind === 'refused-version').flatMap(({value}) => value ?? []);
	return {
		index,
		refused: refused.length === 0 ? null : refused,
		resetMessages: count('reset'),
		resetsInAMinute: orNull(mostWithinAMinute(events.filter(({kind}) => kind === 'reset').flatMap(({seconds}) => seconds ?? []))),
		refusedMacs: count('refused-mac'), refusedVlans: count('refused-vlan'), refusedFilters: count('refused-filter'), spoofEvents: count('spoof'),
	};
}

function mostWithinAMinute(times: readonly number[]): number {
	return times.reduce((most, end) => Math.max(most, times.filter(time => time <= end && time > end - 60).length), 0);
}

/** No line is no knowledge: the log may begin later. */
function orNull(count: number): number | null {
	return count === 0 ? null : count;
}
