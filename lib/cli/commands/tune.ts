// vfctl tune show | irq | rps
import {readInterruptFacts} from '../../exec/read-interrupt-facts.ts';
import type {CpuChoice, Spread} from '../../model/cpu-spread.ts';
import {planTuneIrq} from '../../plan/plan-tune-irq.ts';
import {planTuneRps} from '../../plan/plan-tune-rps.ts';
import {allDevices, tunedDevices} from '../../plan/tune-devices.ts';
import {tuneText} from '../../render/tune-text.ts';
import {tuneView} from '../../render/tune-view.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {wholeNumber} from '../vf-settings-options.ts';
import {runPlanned} from './run-plan.ts';

/** Shows what was named, or all PFs and VFs that have interrupts. */
export async function runShow(context: CommandContext, names: readonly string[]): Promise<void> {
	const {host, out} = context;
	const view = await withInventory(context, async inventory => {
		const devices = names.length === 0 ? allDevices(inventory) : tunedDevices(inventory, names);
		const facts = await readInterruptFacts(host, devices.map(({bdf}) => bdf));
		return tuneView(host.name, names.length === 0 ? devices.filter(({bdf}) => facts.devices.get(bdf)!.interrupts.length > 0) : devices, facts);
	});
	out.result(tuneText(view), view);
}

export interface IrqArguments {
	devices: readonly string[];
	cpus?: string | undefined;
	spread?: Spread | undefined;
}

/** Spreads interrupts. */
export async function runIrq(context: CommandContext, {devices, cpus, spread}: IrqArguments): Promise<void> {
	const choice: CpuChoice = cpus === undefined ? {spread: spread ?? 'local'} : {cpus};
	await runPlanned(context, {
		destructive: () => false,
		plan: async (inventory, {host}) => planTuneIrq(inventory, await readInterruptFacts(host, tunedDevices(inventory, devices).map(({bdf}) => bdf)), {devices, choice}),
	});
}

export interface RpsArguments {
	devices: readonly string[];
	cpus?: string | undefined;
	queue?: string | undefined;
}

/** Sets RPS. */
export async function runRps(context: CommandContext, {devices, cpus, queue}: RpsArguments): Promise<void> {
	const choice: CpuChoice | 'none' = cpus === undefined ? {spread: 'local'} : cpus === 'none' ? 'none' : {cpus};
	const chosen = queue === undefined ? {} : {queue: wholeNumber(queue, 65_535, 'USAGE', 'the number of a receive queue')};
	await runPlanned(context, {
		destructive: () => false,
		plan: async (inventory, {host}) => planTuneRps(inventory, await readInterruptFacts(host, tunedDevices(inventory, devices).map(({bdf}) => bdf)), {devices, choice, ...chosen}),
	});
}
