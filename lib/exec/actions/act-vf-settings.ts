// Settings of VFs on their PF.
import type {SetVfAction} from '../../plan/action.ts';
import {readVfLinks} from '../pci-state.ts';
import {reloadVf} from '../reload-vf.ts';
import {stepFailed} from '../step-error.ts';
import {currentVfSettings, differingSettings, pfInterface, writeVfSettings} from '../write-vf-settings.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

/** Sets a VF through its PF's interface. */
export const setVf: ActionHandler<SetVfAction> = {
	async observe({host}, action) {
		const problem = targetProblem(host, action);
		const seen = problem === undefined ? await currentVfSettings(host, action) : undefined;
		if (seen === undefined) {
			return {other: problem ?? `${action.pfNetdev} shows no VF ${action.index}`};
		}

		const differing = differingSettings(seen, action.from);
		return compare(
			action.assumed || differing.length === 0,
			differingSettings(seen, action.to).length === 0,
			differing.map(name => `${name} of ${action.bdf} is ${seen[name]}`).join(', '),
		);
	},

	async apply(context, action) {
		const problem = targetProblem(context.host, action);
		if (problem !== undefined) {
			throw await stepFailed(context.host, `${action.bdf} cannot be set`, {why: problem});
		}

		await writeVfSettings(context, action, action.to);
		if (action.reload && action.to.mac !== undefined && action.to.mac !== null) {
			await reloadVf(context, action.bdf, action.to.mac);
		}
	},
};

/** The index must still mean the same VF: a PF that was re-created may count differently. */
function targetProblem(host: ActionContext['host'], action: SetVfAction): string | undefined {
	const present = readVfLinks(host.files, action.pf).get(action.index);
	if (present !== action.bdf) {
		return present === undefined ? `PF ${action.pf} has no VF ${action.index}` : `VF ${action.index} of PF ${action.pf} is ${present}, not ${action.bdf}`;
	}

	return pfInterface(host, action) === undefined ? `PF ${action.pf} has no interface ${action.pfNetdev}` : undefined;
}
