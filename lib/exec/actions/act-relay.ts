// The group in which frames of a PF are relayed.
import {noRelay} from '../../model/forward.ts';
import type {SetRelayAction} from '../../plan/forward-actions.ts';
import {forwardDirectory, forwardingPfs, relayGroupOf} from '../../sysfs/read-forward.ts';
import {kernelTime} from '../kernel-messages.ts';
import {deviceExists} from '../pci-state.ts';
import {stepFailed, writeAttribute} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

// Answers of relay_store() and fwd_relay_set() in kernel-module/forward.
const reasons: Readonly<Record<string, string>> = {
	ENODEV: 'there is no such device',
	ENOENT: 'forwarding is not on for that PF, or the loaded module has no relay',
	EINVAL: 'that is no name of a group',
	ENOMEM: 'the kernel has no memory for it',
};

/** Writes to `relay`; the PF's own file tells whether that took effect. */
export const setRelay: ActionHandler<SetRelayAction> = {
	async observe({host: {files}}, {pf, from, to}) {
		if (!deviceExists(files, pf)) {
			return {other: `there is no PF ${pf}`};
		}

		const now = relayGroupOf(files, pf);
		return compare(now === from, now === to, now === null ? `nothing is relayed for ${pf}` : `${pf} is in the relay group ${now}`);
	},

	async apply({host}, {pf, to}) {
		const {files} = host;
		const what = to === null ? `the relay of ${pf} cannot be switched off` : `${pf} cannot be put into the relay group ${to}`;
		const trace = {since: kernelTime(host), names: [pf, 'vfctl_fwd']};
		const isDone = () => relayGroupOf(files, pf) === to;
		if (isDone()) {
			return;
		}

		if (forwardingPfs(files)?.has(pf) !== true) {
			throw await stepFailed(host, what, {why: `forwarding between the VFs of ${pf} is off`, fix: `vfctl forward on ${pf}`});
		}

		await writeAttribute(host, `${forwardDirectory}/relay`, `${pf} ${to ?? noRelay}`, {what, reasons, trace});
		if (!isDone()) {
			throw await stepFailed(host, what, {why: `the kernel took it, and ${forwardDirectory}/${pf}/relay does not show it`}, trace);
		}
	},
};
