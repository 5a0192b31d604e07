// MSI-X interrupts of network functions: made by a driver's probe, handled once its interface is set
// up (drivers/pci/msi/api.c, kernel/irq/proc.c of Linux 6.12, seen in the lab).
import type {Bdf} from '../model/bdf.ts';
import {cpuListText, parseCpuList, parseCpuMask} from '../model/cpu-list.ts';
import {errnoError} from './errno.ts';
import {devicesPath, driverOf, functionPath, functionsOf} from './machine.ts';
import type {Machine} from './machine.ts';
import {takeInterruptLine, setInterruptLine} from './interrupt-text.ts';

/** A vector as its driver asks for it. */
interface Vector {
	name: string;
	/** Handled from probe on: mailboxes. */
	early: boolean;
}

// Queues of a driver on so many CPUs. igb has fewer and other ones with VFs; here it keeps them.
const queueCounts: Readonly<Record<string, (cpus: number) => number>> = {
	igb: cpus => Math.min(cpus, 8),
	igbvf: () => 1,
	ixgbe: cpus => Math.min(cpus, 63),
	ixgbevf: cpus => Math.min(cpus, 2),
	i40e: cpus => Math.min(cpus, 64),
	iavf: cpus => Math.min(cpus, 4),
	ice: cpus => Math.min(cpus, 64),
};

const numbered = (count: number, name: (queue: number) => string): Vector[] => Array.from({length: count}, (_, queue) => ({name: name(queue), early: false}));

// In the order of their numbers; what they are called is in /proc/interrupts of the drivers.
const vectorsOf: Readonly<Record<string, (netdev: string, bdf: Bdf, queues: number) => Vector[]>> = {
	igb: (netdev, _, queues) => [{name: netdev, early: false}, ...numbered(queues, queue => `${netdev}-TxRx-${queue}`)],
	igbvf: netdev => ['-tx-0', '-rx-0', ''].map(end => ({name: `${netdev}${end}`, early: false})),
	ixgbe: (netdev, _, queues) => [...numbered(queues, queue => `${netdev}-TxRx-${queue}`), {name: netdev, early: false}],
	ixgbevf: (netdev, _, queues) => [...numbered(queues, queue => `${netdev}-TxRx-${queue}`), {name: netdev, early: false}],
	i40e: (netdev, bdf, queues) => [{name: `i40e-${bdf}:misc`, early: true}, ...numbered(queues, queue => `i40e-${netdev}-TxRx-${queue}`)],
	iavf: (netdev, bdf, queues) => [{name: `iavf-${bdf}:mbx`, early: true}, ...numbered(queues, queue => `iavf-${netdev}-TxRx-${queue}`)],
	ice: (netdev, bdf, queues) => [{name: `ice-${bdf}:misc`, early: true}, ...numbered(queues, queue => `ice-${netdev}-TxRx-${queue}`)],
};

/** CPUs that are online; none in a record that does not tell, which then has no interrupts to give. */
export function onlineCpus({tree}: Machine): number[] {
	return parseCpuList(tree.text('/sys/devices/system/cpu/online') ?? '') ?? [];
}

/** Queues that a driver makes here. */
export function queueCount(machine: Machine, driver: string | undefined): number {
	const cpus = onlineCpus(machine).length;
	return cpus === 0 ? 0 : queueCounts[driver ?? '']?.(cpus) ?? 0;
}

/** pci_alloc_irq_vectors of a probe: the lowest free numbers. */
export function addInterrupts(machine: Machine, bdf: Bdf): void {
	const path = functionPath(machine, bdf);
	const driver = driverOf(machine, bdf);
	const vectors = vectorsOf[driver ?? '']?.('', bdf, queueCount(machine, driver)) ?? [];
	if (path === undefined || onlineCpus(machine).length === 0) {
		return;
	}

	for (const {early, name} of vectors) {
		const irq = freeIrq(machine);
		machine.tree.putValue(`${path}/msi_irqs/${irq}`, 'msix');
		if (early) {
			handle(machine, bdf, irq, name);
		}
	}
}

/** What a driver's open does: it asks for the interrupts under the name that the interface has now. */
export function openInterrupts(machine: Machine, bdf: Bdf, netdev: string): void {
	const driver = driverOf(machine, bdf);
	const irqs = irqsOf(machine, bdf);
	const vectors = vectorsOf[driver ?? '']?.(netdev, bdf, queueCount(machine, driver)) ?? [];
	for (const [index, {name, early}] of vectors.entries()) {
		if (!early && irqs[index] !== undefined) {
			handle(machine, bdf, irqs[index], name);
		}
	}
}

/** What a driver's close does: numbers and affinity stay, the handlers go. */
export function closeInterrupts(machine: Machine, bdf: Bdf): void {
	for (const irq of irqsOf(machine, bdf)) {
		takeInterruptLine(machine, irq);
	}
}

/** What a driver's remove does: the numbers are free again. */
export function removeInterrupts(machine: Machine, bdf: Bdf): void {
	for (const irq of irqsOf(machine, bdf)) {
		takeInterruptLine(machine, irq);
		machine.tree.remove(`/proc/irq/${irq}`);
		const known = numbersOf(machine);
		known.taken.delete(irq);
		known.lowest = Math.min(known.lowest, irq);
	}

	const path = functionPath(machine, bdf);
	if (path !== undefined) {
		machine.tree.remove(`${path}/msi_irqs`);
	}
}

function irqsOf({tree}: Machine, bdf: Bdf): number[] {
	return tree.list(`${devicesPath}/${bdf}/msi_irqs`).map(Number).toSorted((a, b) => a - b);
}

const firstIrq = 25;
// Numbers that are taken, read from the tree once: thousands of VFs would look at it each time otherwise.
const numbers = new WeakMap<Machine, {taken: Set<number>; lowest: number}>();

function numbersOf(machine: Machine): {taken: Set<number>; lowest: number} {
	const known = numbers.get(machine) ?? {taken: new Set(functionsOf(machine).flatMap(bdf => irqsOf(machine, bdf))), lowest: firstIrq};
	numbers.set(machine, known);
	return known;
}

function freeIrq(machine: Machine): number {
	const known = numbersOf(machine);
	while (known.taken.has(known.lowest)) {
		known.lowest++;
	}

	known.taken.add(known.lowest);
	return known.lowest;
}

// register_irq_proc comes with the first handler, and the affinity is that of before when it comes again.
function handle(machine: Machine, bdf: Bdf, irq: number, action: string): void {
	const {tree} = machine;
	if (!tree.exists(`/proc/irq/${irq}`)) {
		const online = onlineCpus(machine);
		tree.putValue(`/proc/irq/${irq}/smp_affinity_list`, cpuListText(online));
		tree.putValue(`/proc/irq/${irq}/effective_affinity_list`, online[irq % online.length] ?? 0);
	}

	setInterruptLine(machine, irq, `${chipPrefix(machine)}PCI-MSIX-${bdf}   ${irqsOf(machine, bdf).indexOf(irq)}-edge      ${action}`);
}

// What chips of other interrupts are called tells whether they are remapped.
function chipPrefix({tree}: Machine): '' | 'IR-' {
	return /\sIR-/.test(tree.text('/proc/interrupts') ?? '') ? 'IR-' : '';
}

/** irq_affinity_list_proc_write. */
export function storeAffinity(machine: Machine, {path, value, real}: {path: string; value: string; real: string}): void {
	const cpus = parseCpuList(value);
	if (cpus === undefined) {
		throw errnoError('EINVAL', path);
	}

	if (cpus.some(cpu => cpu >= possibleCpus(machine))) {
		throw errnoError('ERANGE', path);
	}

	const online = onlineCpus(machine);
	const target = cpus.find(cpu => online.includes(cpu));
	if (target === undefined) {
		throw errnoError('EINVAL', path);
	}

	machine.tree.putValue(real, cpuListText(cpus));
	machine.tree.putValue(real.replace(/[^/]+$/, 'effective_affinity_list'), target);
}

/** store_rps_map: CPUs that are isolated or offline are left out. */
export function storeRps(machine: Machine, {path, value, real}: {path: string; value: string; real: string}): void {
	const cpus = value.trim() === '' ? [] : parseCpuMask(value);
	if (cpus === undefined) {
		throw errnoError('EINVAL', path);
	}

	if (cpus.some(cpu => cpu >= possibleCpus(machine))) {
		throw errnoError('EOVERFLOW', path);
	}

	const isolated = parseCpuList(machine.tree.text('/sys/devices/system/cpu/isolated') ?? '') ?? [];
	const kept = cpus.filter(cpu => !isolated.includes(cpu));
	if (cpus.length > 0 && kept.length === 0) {
		throw errnoError('EINVAL', path);
	}

	machine.tree.putValue(real, maskText(kept.filter(cpu => onlineCpus(machine).includes(cpu)), possibleCpus(machine)));
}

/** A mask as %*pb prints it: as many digits as there can be CPUs. */
export function maskText(cpus: readonly number[], possible: number): string {
	const words = Array.from({length: Math.max(1, Math.ceil(possible / 32))}, (_, word) => cpus.filter(cpu => Math.floor(cpu / 32) === word).reduce((sum, cpu) => sum + (2 ** (cpu % 32)), 0));
	return words.toReversed().map((word, index) => word.toString(16).padStart(index === 0 ? Math.ceil((possible % 32 === 0 ? 32 : possible % 32) / 4) : 8, '0')).join(',');
}

/** nr_cpu_ids. */
export function possibleCpus({tree}: Machine): number {
	return ((parseCpuList(tree.text('/sys/devices/system/cpu/possible') ?? '') ?? []).at(-1) ?? 0) + 1;
}
