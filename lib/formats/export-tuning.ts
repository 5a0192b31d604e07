// Interrupts and receive queues that somebody placed, as a host file says them.
import {cpuListText} from '../model/cpu-list.ts';
import {CpuRounds} from '../model/cpu-spread.ts';
import {compareNames} from '../model/host-file-order.ts';
import type {HostFile, WantedPf, WantedTuning, WantedVfs} from '../model/host-file.ts';
import {balancerVerdict, type DeviceInterrupts, type InterruptFacts} from '../model/interrupts.ts';
import type {Inventory} from '../model/inventory.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Pf} from '../model/pci.ts';
import {vfRangeText} from '../model/vf-range.ts';
import {fileNameOf} from './export-vf.ts';

/** The file with `interrupts` and `rps`, and what could not be said. A host file spreads interrupts
 * over CPUs one after the other: other orders have no words in it. */
export function withTuning(file: HostFile, {pfs}: Inventory, facts: InterruptFacts): {file: HostFile; notes: string[]} {
	const notes: string[] = [];
	const rounds = new Rounds(facts);
	const tunedPfs = pfs.map(pf => ({pf: fileNameOf(pf), bdfs: [pf.bdf], ...tuningOf(facts, pf.bdf, pf.driver)}))
		.filter(({interrupts, rps}) => interrupts !== undefined || rps !== undefined).toSorted((a, b) => compareNames(a.pf, b.pf))
		.map(({pf, bdfs, ...tuning}) => ({pf, ...rounds.keep(tuning, bdfs, pf, notes)}));
	const tunedVfs = pfs.toSorted((a, b) => compareNames(fileNameOf(a), fileNameOf(b))).flatMap(pf => vfGroups(pf, facts))
		.map(({select, bdfs, ...tuning}) => ({select, settings: {}, ...rounds.keep(tuning, bdfs, vfRangeText(select), notes)}));
	const says = (entry: WantedTuning) => entry.interrupts !== undefined || entry.rps !== undefined;
	return {file: {...file, pfs: merged(file.pfs, tunedPfs.filter(entry => says(entry))), vfs: [...file.vfs, ...tunedVfs.filter(entry => says(entry))]}, notes};
}

function merged(pfs: readonly WantedPf[], tuned: readonly WantedPf[]): WantedPf[] {
	return [...new Set([...pfs, ...tuned].map(({pf}) => pf))].map(name => ({...pfs.find(({pf}) => pf === name), ...tuned.find(({pf}) => pf === name), pf: name})).toSorted((a, b) => compareNames(a.pf, b.pf));
}

/** VFs of a PF that are alike, as entries. */
function vfGroups(pf: Pf, facts: InterruptFacts): Array<Pick<WantedVfs, 'select'> & WantedTuning & {bdfs: Bdf[]}> {
	const groups = new Map<string, {indexes: number[]; bdfs: Bdf[]; tuning: WantedTuning}>();
	for (const vf of pf.vfs) {
		const tuning = tuningOf(facts, vf.bdf, vf.driver);
		const key = JSON.stringify(tuning);
		const group = groups.get(key) ?? {indexes: [], bdfs: [], tuning};
		group.indexes.push(vf.index);
		group.bdfs.push(vf.bdf);
		groups.set(key, group);
	}

	return [...groups.values()].filter(({tuning}) => Object.keys(tuning).length > 0).map(({indexes, bdfs, tuning}) => ({select: {pf: fileNameOf(pf), indexes}, bdfs, ...tuning}));
}

function tuningOf(facts: InterruptFacts, bdf: Bdf, driver: string | null): WantedTuning {
	const device = facts.devices.get(bdf);
	const cpus = device && placedCpus(device, facts, driver);
	const [first, ...others] = device?.queues?.receive ?? [];
	const rps = first !== undefined && first.cpus !== '' && others.every(queue => queue.cpus === first.cpus) ? first.cpus : undefined;
	return {...(cpus === undefined ? {} : {interrupts: {cpus}}), ...(rps === undefined ? {} : {rps: {cpus: rps}})};
}

const movable = ({interrupts}: DeviceInterrupts) => interrupts.filter(({wanted, managed}) => wanted !== null && managed !== true);

/** The CPUs, when each interrupt has one. What irqbalance places is nobody's wish. */
function placedCpus(device: DeviceInterrupts, {cpus: {online}, irqbalance}: InterruptFacts, driver: string | null): string | undefined {
	const all = movable(device);
	const single = all.every(({wanted}) => /^\d+$/.test(wanted!) && online.includes(Number(wanted)));
	const balanced = all.some(({irq}) => balancerVerdict(irqbalance, irq, driver) !== 'leaves');
	return all.length === 0 || online.length < 2 || !single || balanced ? undefined : cpuListText(all.map(({wanted}) => Number(wanted)));
}

/** Follows what planning the file would do (plan/host-file/plan-tuning.ts). */
class Rounds {
	readonly #facts: InterruptFacts;
	readonly #kept: Array<readonly number[]> = [];

	constructor(facts: InterruptFacts) {
		this.#facts = facts;
	}

	/** The entry, without `interrupts` when planning would move one. */
	keep({interrupts, rps}: WantedTuning, bdfs: readonly Bdf[], name: string, notes: string[]): WantedTuning {
		const others = rps === undefined ? {} : {rps};
		if (interrupts === undefined || !('cpus' in interrupts)) {
			return others;
		}

		const wanted = bdfs.flatMap(bdf => movable(this.#facts.devices.get(bdf)!).map(one => Number(one.wanted)));
		const cpus = [...new Set(wanted)].toSorted((a, b) => a - b);
		const rounds = new CpuRounds();
		for (const before of this.#kept) {
			rounds.next(before);
		}

		if (wanted.every(cpu => rounds.next(cpus) === cpu)) {
			this.#kept.push(...wanted.map(() => cpus));
			return {interrupts, ...others};
		}

		notes.push(`interrupts of ${name} are left out: they have one CPU each, but not one after the other`);
		return others;
	}
}
