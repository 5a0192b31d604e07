// What stock PF drivers, and the drivers of VFs on this host, write about mailboxes into the kernel
// log. Wordings from ixgbe_sriov.c, ixgbe_main.c, igb_main.c, ixgbevf_main.c and igbvf/netdev.c of
// Linux 6.1 and 6.12.
import {parseBdf, type Bdf} from '../model/bdf.ts';
import type {PfLog, VfLog} from '../model/mailbox.ts';
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

interface Wording {
	pattern: RegExp;
	kind: Kind;
	/** Base of the value. */
	base?: 10 | 16;
}

const wordings: readonly Wording[] = [
	{pattern: /: PF still in reset state\./, kind: 'pf-in-reset'},
	// The first is of kernels before 6.13, 6.12.5 and 6.1.120 (15915b43a7fb); the second is only there with dynamic debug.
	{pattern: /: VF (?<vf>\d{1,5}) requested (?:invalid|unsupported) api version (?<value>\d{1,9})/, kind: 'refused-version', base: 10},
	{pattern: /: VF Reset msg received from vf (?<vf>\d{1,5})/, kind: 'reset'},
	{pattern: /: VF (?<vf>\d{1,5}) attempted to override administratively set MAC/, kind: 'refused-mac'},
	{pattern: /: VF (?<vf>\d{1,5}) attempted to set invalid mac(?! filter)/i, kind: 'refused-mac'},
	{pattern: /: VF (?<vf>\d{1,5}) attempted to override administratively set VLAN/, kind: 'refused-vlan'},
	{pattern: /: VF (?<vf>\d{1,5}) (?:requested MAC ?(?:VLAN)? filter but is administratively denied|has requested a? ?MAC ?(?:VLAN)? filter but there is no space)/, kind: 'refused-filter'},
	{pattern: /: Spoof event\(s\) detected on VF (?<vf>\d{1,5})/, kind: 'spoof'},
	{pattern: /: (?<value>\d{1,9}) Spoofed packets detected/, kind: 'spoof', base: 10},
	{pattern: /: Unhandled Msg (?<value>[\da-f]{8})/, kind: 'unhandled', base: 16},
	{pattern: /: Error receiving message from VF/, kind: 'read-error'},
];

/** The lines about mailboxes, in their order. */
export function parseMailboxLog(text: string): MailboxEvent[] {
	return text.split('\n').flatMap(line => eventOf(line) ?? []);
}

function eventOf(line: string): MailboxEvent | undefined {
	const [, time, driver, ofVf, address, rest] = /^(?:\[\s*(\d{1,12}\.\d{1,9})\] ?)?(igb|ixgbe)(vf)?(?: ([\da-f:.]{12,16}))?(?: \S{1,16})?(: .*)$/.exec(line) ?? [];
	if (driver === undefined || rest === undefined) {
		return undefined;
	}

	const bdf = parseBdf(address ?? '') ?? null;
	for (const {pattern, kind, base} of wordings) {
		const groups = pattern.exec(rest);
		// A VF's driver tells this one thing, and a PF's never.
		if (groups && (kind === 'pf-in-reset') === (ofVf !== undefined)) {
			const {vf, value} = groups.groups ?? {};
			return {
				seconds: time === undefined ? null : Number(time), driver, kind,
				...ofVf === undefined ? {pf: bdf, vfBdf: null} : {pf: null, vfBdf: bdf},
				vf: vf === undefined ? null : Number(vf),
				value: value === undefined ? null : Number.parseInt(value, base ?? 10),
				text: line.replace(/^\[[^\]]*\] ?/, ''),
			};
		}
	}

	return undefined;
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
