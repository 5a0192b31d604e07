// Devices of guests, through libvirt.
import type {AttachDeviceAction, DetachDeviceAction} from '../../plan/action.ts';
import type {Bdf} from '../../model/bdf.ts';
import {readDriver} from '../../sysfs/read-pci.ts';
import {isVfioDriver} from '../../model/vf-driver.ts';
import {findDevice, readDefinition} from '../guest-definition.ts';
import {kernelTime} from '../kernel-messages.ts';
import {requestDetach} from '../request-detach.ts';
import {removeSharedMemory} from '../remove-shared-memory.ts';
import {removeAddedPorts} from '../remove-ports.ts';
import {returnToHost} from '../return-to-host.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import type {ActionContext, ActionHandler, Observation} from './handler.ts';

/** Attaches and waits until the definition shows the device, and live also its driver. */
export const attachDevice: ActionHandler<AttachDeviceAction> = {
	async observe(context, action) {
		const seen = await look(context, action);
		return typeof seen === 'string' ? {other: seen} : seen ? 'to' : 'from';
	},

	async apply(context, action) {
		const {host, signal} = context;
		const {guest, target, deviceXml, source} = action;
		const libvirt = await context.libvirt();
		const trace = {since: kernelTime(host), names: source === null ? [] : [source]};
		if (context.uncertain && target === 'live') {
			// This undoes a detach that was cut off: the guest may be about to let go.
			await waitUntil(host.clock, {budgetMs: budgets.pendingUnplug, signal}, async () => await look(context, action) !== true);
		}

		if (await look(context, action) !== true) {
			try {
				await libvirt.attachDevice(guest.uuid, deviceXml, target);
			} catch (error) {
				// What counts is what libvirt has now: someone may have been faster.
				if (await look(context, action) !== true) {
					throw error;
				}
			}
		}

		let driver: string | null = null;
		let vf: Bdf | null = source;
		const isThere = async () => {
			const device = findDevice(await readDefinition(libvirt, action), action);
			vf = device?.source ?? source;
			driver = vf === null ? null : readDriver(host.files, vf);
			return device !== undefined && (target === 'config' || vf === null || action.method === 'macvtap' || isVfioDriver(driver));
		};

		if (!await waitUntil(host.clock, {budgetMs: budgets.attach, signal}, isThere)) {
			const absent = await look(context, action) !== true;
			throw await stepFailed(host, `${guest.name} did not get ${vf ?? nameOf(action)}`, {
				why: absent ? `libvirt took the request and its ${target} definition does not show the device` : `libvirt shows the device, but ${vf} is on ${driver ?? 'no driver'}`,
			}, trace);
		}
	},
};

/** Detaches and waits until the guest has let go and the VF is back on the host. */
export const detachDevice: ActionHandler<DetachDeviceAction> = {
	async observe(context, action): Promise<Observation> {
		// Without the guest, or without this definition of it, the device is not there either.
		return await look(context, action) === true ? 'from' : 'to';
	},

	async apply(context, action) {
		const libvirt = await context.libvirt();
		const before = findDevice(await readDefinition(libvirt, action), action);
		await requestDetach(context, action);
		if (action.method === 'ivshmem') {
			await removeSharedMemory(context, action);
			return;
		}

		if (action.target === 'config') {
			await removeAddedPorts(context, action);
			return;
		}

		const vf = action.source ?? before?.source ?? null;
		if (vf !== null && action.managed && action.hostDriver !== null) {
			await returnToHost(context, vf, action.hostDriver);
		}
	},
};

/** A device without a source that is known yet. */
function nameOf({method, network}: AttachDeviceAction): string {
	return method === 'network' ? 'its VF' : method === 'ivshmem' ? `the shared memory ${network}` : `an interface on ${network}`;
}

/** Whether the definition has the device, or why there is no definition. */
async function look(context: ActionContext, action: AttachDeviceAction | DetachDeviceAction): Promise<boolean | string> {
	const definition = await readDefinition(await context.libvirt(), action);
	return typeof definition === 'string' ? definition : findDevice(definition, action) !== undefined;
}
