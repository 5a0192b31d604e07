// /proc/interrupts (show_interrupts in kernel/irq/proc.c).

/** One numbered line. */
export interface InterruptLine {
	/** By CPU; empty in a record that left them out. */
	readonly counts: ReadonlyMap<number, number>;
	/** Names of its handlers; null when there is none any more and only the counts are left. */
	readonly action: string | null;
}

// Chip, number at the chip, then `-edge` (x86) or ` Edge` (Arm), and the handlers after two blanks or more.
const tail = /^\s*\S+\s+\d+(?:-\S+|\s+(?:Edge|Level)(?:-\S+)?)?(?:\s{2,}(\S.*))?$/;

/** The numbered lines by number; others (NMI, LOC, ...) and nonsense are left out. The columns are
 * the CPUs that are online, named in the first line. */
export function parseInterrupts(text: string): Map<number, InterruptLine> {
	const [heading = '', ...rest] = text.split('\n');
	const columns = [...heading.matchAll(/\bCPU(\d{1,5})\b/g)].map(([, cpu]) => Number(cpu));
	const found = new Map<number, InterruptLine>();
	for (const line of columns.length === 0 ? [heading, ...rest] : rest) {
		const [, irq, after = ''] = /^\s*(\d{1,7}):(.*)$/.exec(line) ?? [];
		if (irq === undefined) {
			continue;
		}

		const [counted] = /^(?:\s+\d+(?=\s|$))*/.exec(after)!;
		const numbers = counted.trim() === '' ? [] : counted.trim().split(/\s+/);
		// A line of another length was cut off or made up: its numbers belong to nobody.
		const counts = numbers.length === columns.length ? new Map(numbers.map((number, index) => [columns[index]!, Number(number)])) : new Map<number, number>();
		found.set(Number(irq), {counts, action: tail.exec(after.slice(counted.length).trimEnd())?.[1]?.trim() ?? null});
	}

	return found;
}
