// vfctl steer add | list | delete
import {AppError} from '../../errors.ts';
import {selectPf} from '../../model/select.ts';
import {planSteerAdd, planSteerDelete, steeringNetdev} from '../../plan/plan-steer.ts';
import {highestLocation, requestedRule, steerNumber, type SteerRequest} from '../../plan/steer/request.ts';
import {steerListText, steerView, type SteerView} from '../../render/steer-view.ts';
import {readSteering} from '../../sysfs/read-steering.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {runPlanned} from './run-plan.ts';

export interface AddArguments extends SteerRequest {
	pf: string;
	location?: string | undefined;
}

function toLocation(text: string): number {
	return steerNumber(text, highestLocation, 'a location', 'USAGE');
}

/** Adds a rule. */
export async function runAdd(context: CommandContext, args: AddArguments): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		async plan(inventory) {
			const pf = selectPf(inventory, args.pf);
			const rule = requestedRule(inventory, pf, args);
			const location = args.location === undefined ? {} : {location: toLocation(args.location)};
			return planSteerAdd(inventory, {pf, rule, ...location, steering: await readSteering(context.host.runner, steeringNetdev(pf))});
		},
	});
}

export interface DeleteArguments {
	pf: string;
	locations?: readonly string[] | undefined;
	all: boolean;
}

/** Takes rules away; asks first for --all. */
export async function runDelete(context: CommandContext, {pf: name, locations = [], all}: DeleteArguments): Promise<void> {
	if (all === locations.length > 0) {
		throw new AppError('USAGE', all ? 'locations and --all contradict each other' : 'no rule was named', {why: 'a rule is named by its location', fix: 'vfctl steer list; then name locations, or --all'});
	}

	const which = all ? 'all' : [...new Set(locations.map(text => toLocation(text)))];
	await runPlanned(context, {
		destructive: () => all,
		async plan(inventory) {
			const pf = selectPf(inventory, name);
			return planSteerDelete(pf, await readSteering(context.host.runner, steeringNetdev(pf)), which);
		},
	});
}

/** Shows the rules of one PF, or of all. */
export async function runList(context: CommandContext, name: string | undefined): Promise<void> {
	const views = await withInventory(context, async inventory => {
		const chosen = name === undefined ? inventory.pfs.filter(({netdevs}) => netdevs.length > 0) : [selectPf(inventory, name)];
		const found: SteerView[] = [];
		for (const pf of chosen) {
			found.push(steerView(pf, await readSteering(context.host.runner, steeringNetdev(pf))));
		}

		return found;
	});
	context.out.result(steerListText(views), {pfs: views});
}
