// Makes a VF's host driver ask the PF for its MAC again: it does so only when it starts, and its
// interface goes on with the old one ("Reload the VF driver to make this change effective", igb).
import type {Bdf} from '../model/bdf.ts';
import {zeroMac, type Mac} from '../model/mac.ts';
import {readAttribute, readNumber} from '../sysfs/attributes.ts';
import {readDriver} from '../sysfs/read-pci.ts';
import {isVfioDriver} from '../model/vf-driver.ts';
import type {ActionContext} from './actions/handler.ts';
import {reprobe} from './bind-device.ts';
import {noteNetdev, restoreNetdev} from './keep-netdev.ts';
import {deviceUse, readBinding, readNetdevs} from './pci-state.ts';
import {stepFailed} from './step-error.ts';
import {budgets, waitUntil} from './wait.ts';

// From <linux/if.h>.
const IFF_UP = 1;

/** Unbinds the VF from its network driver and probes it again, and waits until its interface has
 * the MAC, with the name and MTU that it had. A VF that is in use is left alone, with a note; one on vfio or without a driver, too. */
export async function reloadVf(context: ActionContext, bdf: Bdf, mac: Mac): Promise<void> {
	const {host, signal} = context;
	const bound = readDriver(host.files, bdf);
	// Without a driver: a process may have died between unbind and probe.
	const driver = bound ?? context.recall(`driver ${bdf}`);
	if (driver === undefined || isVfioDriver(driver)) {
		return;
	}

	if (bound !== null) {
		if (mac !== zeroMac && hasMac(context, bdf, mac)) {
			await restoreNetdev(context, bdf);
			return;
		}

		const reason = keepReason(context, bdf, driver);
		if (reason !== undefined) {
			context.note(`${bdf} was not reloaded and keeps its MAC for now: ${reason}`);
			return;
		}

		await noteNetdev(context, bdf);
		await context.remember(`driver ${bdf}`, driver);
	}

	await reprobe(context, bdf, driver);
	if (!await waitUntil(host.clock, {budgetMs: budgets.netdev, signal}, () => hasMac(context, bdf, mac))) {
		const seen = readNetdevs(host.files, bdf).map(name => `${name} has ${macOf(context, name) ?? 'none'}`);
		throw await stepFailed(host, `${bdf} did not take the MAC ${mac}`, {why: seen.join(', ') || 'its interface did not come back'});
	}

	await restoreNetdev(context, bdf);
}

function keepReason({host}: ActionContext, bdf: Bdf, driver: string): string | undefined {
	const {override} = readBinding(host.files, bdf);
	if (override !== null && override !== driver) {
		return `its driver is pinned to ${override}`;
	}

	const up = readNetdevs(host.files, bdf).find(name => ((readNumber(host.files, `/sys/class/net/${name}/flags`) ?? 0) & IFF_UP) !== 0);
	return up === undefined ? deviceUse(host.files, bdf) : `${up} is up`;
}

function hasMac(context: ActionContext, bdf: Bdf, mac: Mac): boolean {
	const names = readNetdevs(context.host.files, bdf);
	// After clearing, the driver makes up a MAC of its own.
	return names.length > 0 && names.every(name => mac === zeroMac ? macOf(context, name) !== undefined : macOf(context, name) === mac);
}

function macOf({host}: ActionContext, netdev: string): string | undefined {
	return readAttribute(host.files, `/sys/class/net/${netdev}/address`);
}
