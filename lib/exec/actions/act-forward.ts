// What passes frames on between the VFs of a PF.
import type {SetForwardAction} from '../../plan/forward-actions.ts';
import {forwardDirectory, forwardingPfs} from '../../sysfs/read-forward.ts';
import {kernelTime} from '../kernel-messages.ts';
import {deviceExists} from '../pci-state.ts';
import {stepFailed, writeAttribute} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

// Answers of change(), fwd_pf_add() and fwd_pf_remove() in kernel-module/forward.
const reasons: Readonly<Record<string, string>> = {
	ENODEV: 'there is no such device',
	EINVAL: 'it is no PF that can have VFs',
	ENOMEM: 'the kernel has no memory for it',
};

/** Writes the PF to `add` or `remove`; its directory tells whether that took effect. */
export const setForward: ActionHandler<SetForwardAction> = {
	async observe({host: {files}}, {pf, from, to}) {
		if (!deviceExists(files, pf)) {
			return {other: `there is no PF ${pf}`};
		}

		const on = forwardingPfs(files)?.has(pf) ?? false;
		return compare(on === from, on === to, `forwarding of ${pf} is ${on ? 'on' : 'off'}`);
	},

	async apply({host}, {pf, to}) {
		const {files} = host;
		const what = `forwarding between the VFs of ${pf} cannot be switched ${to ? 'on' : 'off'}`;
		const trace = {since: kernelTime(host), names: [pf, 'vfctl_fwd']};
		const isDone = () => (forwardingPfs(files)?.has(pf) ?? false) === to;
		if (isDone()) {
			return;
		}

		if (forwardingPfs(files) === null) {
			throw await stepFailed(host, what, {why: 'the module vfctl_fwd is not loaded', fix: 'vfctl forward on, which loads it'});
		}

		try {
			await writeAttribute(host, `${forwardDirectory}/${to ? 'add' : 'remove'}`, pf, {what, reasons, trace});
		} catch (error) {
			// Someone else did it in the same moment (EEXIST, ENOENT).
			if (!isDone()) {
				throw error;
			}
		}

		if (!isDone()) {
			throw await stepFailed(host, what, {why: `the kernel took it, and ${forwardDirectory} ${to ? 'does not show it' : 'shows it still'}`}, trace);
		}
	},
};
