// vfctl network list | check | repair
import {AppError, exitStatuses} from '../../errors.ts';
import {loadableModules} from '../../sysfs/loadable-modules.ts';
import {knownNetworks} from '../../plan/find-network.ts';
import {planNetworkRepair} from '../../plan/plan-network-repair.ts';
import {networkCheckText, networkListText} from '../../render/network-text.ts';
import {networkCheckView, networkView} from '../../render/network-view.ts';
import type {CommandContext} from '../context.ts';
import {withInventory, withLibvirtInventory} from '../read-state.ts';
import {runPlanned} from './run-plan.ts';

/** Shows all networks of libvirt. */
export async function runList(context: CommandContext): Promise<void> {
	const networks = await withLibvirtInventory(context, inventory => knownNetworks(inventory).map(network => networkView(network)));
	context.out.result(networkListText(networks), networks);
}

/** Says what is wrong with a network, without starting it; resolves to exit status 10 then. */
export async function runCheck(context: CommandContext, {name}: {name: string}): Promise<number> {
	const view = await withInventory(context, inventory => networkCheckView(inventory, name, knownNetworks(inventory).find(network => network.name === name)));
	context.out.result(networkCheckText(view), view);
	return view.ok ? exitStatuses.ok : exitStatuses.differs;
}

/** Defines, starts and enables a network; loads kernel modules when libvirt's error asks for them. */
export async function runRepair(context: CommandContext, {name}: {name: string}): Promise<void> {
	const repair = async (modules: readonly string[]) => runPlanned(context, {
		destructive: () => false,
		plan: inventory => planNetworkRepair(inventory, {name, modules}),
	});
	try {
		await repair([]);
	} catch (error) {
		const modules = error instanceof AppError && error.code === 'NETWORK_BROKEN' ? loadableModules(context.host.files, error.details['modules']) : [];
		if (modules.length === 0) {
			throw error;
		}

		context.out.note(`${(error as AppError).message}; once more with ${modules.join(', ')}`);
		await repair(modules);
	}
}
