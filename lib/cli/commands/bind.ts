// vfctl bind | unbind | restore
import {select} from '../../model/select.ts';
import type {Inventory} from '../../model/inventory.ts';
import {bindingRulePath} from '../../plan/binding-rule.ts';
import {planBind, planRestore, planUnbind, type BindRequest} from '../../plan/plan-bind.ts';
import type {CommandContext} from '../context.ts';
import {runPlanned} from './run-plan.ts';

/** Binds one device to a driver. */
export async function runBind(context: CommandContext, args: {device: string; driver: string; persist: boolean}): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planBind(inventory, {...request(context, inventory, args.device), driver: args.driver, persist: args.persist}),
	});
}

/** Takes one device off its driver. */
export async function runUnbind(context: CommandContext, args: {device: string}): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planUnbind(inventory, request(context, inventory, args.device)),
	});
}

/** Gives one device back to its usual driver. */
export async function runRestore(context: CommandContext, args: {device: string}): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planRestore(inventory, request(context, inventory, args.device)),
	});
}

function request({host, options}: CommandContext, inventory: Inventory, device: string): BindRequest {
	const selected = select(inventory, device);
	const {bdf} = selected.kind === 'vf' ? selected.vf : selected.pf;
	return {device, acceptedRisks: options.acceptedRisks, currentRule: host.files.readText(bindingRulePath(bdf)) ?? null};
}
