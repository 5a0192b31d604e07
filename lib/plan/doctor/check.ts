// A check: one question about the host, and the answers to it.
import type {DoctorGroup, Evidence, Finding, Severity} from '../../model/doctor.ts';
import type {Action} from '../action.ts';
import type {DoctorFacts} from './facts.ts';

/** What puts a bad finding right. */
export interface Repair {
	readonly actions: readonly Action[];
	readonly warnings: readonly string[];
	/** The admin may have meant it so: only done when the check or its group was named. */
	readonly mayBeMeant: boolean;
	/** It shows after a reboot only. */
	readonly needsReboot: boolean;
}

export type Answer = Omit<Finding, 'id' | 'group'> & {readonly repair: Repair | null};

export interface Check {
	/** Without the group. */
	readonly name: string;
	/** For the documentation: what is asked. */
	readonly asks: string;
	/** No answer: there is nothing that it could be asked about. */
	readonly look: (facts: DoctorFacts) => readonly Answer[];
}

export interface CheckGroup {
	readonly group: DoctorGroup;
	readonly checks: readonly Check[];
}

/** All is well. */
export function ok(subject: string | null, what: string, evidence: readonly Evidence[] = []): Answer {
	return {status: 'ok', severity: null, subject, what, evidence, meaning: null, fix: null, repair: null};
}

export interface BadFacts {
	readonly evidence: readonly Evidence[];
	readonly meaning: string;
	readonly advice: string;
	readonly commands?: readonly string[];
	readonly repair?: Partial<Repair> & Pick<Repair, 'actions'> | undefined;
}

/** Something is wrong. */
export function bad(severity: Severity, subject: string | null, what: string, {evidence, meaning, advice, commands = [], repair}: BadFacts): Answer {
	const usable = repair !== undefined && repair.actions.length > 0 ? {warnings: [], mayBeMeant: true, needsReboot: false, ...repair} : null;
	return {status: 'bad', severity, subject, what, evidence, meaning, fix: {advice, commands}, repair: usable};
}

/** It could not be seen. `commands` help to see. */
export function unseen(subject: string | null, reason: string, {evidence = [], advice, commands = []}: {evidence?: readonly Evidence[]; advice?: string; commands?: readonly string[]} = {}): Answer {
	return {status: 'could-not-look', severity: null, subject, what: reason, evidence, meaning: null, fix: advice === undefined ? null : {advice, commands}, repair: null};
}

/** One piece of evidence; what is long is cut. */
export function seen(source: string, said: string | null | undefined): Evidence {
	const text = (said ?? 'not there').trim();
	return {source, said: text === '' ? 'empty' : text.length > 300 ? `${text.slice(0, 300)}...` : text};
}

/** Lines of the kernel log that match, as evidence; the last ones when there are many. */
export function logEvidence({kernelLog}: DoctorFacts, pattern: RegExp): Evidence[] {
	return 'value' in kernelLog ? kernelLog.value.filter(line => pattern.test(line)).slice(-3).map(line => seen('dmesg', line)) : [];
}

/** In the order of their names: libvirt lists guests in any. */
export function byName<T extends {readonly name: string}>(list: readonly T[]): T[] {
	return list.toSorted((a, b) => a.name < b.name ? -1 : 1);
}

const root = 'run it as root: sudo vfctl doctor';

/** Config space and /proc of others are for root. */
export function needsRoot(subject: string | null, {root: isRoot}: DoctorFacts, what: string): Answer {
	return unseen(subject, isRoot ? what : `${what}: that needs root`, isRoot ? {} : {advice: root, commands: ['sudo vfctl doctor']});
}
