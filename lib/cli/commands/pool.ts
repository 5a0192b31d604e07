// vfctl pool create | list | show | resize | start | stop | delete
import {AppError} from '../../errors.ts';
import {planPoolAbsent, planPoolCreate} from '../../plan/plan-pool.ts';
import {planPoolResize} from '../../plan/plan-pool-resize.ts';
import {planPoolStart, planPoolStop} from '../../plan/plan-pool-state.ts';
import {requirePool} from '../../plan/pool-preflight.ts';
import {parsePoolSource} from '../../plan/pool-source.ts';
import {poolListText, poolShowText} from '../../render/pool-text.ts';
import {poolListView, poolShowView} from '../../render/pool-view.ts';
import {steeringIfTold} from '../../sysfs/read-steering.ts';
import type {CommandContext} from '../context.ts';
import {withLibvirtInventory} from '../read-state.ts';
import {wholeNumber} from '../vf-settings-options.ts';
import {loadPoolRenderer} from './render-xml.ts';
import {runPlanned} from './run-plan.ts';

export interface CreateArguments {
	name: string;
	devices: readonly string[];
	autostart: boolean;
	start: boolean;
	vfs?: string | undefined;
}

/** Makes a pool. */
export async function runCreate(context: CommandContext, {name, devices, autostart, start, vfs}: CreateArguments): Promise<void> {
	const createVfs = vfs === undefined ? undefined : wholeNumber(vfs, 65_535, 'BAD_COUNT', 'a number of VFs');
	const renderPool = await loadPoolRenderer();
	await runPlanned(context, {
		destructive: () => false,
		plan(inventory) {
			const source = parsePoolSource(inventory, devices);
			if (createVfs !== undefined && !('pf' in source)) {
				throw new AppError('USAGE', '--vfs goes with a PF', {why: 'the VFs that were named are there already', fix: 'name the PF alone, or leave --vfs out'});
			}

			return planPoolCreate(inventory, {name, source, autostart, start, acceptedRisks: context.options.acceptedRisks, renderPool, ...createVfs === undefined ? {} : {createVfs}});
		},
	});
}

export interface ResizeArguments {
	name: string;
	count?: string | undefined;
	add?: readonly string[] | undefined;
	remove?: readonly string[] | undefined;
}

/** Changes the members of a pool. */
export async function runResize(context: CommandContext, {name, count, add = [], remove = []}: ResizeArguments): Promise<void> {
	if (count !== undefined && add.length + remove.length > 0) {
		throw new AppError('USAGE', 'a count and --add or --remove contradict each other', {why: 'a count lets vfctl choose the VFs', fix: 'give one of them'});
	}

	const wanted: {count?: number} = count === undefined ? {} : {count: wholeNumber(count, 65_535, 'BAD_COUNT', 'a number of VFs')};
	const renderPool = await loadPoolRenderer();
	await runPlanned(context, {
		// VFs of a PF that go away lose their settings.
		destructive: plan => plan.actions.some(action => action.kind === 'set-numvfs' && action.to === 0),
		async plan(inventory) {
			const netdev = wanted.count === undefined ? null : requirePool(inventory, name).pool.saved?.pfNetdev ?? null;
			const steering = netdev === null ? null : await steeringIfTold(context.host.runner, netdev);
			return planPoolResize(inventory, {name, add, remove, renderPool, acceptedRisks: context.options.acceptedRisks, steering, ...wanted});
		},
	});
}

/** Starts or stops a pool. */
export async function runState(context: CommandContext, name: string, active: boolean): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => active ? planPoolStart(inventory, name) : planPoolStop(inventory, name),
	});
}

/** Deletes a pool. */
export async function runDelete(context: CommandContext, name: string): Promise<void> {
	await runPlanned(context, {
		destructive: () => true,
		plan(inventory) {
			requirePool(inventory, name);
			return planPoolAbsent(inventory, {name});
		},
	});
}

/** Lists the pools. */
export async function runList(context: CommandContext): Promise<void> {
	const view = await withLibvirtInventory(context, inventory => poolListView(context.host.name, inventory));
	context.out.result(poolListText(view), view);
}

/** Shows one pool. */
export async function runShow(context: CommandContext, name: string): Promise<void> {
	const view = await withLibvirtInventory(context, inventory => poolShowView(context.host.name, inventory, requirePool(inventory, name)));
	context.out.result(poolShowText(view), view);
}
