// Looks at mailboxes once a second and tells what changed.
import type {Host} from '../host/host.ts';
import {mailboxChanges, seenMessages, type MailboxChange, type SeenMessages} from '../model/mailbox-changes.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Pf} from '../model/pci.ts';
import type {MailboxEvent} from '../sysfs/parse-mailbox-log.ts';
import {readMailboxFacts, type MailboxFactsAtOnce} from './read-mailbox-facts.ts';

/** A change of one PF, or of one of its VFs. */
export interface WatchedChange {
	pf: Pf;
	/** Index; null: of the PF as a whole, or it is not known of which VF. */
	vf: number | null;
	kind: MailboxChange['kind'] | 'driver' | 'log';
	text: string;
}

export interface WatchOptions {
	/** Ends it. */
	signal: AbortSignal;
	/** What was shown already. */
	first: MailboxFactsAtOnce;
	tell: (change: WatchedChange) => void;
	/** Another look than at everything. */
	look?: () => Promise<MailboxFactsAtOnce>;
}

const everyMs = 1000;

/** Watches until it is told to stop. Throws what readMailboxFacts throws. */
export async function watchMailboxes(host: Host, pfs: readonly Pf[], {signal, first, tell, look = async () => readMailboxFacts(host, pfs)}: WatchOptions): Promise<void> {
	const seen = new Map<Bdf, SeenMessages>([...first.mailboxes].map(([pf, mailbox]) => [pf, seenMessages(mailbox)]));
	let before = first;
	while (!signal.aborted) {
		await host.clock.sleep(everyMs);
		const now = await look();
		for (const pf of pfs) {
			for (const change of changesOf(pf, before, now, seen)) {
				tell(change);
			}
		}

		// The driver of vfctl has told the rest already.
		const stock = pfs.filter(({bdf}) => !now.mailboxes.has(bdf));
		for (const event of newEvents(before.events, now.events)) {
			if (event.vfBdf === null) {
				tellEvent(event.kind === 'spoof' ? pfs : stock, event, tell);
			} else {
				tellVfEvent(pfs, event, tell);
			}
		}

		before = now;
	}
}

function changesOf(pf: Pf, before: MailboxFactsAtOnce, now: MailboxFactsAtOnce, seen: Map<Bdf, SeenMessages>): WatchedChange[] {
	const was = before.mailboxes.get(pf.bdf);
	const is = now.mailboxes.get(pf.bdf);
	if (is === undefined) {
		seen.delete(pf.bdf);
		return was === undefined ? [] : [{pf, vf: null, kind: 'driver', text: 'the driver of vfctl has let the PF go'}];
	}

	const told = seen.get(pf.bdf) ?? new Map<number, number>();
	seen.set(pf.bdf, told);
	return [
		...was ? [] : [{pf, vf: null, kind: 'driver' as const, text: 'the driver of vfctl has taken the PF'}],
		...mailboxChanges(was, is, told).map(change => ({pf, ...change})),
	];
}

/** Those after the last one that was there before. Lines leave the log at its beginning. */
function newEvents(before: readonly MailboxEvent[] | null, now: readonly MailboxEvent[] | null): readonly MailboxEvent[] {
	const last = before?.at(-1);
	if (before === null || now === null) {
		return [];
	}

	const at = last === undefined ? -1 : now.findLastIndex(({seconds, text}) => seconds === last.seconds && text === last.text);
	return now.slice(at + 1);
}

function tellVfEvent(pfs: readonly Pf[], {vfBdf, text}: MailboxEvent, tell: WatchOptions['tell']): void {
	for (const pf of pfs) {
		for (const {index} of pf.vfs.filter(({bdf}) => bdf === vfBdf)) {
			tell({pf, vf: index, kind: 'log', text});
		}
	}
}

function tellEvent(pfs: readonly Pf[], {pf: bdf, vf, driver, text}: MailboxEvent, tell: WatchOptions['tell']): void {
	const pf = bdf === null ? pfs.find(one => one.driver === driver) : pfs.find(one => one.bdf === bdf);
	if (pf) {
		tell({pf, vf, kind: 'log', text});
	}
}
