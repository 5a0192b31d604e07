// vfctl vf create | destroy | set
import {AppError} from '../../errors.ts';
import {selectPf} from '../../model/select.ts';
import {planVfCreate, planVfSet} from '../../plan/plan-vfs.ts';
import {steeringIfTold} from '../../sysfs/read-steering.ts';
import type {CommandContext} from '../context.ts';
import {parseVfSettings, wholeNumber, type VfSettingsArguments} from '../vf-settings-options.ts';
import {runPlanned} from './run-plan.ts';

/** Makes a PF have so many VFs; destroying them is a count of 0. */
export async function runCreate(context: CommandContext, args: {pf: string; count: string}): Promise<void> {
	const count = wholeNumber(args.count, 65_535, 'BAD_COUNT', 'a number of VFs');
	await runPlanned(context, {
		// Making VFs where there are none takes nothing away; every other change does.
		destructive: plan => plan.actions.some(action => action.kind === 'set-numvfs' && action.to === 0),
		async plan(inventory) {
			const {netdevs: [netdev], numVfs} = selectPf(inventory, args.pf);
			const steering = netdev === undefined || numVfs === count ? null : await steeringIfTold(context.host.runner, netdev);
			return planVfCreate(inventory, {pf: args.pf, count, acceptedRisks: context.options.acceptedRisks, steering});
		},
	});
}

/** Changes settings of one VF. */
export async function runSet(context: CommandContext, args: VfSettingsArguments & {vf: string}): Promise<void> {
	const settings = parseVfSettings(args);
	if (Object.keys(settings).length === 0) {
		throw new AppError('USAGE', 'name at least one setting', {why: 'without one there is nothing to do', fix: 'vfctl vf set --help'});
	}

	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planVfSet(inventory, {vf: args.vf, settings, acceptedRisks: context.options.acceptedRisks}),
	});
}
