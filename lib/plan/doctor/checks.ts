// All checks, and what they say of one host.
import {AppError} from '../../errors.ts';
import {doctorGroups, type DoctorGroup, type Finding} from '../../model/doctor.ts';
import type {Action} from '../action.ts';
import type {Plan} from '../plan.ts';
import type {Answer, Check, CheckGroup, Repair} from './check.ts';
import {cpuChecks} from './cpu.ts';
import {driverChecks} from './driver.ts';
import type {DoctorFacts} from './facts.ts';
import {hostChecks} from './host.ts';
import {iommuChecks} from './iommu.ts';
import {libvirtChecks} from './libvirt.ts';
import {networkChecks} from './network.ts';
import {spaceChecks} from './sriov-space.ts';
import {useChecks} from './sriov-use.ts';
import {vfioChecks} from './vfio.ts';

export const checkGroups: readonly CheckGroup[] = [cpuChecks, iommuChecks, {group: 'sriov', checks: [...spaceChecks, ...useChecks]}, driverChecks, vfioChecks, libvirtChecks, networkChecks, hostChecks];

/** Every check by its id. */
export const allChecks: ReadonlyArray<Check & {id: string; group: DoctorGroup}> = checkGroups.flatMap(({group, checks}) => checks.map(check => ({...check, id: `${group}.${check.name}`, group})));

/** A finding, with what puts it right. */
export type Diagnosis = Finding & {readonly repair: Repair | null};

/** The ids of checks that names mean: groups and checks; all without a name. Throws USAGE. */
export function chosenChecks(names: readonly string[]): Set<string> {
	const known = (name: string) => allChecks.filter(({id, group}) => id === name || group === name).map(({id}) => id);
	const wrong = names.find(name => known(name).length === 0);
	if (wrong !== undefined) {
		throw new AppError('USAGE', `'${wrong}' is neither a group of checks nor a check`, {why: `groups are: ${doctorGroups.join(', ')}`, fix: 'vfctl doctor --list'});
	}

	return new Set(names.length === 0 ? allChecks.map(({id}) => id) : names.flatMap(name => known(name)));
}

/** What the chosen checks say, in the order of the table. */
export function diagnose(facts: DoctorFacts, names: readonly string[]): Diagnosis[] {
	const chosen = chosenChecks(names);
	return allChecks.filter(({id}) => chosen.has(id)).flatMap(({id, group, look}) => look(facts).map((answer: Answer): Diagnosis => ({id, group, ...answer})));
}

/** One plan of all repairs. What the admin may have meant is only put right when its check or
 * group was named. */
export function planDoctor(findings: readonly Diagnosis[], names: readonly string[]): Plan {
	const fixable = findings.filter(({repair}) => repair !== null);
	const done = fixable.filter(({repair}) => !repair!.mayBeMeant || names.length > 0);
	const left = fixable.filter(one => !done.includes(one));
	const actions = [...new Map(done.flatMap(({repair}) => repair!.actions).map((action): [string, Action] => [JSON.stringify(action), action])).values()];
	return {
		version: 1,
		subject: {command: 'doctor'},
		title: actions.length === 0 ? 'nothing that vfctl puts right by itself' : `put right ${[...new Set(done.map(({id, subject}) => subject === null ? id : `${id} (${subject})`))].join(', ')}`,
		actions,
		warnings: [...new Set([
			...done.flatMap(({repair}) => repair!.warnings),
			...done.some(({repair}) => repair!.needsReboot) ? ['it shows after a reboot'] : [],
			...left.map(({id, subject, what}) => `${id}${subject === null ? '' : ` (${subject})`} may be meant so: ${what}; vfctl doctor --fix ${id} puts it right`),
		])],
		risks: [],
	};
}
