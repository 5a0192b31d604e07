// Drivers of VFs that were made just now: the kernel and udev bind them in their own time.
import type {Bdf} from '../model/bdf.ts';
import type {SetNumVfsAction} from '../plan/action.ts';
import {bindingRulePath, ruleDriver} from '../plan/binding-rule.ts';
import {readAttribute} from '../sysfs/attributes.ts';
import {readDriver} from '../sysfs/read-pci.ts';
import type {ActionContext} from './actions/handler.ts';
import {devicePath, readBinding, readVfLinks} from './pci-state.ts';
import {budgets, waitUntil} from './wait.ts';

/** Waits for the drivers of the VFs. With autoprobe on, udev loads the VFs' driver and it binds; a
 * host that keeps that driver out (a plain hypervisor) leaves them without one, which is no failure. */
export async function waitForDrivers(context: ActionContext, {pf, to}: SetNumVfsAction, autoprobe: boolean): Promise<void> {
	const {files} = context.host;
	const vfs = to === 0 ? [] : [...readVfLinks(files, pf).values()];
	const unbound = () => vfs.filter(bdf => readDriver(files, bdf) === null);
	const [first] = unbound();
	if (first !== undefined && autoprobe && await hasDriver(context, first)) {
		await waitOrNote(context, unbound, 'no driver took');
	}

	// Whoever goes on while udev still carries out `bind --persist` would have a VF taken away.
	const ruled = vfs.flatMap(bdf => {
		const driver = ruleDriver(files.readText(bindingRulePath(bdf)));
		return driver === undefined ? [] : [{bdf, driver}];
	});
	await waitOrNote(context, () => ruled.filter(({bdf, driver}) => {
		const binding = readBinding(files, bdf);
		return binding.driver !== driver || binding.override !== driver;
	}).map(({bdf}) => bdf), 'udev did not bind to its persistent driver');
}

async function waitOrNote({host, signal, note}: ActionContext, missing: () => Bdf[], what: string): Promise<void> {
	if (!await waitUntil(host.clock, {budgetMs: budgets.vfDrivers, signal}, () => missing().length === 0)) {
		note(`${what} ${missing().join(', ')}`);
	}
}

/** Whether udev would find a module for the device that is not blacklisted (-b). */
async function hasDriver({host}: ActionContext, bdf: Bdf): Promise<boolean> {
	const alias = readAttribute(host.files, `${devicePath(bdf)}/modalias`);
	if (alias === undefined) {
		return false;
	}

	try {
		const {code, stdout} = await host.runner.run(['modprobe', '-b', '-R', alias]);
		return code === 0 && stdout.trim() !== '';
	} catch {
		return false;
	}
}
