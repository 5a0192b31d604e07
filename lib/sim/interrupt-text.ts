// /proc/interrupts of a simulated host. Kept as lines and written when somebody reads: thousands of
// VFs would otherwise write it thousands of times.
import type {Machine} from './machine.ts';

const file = '/proc/interrupts';

interface Lines {
	/** CPUs of the columns; empty in a record without counts. */
	columns: number[];
	heading: string;
	/** Counts and the rest, by number. */
	numbered: Map<number, {counts: number[]; rest: string}>;
	/** NMI, LOC, ... */
	others: string[];
	changed: boolean;
}

const known = new WeakMap<Machine, Lines>();

/** The handler of an interrupt; what it counted before stays. */
export function setInterruptLine(machine: Machine, irq: number, rest: string): void {
	const lines = linesOf(machine);
	lines.numbered.set(irq, {counts: lines.numbered.get(irq)?.counts ?? lines.columns.map(() => 0), rest});
	lines.changed = true;
}

/** No handler any more. */
export function takeInterruptLine(machine: Machine, irq: number): void {
	const lines = linesOf(machine);
	lines.changed = lines.numbered.delete(irq) || lines.changed;
}

/** So many interrupts arrive, on the first CPU that takes them. */
export function fireInterrupt(machine: Machine, irq: number, times = 1): void {
	const lines = linesOf(machine);
	const line = lines.numbered.get(irq);
	const column = lines.columns.indexOf(Number(machine.tree.value(`/proc/irq/${irq}/effective_affinity_list`).split(/[,-]/)[0]));
	if (line && column >= 0) {
		line.counts[column] = (line.counts[column] ?? 0) + times;
		lines.changed = true;
	}
}

/** Writes what has changed to the tree. */
export function flushInterrupts(machine: Machine): void {
	const lines = known.get(machine);
	if (!lines?.changed) {
		return;
	}

	const numbered = [...lines.numbered].toSorted(([a], [b]) => a - b).map(([irq, {counts, rest}]) => `${String(irq).padStart(3)}: ${counts.map(count => String(count).padStart(10)).join(' ')}  ${rest}`);
	machine.tree.put(file, {kind: 'text', text: `${[...lines.heading === '' ? [] : [lines.heading], ...numbered, ...lines.others].join('\n')}\n`});
	lines.changed = false;
}

function linesOf(machine: Machine): Lines {
	const present = known.get(machine);
	if (present) {
		return present;
	}

	const [first = '', ...rest] = machine.tree.value(file).split('\n');
	const heading = /^\s+CPU\d/.test(first) ? first : '';
	const lines: Lines = {columns: [...heading.matchAll(/CPU(\d+)/g)].map(([, cpu]) => Number(cpu)), heading, numbered: new Map(), others: [], changed: false};
	for (const line of heading === '' ? [first, ...rest] : rest) {
		const [, irq, counted = '', after = ''] = /^\s*(\d+):((?:\s+\d+(?=\s))*)\s*(.*)$/.exec(line) ?? [];
		if (irq === undefined) {
			lines.others.push(line);
		} else {
			lines.numbered.set(Number(irq), {counts: counted.trim() === '' ? [] : counted.trim().split(/\s+/).map(Number), rest: after});
		}
	}

	known.set(machine, lines);
	return lines;
}
