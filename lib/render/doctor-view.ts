// What the doctor found, in the shape of `vfctl doctor --json`.
import {countFindings, verdictOf, type DoctorGroup, type FindingCounts, type FindingStatus, type Severity} from '../model/doctor.ts';
import type {Action} from '../plan/action.ts';
import type {Diagnosis} from '../plan/doctor/checks.ts';

export interface FindingView {
	id: string;
	group: DoctorGroup;
	status: FindingStatus;
	/** Null unless bad. */
	severity: Severity | null;
	/** Null for the host as a whole. */
	subject: string | null;
	what: string;
	evidence: Array<{source: string; said: string}>;
	meaning: string | null;
	fix: {advice: string; commands: string[]} | null;
	/** What `--fix` would do; null when it does nothing. `onlyWhenNamed`: the admin may have meant it. */
	repair: {onlyWhenNamed: boolean; needsReboot: boolean; actions: Action[]} | null;
}

export interface DoctorView {
	version: 1;
	host: string;
	/** The worst: `error` stands for dangers, too. */
	verdict: ReturnType<typeof verdictOf>;
	counts: FindingCounts;
	findings: FindingView[];
}

/** The view. */
export function doctorView(host: string, findings: readonly Diagnosis[]): DoctorView {
	const counts = countFindings(findings);
	return {
		version: 1, host, verdict: verdictOf(counts), counts,
		findings: findings.map(({id, group, status, severity, subject, what, evidence, meaning, fix, repair}) => ({
			id, group, status, severity, subject, what, meaning,
			evidence: evidence.map(({source, said}) => ({source, said})),
			fix: fix && {advice: fix.advice, commands: [...fix.commands]},
			repair: repair && {onlyWhenNamed: repair.mayBeMeant, needsReboot: repair.needsReboot, actions: [...repair.actions]},
		})),
	};
}
