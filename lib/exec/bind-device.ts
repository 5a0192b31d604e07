// Takes one device from its driver and gives it to another. Always by driver_override, which
// names one device; new_id would take every device of the same make.
import {AppError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Binding} from '../plan/action.ts';
import {readDriver} from '../sysfs/read-pci.ts';
import {kernelTime} from './kernel-messages.ts';
import {bindingText, devicePath, deviceUse, readBinding, readNumVfs} from './pci-state.ts';
import {stepFailed, writeAttribute} from './step-error.ts';
import {budgets, waitUntil} from './wait.ts';

const pciBus = '/sys/bus/pci';

interface BindContext {
	readonly host: Host;
	readonly signal: AbortSignal | undefined;
}

/** Writes driver_override and reads it back; null clears it. Binds and unbinds nothing. */
export async function setOverride(host: Host, bdf: Bdf, override: string | null): Promise<void> {
	if (readBinding(host.files, bdf).override === override) {
		return;
	}

	const trace = {since: kernelTime(host), names: [bdf]};
	// A newline alone clears it (driver_set_override in drivers/base/driver.c).
	await writeAttribute(host, `${devicePath(bdf)}/driver_override`, `${override ?? ''}\n`, {what: `the driver of ${bdf} cannot be chosen`, trace});
	const seen = readBinding(host.files, bdf).override;
	if (seen !== override) {
		throw await stepFailed(host, `the driver of ${bdf} cannot be chosen`, {why: `driver_override reads back ${seen ?? 'nothing'}, written was ${override ?? 'nothing'}`}, trace);
	}
}

/** Unbinds `bdf` from its driver and binds it to `to.driver` (or leaves it without one). When the
 * new driver does not take it, the former one gets it back and STEP_FAILED says so. */
export async function rebind(context: BindContext, bdf: Bdf, to: Binding): Promise<void> {
	const {host} = context;
	const before = readBinding(host.files, bdf);
	await requireFree(host, bdf, to);
	// The kernel asks the drivers in turn and an override names the one to ask. Where the final
	// override would lead to another driver, the wanted one is named until it has the device.
	const probeOverride = to.driver === null || to.override === null ? to.override : to.driver;
	await setOverride(host, bdf, probeOverride);
	await unbind(context, bdf);
	if (to.driver === null) {
		return;
	}

	try {
		await probe(context, bdf, to.driver);
		await setOverride(host, bdf, to.override);
	} catch (error) {
		throw await giveBack(host, bdf, before, error);
	}
}

/** Unbinds a device and lets the kernel find a driver again: the same one, by the same override. */
export async function reprobe(context: BindContext, bdf: Bdf, driver: string): Promise<void> {
	if (readDriver(context.host.files, bdf) !== null) {
		await requireFree(context.host, bdf, {driver, override: null});
		await unbind(context, bdf);
	}

	await probe(context, bdf, driver);
}

async function requireFree(host: Host, bdf: Bdf, {driver}: Binding): Promise<void> {
	if ((readNumVfs(host.files, bdf) ?? 0) > 0) {
		throw new AppError('PF_IN_USE', `${bdf} keeps its driver`, {why: 'it is a PF that has VFs; they would lose the driver that serves them', fix: 'vfctl vf destroy first'});
	}

	const use = deviceUse(host.files, bdf);
	if (use !== undefined) {
		throw new AppError('VF_HELD', `${bdf} keeps its driver`, {why: use, fix: 'take it from there first'});
	}

	if (driver !== null && !host.files.exists(`${pciBus}/drivers/${driver}`)) {
		throw await stepFailed(host, `${bdf} cannot be bound to ${driver}`, {why: `the kernel has no PCI driver ${driver} loaded`, fix: `modprobe ${driver}`});
	}
}

async function unbind({host, signal}: BindContext, bdf: Bdf): Promise<void> {
	const driver = readDriver(host.files, bdf);
	if (driver === null) {
		return;
	}

	const trace = {since: kernelTime(host), names: [bdf]};
	const what = `${bdf} cannot be taken from ${driver}`;
	await writeAttribute(host, `${pciBus}/drivers/${driver}/unbind`, bdf, {what, trace});
	if (!await waitUntil(host.clock, {budgetMs: budgets.bind, signal}, () => readDriver(host.files, bdf) === null)) {
		throw await stepFailed(host, what, {why: `it is on ${readDriver(host.files, bdf)} still`}, trace);
	}
}

async function probe({host, signal}: BindContext, bdf: Bdf, driver: string): Promise<void> {
	const trace = {since: kernelTime(host), names: [bdf]};
	const what = `${bdf} did not bind to ${driver}`;
	// drivers_probe reports success also when no driver takes the device: the link decides.
	await writeAttribute(host, `${pciBus}/drivers_probe`, bdf, {what, trace});
	// A probe that is put off (EPROBE_DEFER) or runs on its own shows up late; a wrong driver does not go away.
	await waitUntil(host.clock, {budgetMs: budgets.bind, signal}, () => readDriver(host.files, bdf) !== null);
	const seen = readDriver(host.files, bdf);
	if (seen !== driver) {
		throw await stepFailed(host, what, {why: seen === null ? 'no driver took it' : `${seen} took it`}, trace);
	}
}

/** Back to `before` as far as it goes; the error of the failed binding with what became of it. */
async function giveBack(host: Host, bdf: Bdf, before: Binding, error: unknown): Promise<unknown> {
	if (!(error instanceof AppError)) {
		return error;
	}

	const context = {host, signal: undefined};
	try {
		if (readDriver(host.files, bdf) !== before.driver) {
			await setOverride(host, bdf, before.driver ?? before.override);
			await unbind(context, bdf);
			if (before.driver !== null) {
				await probe(context, bdf, before.driver);
			}
		}

		await setOverride(host, bdf, before.override);
	} catch {
		// What is left is told below, and the undo of the step tries once more.
	}

	const now = readBinding(host.files, bdf);
	const back = now.driver === before.driver && now.override === before.override;
	return new AppError(error.code, error.message, {
		why: [error.why, back ? `it is back on ${before.driver ?? 'no driver'}` : `it has ${bindingText(now)} now`].filter(part => part !== undefined).join('; '),
		...(error.fix === undefined ? {} : {fix: error.fix}),
		details: error.details,
		cause: error,
	});
}
