// Mailboxes of PFs: from the driver of vfctl where it is loaded, else from the kernel log, where
// the drivers of VFs tell of themselves in either case.
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {isMailboxDriver, type PfLog, type PfMailbox} from '../model/mailbox.ts';
import type {Pf} from '../model/pci.ts';
import {logOf, parseMailboxLog, type MailboxEvent} from '../sysfs/parse-mailbox-log.ts';
import {readMailboxes} from '../sysfs/read-mailbox.ts';
import {readKernelBuffer} from './kernel-messages.ts';

/** One look at mailboxes. */
export interface MailboxFactsAtOnce {
	readonly mailboxes: ReadonlyMap<Bdf, PfMailbox>;
	/** Lines of the kernel log about them; null when no PF has a mailbox, or when it cannot be read. */
	readonly events: readonly MailboxEvent[] | null;
}

/** Throws NOT_ROOT, or UNSUPPORTED when the record is damaged. */
export async function readMailboxFacts(host: Host, pfs: readonly Pf[]): Promise<MailboxFactsAtOnce> {
	const mailboxes = readMailboxes(host.files);
	return {mailboxes, events: pfs.some(({driver}) => isMailboxDriver(driver)) ? await readEvents(host) : null};
}

/** What the facts say of one PF. */
export function factsOfPf({mailboxes, events}: MailboxFactsAtOnce, pf: Pf): {pf: Pf; mailbox: PfMailbox | null; log: PfLog | null} {
	const mailbox = mailboxes.get(pf.bdf) ?? null;
	const log = events === null || !isMailboxDriver(pf.driver) ? null : logOf(events, pf.bdf, pf.driver, pf.vfs);
	return {pf, mailbox, log};
}

async function readEvents(host: Host): Promise<MailboxEvent[] | null> {
	const buffer = await readKernelBuffer(host);
	return typeof buffer === 'string' ? parseMailboxLog(buffer) : null;
}
