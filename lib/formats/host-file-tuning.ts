// `interrupts` and `rps` of PFs and VFs in a host file.
import {cpuListText, parseCpuList} from '../model/cpu-list.ts';
import {spreads, type CpuChoice} from '../model/cpu-spread.ts';
import type {WantedTuning} from '../model/host-file.ts';
import {shortened} from './problems.ts';
import type {Cursor, Fields} from './reader.ts';

export const tuningKeys = ['interrupts', 'rps'] as const;

/** What other programs call them. */
export const foreignTuningNames: Readonly<Record<string, string>> = {irq: 'interrupts', irqs: 'interrupts', 'irq-affinity': 'interrupts', smp_affinity: 'interrupts', rps_cpus: 'rps', 'cpu-list': 'cpus', cpulist: 'cpus'};

/** Both keys of an entry. */
export function readTuning(fields: Fields | undefined): WantedTuning {
	const interrupts = readChoice(fields?.get('interrupts'), spreads, 'where the interrupts go');
	const rps = readChoice(fields?.get('rps'), [...spreads, 'none'] as const, 'which CPUs share the packets of receive queues');
	return {
		...(interrupts === undefined ? {} : {interrupts: interrupts as CpuChoice}),
		...(rps === undefined ? {} : {rps}),
	};
}

function readChoice(cursor: Cursor | undefined, words: ReadonlyArray<(typeof spreads)[number] | 'none'>, what: string): CpuChoice | 'none' | undefined {
	if (cursor === undefined) {
		return undefined;
	}

	if (cursor.node.kind !== 'map') {
		const word = cursor.word(words, `${what}: {cpus: 0-3}, or`);
		return word === undefined || word === 'none' ? word : {spread: word};
	}

	const list = cursor.fields(['cpus'], foreignTuningNames)?.need('cpus', 'it says which CPUs are meant');
	const text = list?.text('a list of CPUs such as 0-3,8');
	const cpus = text === undefined ? undefined : parseCpuList(text);
	if (text === undefined) {
		return undefined;
	}

	return cpus === undefined || cpus.length === 0 ? list!.refuse(`'${shortened(text)}' is no list of CPUs`, 'it must be numbers and ranges between commas, such as 0-3,8') : {cpus: cpuListText(cpus)};
}

/** As the host file says it. */
export function tuningEntries({interrupts, rps}: WantedTuning, flow: (value: unknown) => unknown): object {
	const entry = (choice: CpuChoice | 'none' | undefined) => choice === undefined || choice === 'none' ? choice : 'spread' in choice ? choice.spread : flow({cpus: /^\d+$/.test(choice.cpus) ? Number(choice.cpus) : choice.cpus});
	return Object.fromEntries(Object.entries({interrupts: entry(interrupts), rps: entry(rps)}).filter(([, value]) => value !== undefined));
}

/** Both as text, to be compared and told. */
export function tuningTexts({interrupts, rps}: WantedTuning): {interrupts?: string; rps?: string} {
	const text = (choice: CpuChoice | 'none') => choice === 'none' ? choice : 'spread' in choice ? choice.spread : `CPUs ${choice.cpus}`;
	return {...(interrupts === undefined ? {} : {interrupts: text(interrupts)}), ...(rps === undefined ? {} : {rps: text(rps)})};
}

/** What other formats leave out. */
export function hasTuning({interrupts, rps}: WantedTuning): boolean {
	return interrupts !== undefined || rps !== undefined;
}
