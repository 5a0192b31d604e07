// Feature flags of an interface.
import type {SetFeatureAction} from '../../plan/tuning-actions.ts';
import {featureCommand} from '../../plan/steer-command.ts';
import {readFeature, readSteering} from '../../sysfs/read-steering.ts';
import {runEthtool} from '../run-ethtool.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {isOf} from './act-steer.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Switches a flag with ethtool and reads it back. ntuple-filters is not switched off while there
 * are steering rules: drivers delete them with it, other people's too. */
export const setFeature: ActionHandler<SetFeatureAction> = {
	async observe({host}, action) {
		const {netdev, feature, from, to} = action;
		const seen = isOf(host, action) ? await readFeature(host.runner, netdev, feature) : null;
		const now = seen === null ? undefined : seen.on ? 'on' : 'off';
		return compare(now === from, now === to, `${feature} of ${netdev} is not told`);
	},

	async apply({host, signal}, action) {
		const {netdev, feature, to} = action;
		const what = `${feature} of ${netdev} cannot be switched ${to}`;
		const isDone = async () => (await readFeature(host.runner, netdev, feature))?.on === (to === 'on');
		if (!isOf(host, action)) {
			throw await stepFailed(host, what, {why: `${netdev} is not an interface of ${action.pf}`, fix: 'vfctl list'});
		}

		if (await isDone()) {
			return;
		}

		const rules = to === 'off' ? (await readSteering(host.runner, netdev)).entries ?? [] : [];
		if (rules.length > 0) {
			throw await stepFailed(host, what, {why: `${netdev} has ${rules.length === 1 ? 'a steering rule' : `${rules.length} steering rules`} (${rules.map(({location}) => location).join(', ')}), which would go with it`, fix: 'take them away first: vfctl steer delete'});
		}

		await runEthtool(host, featureCommand(action), {what, netdev});
		// Drivers that reset the card for it may take a moment.
		if (!await waitUntil(host.clock, {budgetMs: budgets.link, signal}, isDone)) {
			throw await stepFailed(host, what, {why: `ethtool did not complain, but it is ${to === 'on' ? 'off' : 'on'} still`});
		}
	},
};
