// Which CPUs interrupts are spread over, and which one each of them gets.
import {AppError} from '../errors.ts';
import {cpuListText, parseCpuList} from './cpu-list.ts';
import type {CpuFacts} from './interrupts.ts';

/** `local`: the device's NUMA node; `all`; `one-per-core`: one thread of each core of the node. */
export const spreads = ['local', 'all', 'one-per-core'] as const;

export type Spread = (typeof spreads)[number];

/** How CPUs are chosen: named ones, or a rule. */
export type CpuChoice = {readonly cpus: string} | {readonly spread: Spread};

/** CPUs that the choice means for a device of the NUMA node, sorted. Isolated and offline ones are
 * left out unless named. Throws BAD_CPUS for nonsense, for CPUs that are not online, and when
 * nothing is left. */
export function chosenCpus(choice: CpuChoice, facts: CpuFacts, numaNode: number | null): number[] {
	return 'cpus' in choice ? namedCpus(choice.cpus, facts) : spreadCpus(choice.spread, facts, numaNode);
}

function namedCpus(text: string, {online}: CpuFacts): number[] {
	const cpus = parseCpuList(text);
	if (cpus === undefined || cpus.length === 0) {
		throw new AppError('BAD_CPUS', `'${text}' is no list of CPUs`, {why: 'a list has numbers and ranges between commas: 0-3,8', fix: `this host has CPUs ${cpuListText(online)}`});
	}

	const missing = cpus.filter(cpu => !online.includes(cpu));
	if (missing.length > 0) {
		throw new AppError('BAD_CPUS', `CPU ${cpuListText(missing)} is not online`, {why: `CPUs ${cpuListText(online)} are (/sys/devices/system/cpu/online), and the others take no interrupt`, fix: 'name CPUs that are online', details: {missing}});
	}

	return cpus;
}

function spreadCpus(spread: Spread, {online, isolated, nodes, siblings}: CpuFacts, numaNode: number | null): number[] {
	const usable = online.filter(cpu => !isolated.includes(cpu));
	const local = spread === 'all' || numaNode === null ? usable : usable.filter(cpu => nodes.get(numaNode)?.includes(cpu));
	// A node of memory alone, or one whose CPUs are all isolated, has none to give.
	const cpus = local.length > 0 ? local : usable;
	if (cpus.length === 0) {
		throw new AppError('BAD_CPUS', 'no CPU is left for interrupts', {why: `online are ${cpuListText(online) || 'none'}, and all of them are isolated`, fix: 'name CPUs with --cpus'});
	}

	return spread === 'one-per-core' ? cpus.filter(cpu => !cpus.some(other => other < cpu && siblings.get(cpu)?.includes(other))) : cpus;
}

/** Goes round the CPUs, one interrupt after the other. Devices with the same CPUs share one round,
 * so that they do not all start at the first. */
export class CpuRounds {
	readonly #given = new Map<string, number>();

	/** The next CPU of the list. */
	next(cpus: readonly number[]): number {
		const key = cpuListText(cpus);
		const given = this.#given.get(key) ?? 0;
		this.#given.set(key, given + 1);
		return cpus[given % cpus.length]!;
	}
}
