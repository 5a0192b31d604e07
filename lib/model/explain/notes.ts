// What several lines tell only together.
import {versionName} from '../mailbox.ts';
import type {Explained} from './explained.ts';

const notes: Readonly<Record<string, (explained: Explained) => string | undefined>> = {};

/** A sentence about all the lines of a thing, where they tell more than one alone. */
export function noteOf(explained: Explained): string | undefined {
	return notes[explained.entry.id]?.(explained);
}

/** From the numbers that a PF of ixgbe refused: where it stops, and what the VF's driver knows.
 * Numbers are those of ixgbe_mbx.h; kernel.md, "The VF mailbox of ixgbe". */
export function refusedVersionsNote(numbers: readonly number[]): string | undefined {
	const least = Math.min(...numbers);
	if (!Number.isFinite(least) || least < 2) {
		return undefined;
	}

	const asked = numbers.toSorted((a, b) => b - a).map(number => versionName(number)).join(', then ');
	return `The VF's driver asked for ${asked} and was refused; ${versionName(least - 1)}, which it asks for next, was not: the PF's driver ends there.`;
}
