// VF counts and the probing of new VFs.
import {AppError} from '../../errors.ts';
import type {SetAutoprobeAction, SetNumVfsAction} from '../../plan/action.ts';
import {readNumber} from '../../sysfs/attributes.ts';
import {readDriver} from '../../sysfs/read-pci.ts';
import {rebind, setOverride} from '../bind-device.ts';
import {kernelTime} from '../kernel-messages.ts';
import {waitForDrivers} from '../new-vf-drivers.ts';
import {deviceExists, devicePath, firstDeviceUse, readNumVfs, readVfLinks} from '../pci-state.ts';
import {reloadVf} from '../reload-vf.ts';
import {settleUdev} from '../settle-udev.ts';
import {errnoOf, stepFailed, writeAttribute} from '../step-error.ts';
import {budgets, throwIfAborted, waitUntil} from '../wait.ts';
import {writeVfSettings} from '../write-vf-settings.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

/** Writes sriov_numvfs and waits until the VFs are there, or gone. */
export const setNumVfs: ActionHandler<SetNumVfsAction> = {
	async observe({host}, {pf, from, to}) {
		const present = readNumVfs(host.files, pf);
		return compare(present === from, present === to, present === undefined ? `there is no PF ${pf}` : `${pf} has ${present} VFs`);
	},

	async apply(context, action) {
		const {host, signal} = context;
		const {pf, to} = action;
		const present = readNumVfs(host.files, pf);
		const trace = {since: kernelTime(host), names: [pf]};
		const what = to === 0 ? `the VFs of ${pf} cannot be removed` : `${pf} cannot make ${to} VFs`;
		if (present === undefined || (present !== to && present !== 0 && to !== 0)) {
			throw await stepFailed(host, what, {why: present === undefined ? 'there is no such PF' : `it has ${present}, and the kernel changes the count only by way of 0`});
		}

		if (present !== to) {
			if (to === 0) {
				requireUnused(context, action);
			}

			await writeCount(context, action, {what, trace});
		}

		const arrived = () => {
			const links = readVfLinks(host.files, pf);
			const known = [...links].filter(([index, bdf]) => index < to && deviceExists(host.files, bdf)).length;
			return readNumVfs(host.files, pf) === to && links.size === to && known === to;
		};

		if (!await waitUntil(host.clock, {budgetMs: budgets.numVfs, signal}, arrived)) {
			const links = readVfLinks(host.files, pf);
			const missing = Array.from({length: to}, (_, index) => index).filter(index => !links.has(index));
			throw await stepFailed(host, what, {
				why: `sriov_numvfs is ${readNumVfs(host.files, pf)}, ${links.size} VFs are there${missing.length > 0 ? `, missing: ${missing.join(', ')}` : ''}`,
			}, trace);
		}

		await waitForDrivers(context, action, readAutoprobe(host.files, pf) === true);
		if (to > 0) {
			// What is planned next needs the names and MACs that stay.
			await settleUdev(host);
		}

		await restoreVfs(context, action);
	},
};

/** Writes sriov_drivers_autoprobe. */
export const setAutoprobe: ActionHandler<SetAutoprobeAction> = {
	async observe({host}, {pf, from, to}) {
		const state = readAutoprobe(host.files, pf);
		return compare(state === from, state === to, state === undefined ? `there is no PF ${pf}` : `autoprobe of ${pf} is ${state ? 'on' : 'off'}`);
	},

	async apply({host}, {pf, to}) {
		const what = `the probing of new VFs of ${pf} cannot be switched ${to ? 'on' : 'off'}`;
		const trace = {since: kernelTime(host), names: [pf]};
		if (readAutoprobe(host.files, pf) !== to) {
			await writeAttribute(host, `${devicePath(pf)}/sriov_drivers_autoprobe`, to ? '1' : '0', {what, trace});
		}

		if (readAutoprobe(host.files, pf) !== to) {
			throw await stepFailed(host, what, {why: 'sriov_drivers_autoprobe reads back the other value'}, trace);
		}
	},
};

function readAutoprobe(files: ActionContext['host']['files'], pf: string): boolean | undefined {
	const value = readNumber(files, `/sys/bus/pci/devices/${pf}/sriov_drivers_autoprobe`);
	return value === undefined ? undefined : value !== 0;
}

/** The kernel would pull a VF from under its user: vfio-pci's remove asks the guest and waits. */
function requireUnused({host}: ActionContext, {pf}: SetNumVfsAction): void {
	const use = firstDeviceUse(host.files, [...readVfLinks(host.files, pf).values()]);
	if (use !== undefined) {
		throw new AppError('VFS_IN_USE', `the VFs of ${pf} cannot be removed`, {why: use, fix: 'take it from there first'});
	}
}

// Kernel and driver answers to a write of sriov_numvfs (sriov_numvfs_store and sriov_enable in
// drivers/pci/iov.c, sriov_configure of the drivers).
const countReasons: Readonly<Record<string, string>> = {
	EBUSY: 'the PF has VFs already (the count changes only by way of 0), or they are in use',
	ENOMEM: 'the firmware left no room for the addresses or bus numbers of the VFs: switch on SR-IOV, ARI and Above 4G Decoding in the BIOS, or boot with pci=realloc',
	ERANGE: 'it is more than the PF can have (sriov_totalvfs)',
	ENOENT: 'no driver is bound to the PF, or its driver does not make VFs this way',
	EPERM: 'the driver does not remove VFs while guests have them, or the kernel is locked down',
	EINVAL: 'the driver refuses this count in its present mode (XDP, DCB or offloads take the queues)',
	EAGAIN: 'the card was in reset all the time',
	EIO: 'the card does not answer',
};

async function writeCount({host, signal}: ActionContext, {pf, to}: SetNumVfsAction, {what, trace}: {what: string; trace: {since: number | undefined; names: string[]}}): Promise<void> {
	const deadline = host.clock.monotonicMs() + budgets.tryAgain;
	for (;;) {
		try {
			await writeAttribute(host, `${devicePath(pf)}/sriov_numvfs`, String(to), {what, reasons: countReasons, trace});
			return;
		} catch (error) {
			// A card in reset (i40e, ice) is ready again in a moment.
			if (!(error instanceof AppError) || errnoOf(error.cause) !== 'EAGAIN' || host.clock.monotonicMs() >= deadline) {
				throw error;
			}
		}

		throwIfAborted(signal);
		await host.clock.sleep(500);
	}
}

/** Gives re-created VFs what the former ones had. */
async function restoreVfs(context: ActionContext, {pf, pfNetdev, to, remembered}: SetNumVfsAction): Promise<void> {
	const {host} = context;
	const links = readVfLinks(host.files, pf);
	for (const {index, bdf, settings, override} of to === 0 ? [] : remembered) {
		if (links.get(index) !== bdf) {
			throw await stepFailed(host, `VF ${index} of ${pf} cannot be set as it was`, {why: `it is ${links.get(index) ?? 'not there'} now and was ${bdf}`});
		}

		await writeVfSettings(context, {pf, pfNetdev, index}, settings);
		if (settings.mac !== undefined && settings.mac !== null) {
			await reloadVf(context, bdf, settings.mac);
		}

		if (override === null || readDriver(host.files, bdf) === override) {
			await setOverride(host, bdf, override);
		} else if (host.files.exists(`/sys/bus/pci/drivers/${override}`)) {
			await rebind(context, bdf, {driver: override, override});
		} else {
			await setOverride(host, bdf, override);
			context.note(`${bdf} is pinned to ${override}, which is not loaded`);
		}
	}
}
