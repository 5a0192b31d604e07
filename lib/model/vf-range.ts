// Ranges of VFs as admins and the SR-IOV operator write them: `ens1f0#0-3`, `ens1f0#0,2,4-7`.
import type {VfRange} from './host-file.ts';

// A PF can have 65535 VFs (16-bit TotalVFs): no index is above 65534, and a longer range is a slip.
const maximumIndex = 65_534;

/** `PF#INDEXES`, or nmstate's `sriov:PF:INDEXES`, with single indexes and ranges between commas.
 * Undefined when the text is none; what is named twice counts once. */
export function parseVfRange(text: string): VfRange | undefined {
	const match = /^sriov:(.+):([\d,-]+)$/.exec(text) ?? /^(.+)#([\d,-]+)$/.exec(text);
	const indexes = new Set<number>();
	for (const part of match?.[2]?.split(',') ?? []) {
		const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
		const [start, end] = [Number(first), Number(last)];
		// Not a number is not <= either.
		if (!(start <= end && end <= maximumIndex)) {
			return undefined;
		}

		for (let index = start; index <= end; index++) {
			indexes.add(index);
		}
	}

	return match ? {pf: match[1]!, indexes: [...indexes].toSorted((a, b) => a - b)} : undefined;
}

/** `ens1f0#0,2,4-7`, the shortest way to write it. `indexes` are sorted, without duplicates. */
export function vfRangeText({pf, indexes}: VfRange): string {
	const runs: Array<[first: number, last: number]> = [];
	for (const index of indexes) {
		const run = runs.at(-1);
		if (run && run[1] === index - 1) {
			run[1] = index;
		} else {
			runs.push([index, index]);
		}
	}

	return `${pf}#${runs.map(([first, last]) => first === last ? String(first) : `${first}-${last}`).join(',')}`;
}
