// What several lines tell only together.
import {versionName} from '../mailbox.ts';
import type {Explained} from './explained.ts';

const notes: Readonly<Record<string, (explained: Explained) => string | undefined>> = {
	'ixgbe.vf-api-version': refusedVersionsNote,
	'ixgbe.vf-api-version-debug': refusedVersionsNote,
};

/** Ids that have notes. */
export const notedIds = Object.keys(notes);

/** A sentence about all the lines of a thing, where they tell more than one alone. */
export function noteOf(explained: Explained): string | undefined {
	return notes[explained.entry.id]?.(explained);
}

/** From the numbers that a PF of ixgbe refused: where it stops. ixgbevf goes down the list until it is
 * not refused; numbers are those of ixgbe_mbx.h (ixgbevf_negotiate_api). */
function refusedVersionsNote({values}: Explained): string | undefined {
	const numbers = (values.get('api') ?? []).map(Number);
	const least = Math.min(...numbers);
	// 2.0 (number 1) is asked for by no driver that goes down the list.
	if (!Number.isFinite(least) || least < 3) {
		return undefined;
	}

	const asked = numbers.toSorted((a, b) => b - a).map(number => versionName(number)).join(', then ');
	return `The VF's driver asked for ${asked} and was refused; ${versionName(least - 1)}, which it asks for next, was not refused: the PF's driver ends there.`;
}
