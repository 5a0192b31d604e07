// What `vfctl doctor` finds: every look at the host is a value, also one that could not be made.

export const doctorGroups = ['cpu', 'iommu', 'sriov', 'driver', 'vfio', 'libvirt', 'network', 'host'] as const;
export type DoctorGroup = typeof doctorGroups[number];

/** `could-not-look` is never as good as `ok`: nobody knows. */
export type FindingStatus = 'ok' | 'bad' | 'could-not-look';

/** How bad. `warning`: works, but not as well or not for ever; `error`: something does not work or
 * will fail when it is asked for; `danger`: it works, and a guest can harm the host by it. */
export const severities = ['warning', 'error', 'danger'] as const;
export type Severity = typeof severities[number];

/** What was looked at, and what it said. */
export interface Evidence {
	/** A path or a command. */
	readonly source: string;
	readonly said: string;
}

/** What an admin does about it. */
export interface Fix {
	readonly advice: string;
	/** To type as they are on this host, in order; empty when there is nothing to type (firmware). */
	readonly commands: readonly string[];
}

/** One finding of one check. A check has one for each thing that it looks at. */
export interface Finding {
	/** `GROUP.CHECK`: stays the same. */
	readonly id: string;
	readonly group: DoctorGroup;
	readonly status: FindingStatus;
	/** Of a bad one; else null. */
	readonly severity: Severity | null;
	/** The device, interface, guest, network or file it is about; null for the host as a whole. */
	readonly subject: string | null;
	/** One sentence; of `could-not-look` the reason. */
	readonly what: string;
	readonly evidence: readonly Evidence[];
	/** What follows from a bad one; else null. */
	readonly meaning: string | null;
	/** Of a bad one, and of `could-not-look` when something helps. */
	readonly fix: Fix | null;
}

/** How many findings there are of each kind. */
export interface FindingCounts {
	readonly ok: number;
	readonly warning: number;
	readonly error: number;
	readonly danger: number;
	readonly couldNotLook: number;
}

/** The counts. */
export function countFindings(findings: readonly Pick<Finding, 'status' | 'severity'>[]): FindingCounts {
	const bad = (severity: Severity) => findings.filter(one => one.severity === severity).length;
	const of = (status: FindingStatus) => findings.filter(one => one.status === status).length;
	return {ok: of('ok'), warning: bad('warning'), error: bad('error'), danger: bad('danger'), couldNotLook: of('could-not-look')};
}

/** The worst of all: what decides the exit status. */
export function verdictOf(counts: FindingCounts): 'ok' | 'warning' | 'error' | 'could-not-look' {
	return counts.danger + counts.error > 0 ? 'error' : counts.warning > 0 ? 'warning' : counts.couldNotLook > 0 ? 'could-not-look' : 'ok';
}
