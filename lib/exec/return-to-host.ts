// After a managed detach libvirt gives the VF back to its host driver. Looks whether it did.
import type {Bdf} from '../model/bdf.ts';
import {readDriver} from '../sysfs/read-pci.ts';
import type {ActionContext} from './actions/handler.ts';
import {rebind} from './bind-device.ts';
import {deviceExists, deviceUse} from './pci-state.ts';
import {budgets, waitUntil} from './wait.ts';

/** Waits until the VF is on `driver` again, and binds it itself when libvirt does not; throws
 * STEP_FAILED when it cannot be. */
export async function returnToHost(context: ActionContext, vf: Bdf, driver: string): Promise<void> {
	const {host, signal} = context;
	const isBack = () => !deviceExists(host.files, vf) || readDriver(host.files, vf) === driver;
	if (await waitUntil(host.clock, {budgetMs: budgets.bind, signal}, isBack)) {
		return;
	}

	const use = deviceUse(host.files, vf);
	if (use !== undefined) {
		// Somebody took it in the meantime; it is theirs now.
		context.note(`${vf} did not return to ${driver}: ${use}`);
		return;
	}

	await rebind(context, vf, {driver, override: null});
	context.note(`libvirt had not given ${vf} back to ${driver}, so vfctl did`);
}
