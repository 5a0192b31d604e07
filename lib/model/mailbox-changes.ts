// What happened in mailboxes between two looks at them.
import {exchangesOf, exchangeText} from './mailbox-message.ts';
import {versionName, type PfMailbox, type VfMailbox} from './mailbox.ts';

export interface MailboxChange {
	/** Index of the VF. */
	readonly vf: number;
	readonly kind: 'message' | 'counter' | 'version' | 'vf';
	/** `SET_MAC 52:54:00:11:22:33 -> NACK`, `read errors 3 -> 5`, `version 1.7`. */
	readonly text: string;
}

// A request gets its reply within this time, or none.
const replyMs = 2000;

/** The last message that was told, by VF. */
export type SeenMessages = Map<number, number>;

/** Marks all that is there as seen, but for requests whose reply may be on its way. */
export function seenMessages({driver, vfs}: PfMailbox): SeenMessages {
	return new Map(vfs.map(vf => [vf.index, settled(driver, vf).at(-1)?.number ?? 0]));
}

/** The changes, in the order of VFs; notes in `seen` what was told. */
export function mailboxChanges(before: PfMailbox | undefined, after: PfMailbox, seen: SeenMessages): MailboxChange[] {
	const gone = (before?.vfs ?? []).filter(({index}) => !after.vfs.some(vf => vf.index === index));
	for (const {index} of gone) {
		seen.delete(index);
	}

	return [
		...gone.map(({index}): MailboxChange => ({vf: index, kind: 'vf', text: 'the VF is gone'})),
		...after.vfs.flatMap(vf => {
			const was = before?.vfs.find(({index}) => index === vf.index);
			return [
				...was ? [] : [{vf: vf.index, kind: 'vf' as const, text: 'the VF is there'}],
				...newMessages(after.driver, vf, was, seen),
				...was ? counterChanges(was, vf) : [],
			];
		}),
	];
}

/** Those that have their reply, or will not get one any more. */
function settled(driver: string, vf: VfMailbox) {
	return exchangesOf(driver, vf.messages).filter(({ping, reply, ageMs}) => ping || reply !== null || ageMs >= replyMs);
}

function newMessages(driver: string, vf: VfMailbox, was: VfMailbox | undefined, seen: SeenMessages): MailboxChange[] {
	// Counting began anew: another driver has taken the PF.
	const last = was && was.requests <= vf.requests ? seen.get(vf.index) ?? 0 : 0;
	const exchanges = settled(driver, vf).filter(({number}) => number > last);
	const missed = (vf.messages[0]?.number ?? 0) - last - 1;
	seen.set(vf.index, exchanges.at(-1)?.number ?? last);
	return [
		...was && last > 0 && missed > 0 ? [{vf: vf.index, kind: 'message' as const, text: `${missed} messages went by unseen`}] : [],
		...exchanges.map((exchange): MailboxChange => ({vf: vf.index, kind: 'message', text: exchangeText(exchange)})),
	];
}

const counters = [['flrs', 'function level resets'], ['readErrors', 'read errors'], ['unhandled', 'unhandled']] as const;

function counterChanges(was: VfMailbox, vf: VfMailbox): MailboxChange[] {
	const version = was.version === vf.version ? [] : [{vf: vf.index, kind: 'version' as const, text: vf.version === null ? 'no version' : `version ${versionName(vf.version)}`}];
	return [...version, ...counters.filter(([key]) => was[key] !== vf[key]).map(([key, name]): MailboxChange => ({vf: vf.index, kind: 'counter', text: `${name} ${was[key]} -> ${vf[key]}`}))];
}
