// vfctl forward table | stats | on | off
import {readForwardFacts, readSwitchModes} from '../../exec/forward/read-forward-facts.ts';
import {AppError} from '../../errors.ts';
import {noRelay, relayGroupName, type SwitchMode} from '../../model/forward.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Pf} from '../../model/pci.ts';
import {selectPf} from '../../model/select.ts';
import {planForward} from '../../plan/plan-forward.ts';
import {planSwitchMode} from '../../plan/plan-switch-mode.ts';
import {forwardStatsText, forwardTableText} from '../../render/forward-text.ts';
import {forwardView, type ForwardView} from '../../render/forward-view.ts';
import {readForward} from '../../sysfs/read-forward.ts';
import {readNamespacedNetdevs} from '../../sysfs/read-namespaces.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import {runPlanned} from './run-plan.ts';

/** Each once, in the order of the names. */
function chosenPfs(inventory: Inventory, names: readonly string[]): Pf[] {
	return [...new Set(names.map(name => selectPf(inventory, name)))];
}

/** Shows the ports. */
export async function runTable(context: CommandContext, name: string | undefined): Promise<void> {
	const view = await look(context, name);
	context.out.result(forwardTableText(view), view);
}

/** Shows the counters. */
export async function runStats(context: CommandContext, name: string | undefined): Promise<void> {
	const view = await look(context, name);
	context.out.result(forwardStatsText(view), view);
}

/** Switches it on or off. */
export async function runSwitch(context: CommandContext, names: readonly string[], on: boolean, relay?: string): Promise<void> {
	const group = relay === undefined ? undefined : groupOf(relay);
	await runPlanned(context, {
		destructive: () => false,
		async plan(inventory, {host}) {
			const pfs = chosenPfs(inventory, names);
			return planForward({pfs, on, relay: group, facts: await readForwardFacts(host, {pfs, on})});
		},
	});
}

/** Null: in none. Throws USAGE for what is no name. */
function groupOf(text: string): string | null {
	if (text !== noRelay && !relayGroupName.test(text)) {
		throw new AppError('USAGE', `'${text.slice(0, 40)}' is no name of a relay group`, {why: 'it has 1 to 15 letters, digits, - and _', fix: 'vfctl forward on PF --relay lan'});
	}

	return text === noRelay ? null : text;
}

/** Sets how the cards' own switches work. */
export async function runSwitchMode(context: CommandContext, names: readonly string[], to: SwitchMode): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		async plan(inventory, {host}) {
			const pfs = chosenPfs(inventory, names);
			return planSwitchMode({pfs, to, modes: await readSwitchModes(host, pfs)});
		},
	});
}

async function look(context: CommandContext, name: string | undefined): Promise<ForwardView> {
	const {host} = context;
	return withInventory(context, async inventory => {
		const chosen = name === undefined ? null : selectPf(inventory, name);
		const forwarding = readForward(host.files);
		const elsewhere = forwarding === null ? [] : inventory.pfs.flatMap(pf => [pf, ...pf.vfs]).filter(({inNamespace}) => inNamespace).map(({bdf}) => bdf);
		const shown = chosen === null ? inventory.pfs.filter(({bdf}) => forwarding?.some(({pf}) => pf === bdf)) : [chosen];
		return forwardView({hostName: host.name, inventory, chosen, forwarding, switchModes: await readSwitchModes(host, shown), namespaced: await readNamespacedNetdevs(host, elsewhere)});
	});
}
