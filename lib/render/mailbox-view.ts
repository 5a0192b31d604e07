// Mailboxes in the shape of `vfctl mailbox --json`. null is "not known".
import {downHint, logHints, mailboxHints, type HintKind} from '../model/mailbox-hints.ts';
import {exchangesOf, exchangeText, type Exchange} from '../model/mailbox-message.ts';
import {isMailboxDriver, versionName, type PfLog, type PfMailbox, type VfLog, type VfMailbox} from '../model/mailbox.ts';
import type {Pf, Vf} from '../model/pci.ts';
import {pfName} from '../model/select.ts';

/** One PF with what is known of its mailboxes. */
export interface MailboxFacts {
	pf: Pf;
	/** From the driver of vfctl; null with a stock one. */
	mailbox: PfMailbox | null;
	/** Null when the log cannot be read. */
	log: PfLog | null;
	/** Its interface is up; null when it has none here. */
	up: boolean | null;
}

interface VersionView {
	number: number;
	name: string;
}

export interface VfMailboxView {
	name: string;
	index: number;
	bdf: string | null;
	/** Null also for igb, which knows no versions. */
	version: VersionView | null;
	refused: VersionView[] | null;
	requests: number | null;
	replies: number | null;
	acks: number | null;
	nacks: number | null;
	pings: number | null;
	readErrors: number | null;
	unhandled: number | null;
	resetMessages: number | null;
	flrs: number | null;
	/** From the kernel log; the driver of vfctl tells them as messages. */
	refusedMacs: number | null;
	refusedVlans: number | null;
	refusedFilters: number | null;
	/** From the kernel log, with any driver of the PF: frames with a foreign source address (igb),
	 * and how often the VF's driver on this host found the PF in reset. */
	spoofEvents: number | null;
	pfInReset: number | null;
	mac: string | null;
	macs: string[] | null;
	vlans: string | null;
	portVlan: number | null;
	spoofchk: boolean | null;
	trust: boolean | null;
	link: string | null;
	lastMessageAgeMs: number | null;
	messages: Array<Exchange & {text: string}> | null;
}

export interface PfMailboxView {
	name: string;
	bdf: string;
	driver: string | null;
	source: 'driver' | 'kernel log' | 'none';
	/** Its interface is up; null when it has none in this namespace. */
	up: boolean | null;
	/** What the kernel log tells of the PF as a whole; the driver of vfctl tells the first and the
	 * last of each VF. */
	unhandledWords: string[] | null;
	spoofedPackets: number | null;
	readErrors: number | null;
	vfs: VfMailboxView[];
	hints: Array<{vf: string | null; kind: HintKind; text: string}>;
}

export interface MailboxView {
	version: 1;
	host: string;
	pfs: PfMailboxView[];
}

/** The view; `vf` shows one VF alone. */
export function mailboxView(host: string, facts: readonly MailboxFacts[], vf?: Vf): MailboxView {
	return {version: 1, host, pfs: facts.map(one => pfView(one, vf?.index))};
}

function pfView({pf, mailbox, log, up}: MailboxFacts, only: number | undefined): PfMailboxView {
	const name = pfName(pf);
	const chosen = <T extends {index: number}>(vfs: readonly T[]) => vfs.filter(({index}) => only === undefined || index === only);
	const nameOf = (index: number) => `${name}#${index}`;
	const logged = (index: number) => log?.vfs.find(vf => vf.index === index);
	const down = up === false && isMailboxDriver(pf.driver) && pf.vfs.length > 0 ? [{vf: null, kind: 'pf-down' as const, text: downHint(name)}] : [];
	const base = {name, bdf: pf.bdf, driver: pf.driver, up, unhandledWords: null, spoofedPackets: null, readErrors: null};
	if (mailbox !== null) {
		const hints = mailboxHints({...mailbox, vfs: chosen(mailbox.vfs)});
		return {
			...base, source: 'driver', spoofedPackets: log?.spoofedPackets ?? null,
			vfs: chosen(mailbox.vfs).map(vf => toldView(mailbox.driver, vf, {name: nameOf(vf.index), bdf: pf.vfs.find(({index}) => index === vf.index)?.bdf ?? null, log: logged(vf.index)})),
			hints: [...down, ...hints.map(({vf, kind, text}) => ({vf: nameOf(vf), kind, text}))],
		};
	}

	const hints = log === null ? {pf: [], vfs: []} : logHints(log);
	return {
		...base,
		source: log === null || !isMailboxDriver(pf.driver) ? 'none' : 'kernel log',
		unhandledWords: log?.unhandled?.map(word => word.toString(16).padStart(8, '0')) ?? null,
		spoofedPackets: log?.spoofedPackets ?? null,
		readErrors: log?.readErrors ?? null,
		vfs: chosen(pf.vfs).map(vf => loggedView(vf, logged(vf.index), nameOf(vf.index))),
		hints: [
			...down,
			...hints.pf.map(text => ({vf: null, kind: 'read-errors' as const, text})),
			...hints.vfs.filter(({vf}) => only === undefined || vf === only).map(({vf, kind, text}) => ({vf: nameOf(vf), kind, text})),
		],
	};
}

function toldView(driver: string, vf: VfMailbox, {name, bdf, log}: {name: string; bdf: string | null; log: VfLog | undefined}): VfMailboxView {
	const {index, version, refused, messages, ageMs, requests, replies, acks, nacks, pings, readErrors, unhandled, resetMessages, flrs, mac, macs, vlans, portVlan, spoofchk, trust, link} = vf;
	return {
		name, bdf, index,
		version: version === null ? null : versionView(version),
		refused: driver === 'ixgbe' ? refused.map(wire => versionView(wire)) : null,
		requests, replies, acks, nacks, pings, readErrors, unhandled, resetMessages, flrs,
		refusedMacs: null, refusedVlans: null, refusedFilters: null,
		spoofEvents: log?.spoofEvents ?? null, pfInReset: log?.pfInReset ?? null,
		mac, macs: [...macs], vlans, portVlan, spoofchk, trust, link,
		lastMessageAgeMs: ageMs,
		messages: exchangesOf(driver, messages).map(exchange => ({...exchange, text: exchangeText(exchange)})),
	};
}

function loggedView({index, bdf, settings}: Vf, log: VfLog | undefined, name: string): VfMailboxView {
	return {
		name, index, bdf,
		version: null,
		refused: log?.refused?.map(wire => versionView(wire)) ?? null,
		requests: null, replies: null, acks: null, nacks: null, pings: null, readErrors: null, unhandled: null,
		resetMessages: log?.resetMessages ?? null,
		flrs: null,
		refusedMacs: log?.refusedMacs ?? null, refusedVlans: log?.refusedVlans ?? null, refusedFilters: log?.refusedFilters ?? null, spoofEvents: log?.spoofEvents ?? null,
		pfInReset: log?.pfInReset ?? null,
		mac: settings?.mac ?? null, macs: null, vlans: null,
		portVlan: settings?.vlan ?? null, spoofchk: settings?.spoofchk ?? null, trust: settings?.trust ?? null, link: settings?.linkState ?? null,
		lastMessageAgeMs: null, messages: null,
	};
}

function versionView(number: number): VersionView {
	return {number, name: versionName(number)};
}
