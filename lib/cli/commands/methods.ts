// vfctl methods [PF]: ways to carry packets, and which of them this host has.
import {readOpenvswitchBridges} from '../../exec/read-wire-facts.ts';
import {availabilityOf} from '../../model/method-host.ts';
import {methods} from '../../model/method.ts';
import {select} from '../../model/select.ts';
import {methodsText, methodsView} from '../../render/methods-text.ts';
import {readMethodHost} from '../../sysfs/read-method-host.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';

export interface MethodsOptions {
	/** Only VFs of the PF of this device count. */
	device: string | undefined;
}

/** Prints them; changes nothing. */
export async function run(context: CommandContext, {device}: MethodsOptions): Promise<void> {
	const {host, out} = context;
	const openvswitchBridges = await readOpenvswitchBridges(host.runner);
	const facts = await withInventory(context, inventory => {
		const pfs = device === undefined ? inventory.pfs : [select(inventory, device).pf];
		return readMethodHost(host.files, inventory, {pfs, openvswitchBridges});
	});
	const view = methodsView(methods.map(method => ({...method, ...availabilityOf(method.name, facts)})));
	out.result(methodsText(view), view);
}
