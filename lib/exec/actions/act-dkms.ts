// DKMS's list of packages.
import type {RegisterDkmsAction} from '../../plan/module-actions.ts';
import {dkmsCommand} from '../../plan/module-actions.ts';
import {isInDkms} from '../driver/read-dkms.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

// Removing makes depmod run for every kernel that it built for.
const dkmsMs = 600_000;

/** Adds a version of vfctl to DKMS or removes it, with what DKMS built of it. */
export const registerDkms: ActionHandler<RegisterDkmsAction> = {
	async observe({host: {files}}, {version, from, to}) {
		const state = isInDkms(files, version) ? 'added' : 'absent';
		return compare(state === from, state === to, `DKMS: vfctl/${version} is ${state}`);
	},

	async apply({host}, action) {
		const {version, to} = action;
		if (isInDkms(host.files, version) === (to === 'added')) {
			return;
		}

		const argv = dkmsCommand(action);
		const {code, stdout, stderr} = await host.runner.run(argv, {timeoutMs: dkmsMs});
		if (code !== 0 || isInDkms(host.files, version) !== (to === 'added')) {
			throw await stepFailed(host, `DKMS did not ${to === 'added' ? 'take' : 'forget'} vfctl/${version}`, {why: (stderr.trim() || stdout.trim()).split('\n').slice(-4).join('\n') || `dkms ended with ${code}`, fix: argv.join(' ')});
		}
	},
};
