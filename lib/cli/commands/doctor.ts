// vfctl doctor
import {AppError, exitStatuses} from '../../errors.ts';
import {readDoctorFacts} from '../../exec/read-doctor-facts.ts';
import {countFindings, verdictOf} from '../../model/doctor.ts';
import {allChecks, chosenChecks, diagnose, planDoctor} from '../../plan/doctor/checks.ts';
import {checkListText, doctorText, nagiosText} from '../../render/doctor-text.ts';
import {doctorView} from '../../render/doctor-view.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {ownDigest} from './driver-status.ts';
import {runPlanned} from './run-plan.ts';

export interface DoctorArguments {
	/** Groups and checks; all when empty. */
	names: readonly string[];
	all: boolean;
	list: boolean;
	nagios: boolean;
	fix: boolean;
}

const statuses = {'ok': exitStatuses.ok, 'warning': exitStatuses.warnings, 'error': exitStatuses.trouble, 'could-not-look': exitStatuses.notLooked} as const;
// Of monitoring plugins: OK, WARNING, CRITICAL, UNKNOWN.
const nagiosStatuses = {'ok': 0, 'warning': 1, 'error': 2, 'could-not-look': 3} as const;

/** Looks, or puts right what was found; resolves to the exit status. */
export async function run(context: CommandContext, {names, all, list, nagios, fix}: DoctorArguments): Promise<number> {
	const {host, out} = context;
	const chosen = chosenChecks(names);
	if (list) {
		const checks = allChecks.filter(({id}) => chosen.has(id)).map(({id, group, asks}) => ({id, group, asks}));
		out.result(checkListText(checks), checks);
		return exitStatuses.ok;
	}

	const sources = host.name === 'live' ? await ownDigest() : null;
	if (fix) {
		if (nagios) {
			throw new AppError('USAGE', '--nagios only looks', {fix: 'leave --fix or --nagios out'});
		}

		await runPlanned(context, {
			destructive: () => false,
			plan: async (inventory, {libvirt}) => planDoctor(diagnose(await readDoctorFacts(host, inventory, {sources, libvirt: await libvirt().catch((error: AppError) => error)}), names), names),
		});
		return exitStatuses.ok;
	}

	const findings = await withInventory(context, async (inventory, libvirt) => diagnose(await readDoctorFacts(host, inventory, {sources, libvirt}), names));
	const verdict = verdictOf(countFindings(findings));
	const view = doctorView(host.name, findings);
	out.result(nagios ? nagiosText(view) : doctorText(view, {all}), view);
	return nagios ? nagiosStatuses[verdict] : statuses[verdict];
}
