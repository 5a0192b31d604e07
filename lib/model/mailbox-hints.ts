// What a mailbox's record says about trouble: one sentence each, with cause and remedy.
import {newestVersion, versionName, type PfLog, type PfMailbox, type VfMailbox} from './mailbox.ts';
import {isClear, operationOf, replyOf} from './mailbox-message.ts';
import {quote} from './shell-word.ts';

/** Kinds of trouble, for --json. */
export type HintKind = 'no-version' | 'only-refusals' | 'many-resets' | 'read-errors' | 'older-vf-driver' | 'refused-versions' | 'pf-down';

export interface MailboxHint {
	/** Index of the VF. */
	readonly vf: number;
	readonly kind: HintKind;
	/** Cause and remedy. */
	readonly text: string;
}

// The VF driver asks again at once after a reset, so that this many in a minute is no reboot.
const manyResets = 4;
const minuteMs = 60_000;
// Negotiation follows a reset within milliseconds.
const settledMs = 2000;
// A VF driver that starts is refused now and then before it has found its feet.
const fewRefusals = 3;

/** The hints of a PF's VFs. */
export function mailboxHints({driver, vfs}: PfMailbox): MailboxHint[] {
	return vfs.flatMap(vf => hintsOf(driver, vf).map(([kind, text]) => ({vf: vf.index, kind, text})));
}

function hintsOf(driver: string, vf: VfMailbox): Array<[HintKind, string]> {
	return [
		...readErrors(vf),
		...driver === 'ixgbe' ? versionHints(vf) : [],
		...onlyRefusals(vf),
		...resetLoop(vf),
	];
}

// messages.md, row 4: a Linux PF whose VF uses the mailbox of 1.5 cannot take the buffer from it.
function readErrors({readErrors: count, version}: VfMailbox): Array<[HintKind, string]> {
	if (count === 0) {
		return [];
	}

	const newMailbox = version !== null && version >= 6;
	return [['read-errors', `${count} requests could not be read: ${newMailbox
		? `the VF agreed on ${versionName(version)} and keeps the mailbox for itself while it waits, as 1.5 demands and this PF cannot; load the PF driver of vfctl or the stock one (vfctl driver restore), which refuse 1.5, then the VF's driver again`
		: 'the VF kept the mailbox for itself while the PF wanted to read; load the VF\'s driver again, and update it if that comes back'}`]];
}

function versionHints({version, refused, requests, ageMs}: VfMailbox): Array<[HintKind, string]> {
	const names = refused.map(wire => versionName(wire)).join(', ');
	if (version === null) {
		return requests === 0 || (ageMs !== null && ageMs < settledMs) ? [] : [['no-version', refused.length === 0
			? 'the VF has sent messages and agreed on no version: its driver is older than versions are, or its reset was never answered; see that the PF is up (ip link), then load the VF\'s driver again'
			: `the VF asked for ${names}, was refused and asked for nothing else: its driver does not go down to what the PF knows; update the VF's driver`]];
	}

	if (refused.length > 0) {
		return [['refused-versions', `the PF refused ${names} and agreed on ${versionName(version)}, to which the VF fell back by itself: nothing is broken`]];
	}

	return version === newestVersion ? [] : [['older-vf-driver', `the VF's driver asks for ${versionName(version)} at most and the PF knows ${versionName(newestVersion)}: it works, without what later versions brought; a newer kernel in the guest has a newer driver`]];
}

function onlyRefusals({messages}: VfMailbox): Array<[HintKind, string]> {
	// A reset is "refused" when the VF has no MAC from the admin, which harms nobody.
	const replies = messages.filter(({direction}) => direction === 'out').map(({words: [word = 0]}) => word).filter(word => replyOf(word) !== null && operationOf(word) !== 1);
	if (replies.length < fewRefusals || replies.some(word => replyOf(word) === 'ack')) {
		return [];
	}

	return [['only-refusals', replies.some(word => isClear(word))
		? `the last ${replies.length} requests were all refused: the VF asks for what it is not allowed, such as another MAC or a VLAN beside the port VLAN; use what the admin set, or let it (vfctl vf set VF --trust on)`
		: `the last ${replies.length} requests were all refused: until a VF was reset it may ask for nothing, so its driver and the PF have lost each other; load the VF's driver again`]];
}

function resetLoop({messages}: VfMailbox): Array<[HintKind, string]> {
	const resets = messages.filter(({direction, ageMs, words}) => direction === 'in' && ageMs <= minuteMs && words[0] !== undefined && operationOf(words[0]) === 1).length;
	return manyResetsHint(resets);
}

function manyResetsHint(resets: number): Array<[HintKind, string]> {
	return resets < manyResets ? [] : [['many-resets', `${resets} resets within a minute: the VF's driver starts over and over; look at the guest's kernel log for what it waits for (most often the link: is the PF up?)`]];
}

/** What VFs get from a PF whose interface is down. ixgbe and igb let VFs out of reset when it comes
 * up (PFRSTD: ixgbe_up_complete, igb_up). */
export function downHint(name: string): string {
	return `its interface is down: VFs have no link, and a VF driver that starts now says 'PF still in reset state'; ip link set ${quote(name)} up, then load the VF's driver again or restart the guest`;
}

/** The hints of a PF whose stock driver tells by the kernel log alone. */
export function logHints({vfs, readErrors: errors}: PfLog): {pf: string[]; vfs: MailboxHint[]} {
	return {
		pf: errors === null ? [] : [`${errors} requests of VFs could not be read: a VF keeps the mailbox for itself while it waits, as version 1.5 demands; see that the PF's driver refuses 1.5, then load the VF's driver again`],
		vfs: vfs.flatMap(({index, refused, resetsInAMinute}) => [
			...refused === null ? [] : [['refused-versions', `the PF refused ${refused.map(wire => versionName(wire)).join(', ')}: the VF's driver is newer and falls back by itself`] as [HintKind, string]],
			...manyResetsHint(resetsInAMinute ?? 0),
		].map(([kind, text]) => ({vf: index, kind, text}))),
	};
}
