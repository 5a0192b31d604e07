// Steering rules: written with ethtool, read back and compared field by field, for drivers leave
// out what they do not know and say nothing (ice with a VLAN, i40e with half a tag).
import type {Host} from '../../host/host.ts';
import {sameRule, type SteerRule} from '../../model/steer-rule.ts';
import {entryAt, type SteerEntry} from '../../model/steering.ts';
import {addRuleCommand, deleteRuleCommand} from '../../plan/steer-command.ts';
import type {SetSteerAction} from '../../plan/tuning-actions.ts';
import {readLinkName} from '../../sysfs/attributes.ts';
import {readSteering} from '../../sysfs/read-steering.ts';
import {runEthtool} from '../run-ethtool.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Adds, changes or takes away one rule. What stands at the location and is neither of the
 * action's is left alone. */
export const setSteer: ActionHandler<SetSteerAction> = {
	async observe({host}, action) {
		if (!isOf(host, action)) {
			return {other: `${action.netdev} is not an interface of ${action.pf}`};
		}

		const seen = await readAt(host, action);
		return compare(is(seen, action.from), is(seen, action.to), `${placeOf(action)} is ${words(seen)}`);
	},

	async apply({host}, action) {
		const {netdev, location, from, to} = action;
		const what = to === null ? `${placeOf(action)} cannot be taken away` : `${placeOf(action)} cannot be set`;
		if (!isOf(host, action)) {
			throw await stepFailed(host, what, {why: `${netdev} is not an interface of ${action.pf}`, fix: 'vfctl list'});
		}

		const seen = await readAt(host, action);
		if (is(seen, to)) {
			return;
		}

		if (seen !== undefined) {
			if (!is(seen, from)) {
				throw await stepFailed(host, what, {why: `there is another rule: ${words(seen)}`, fix: 'vfctl steer list'});
			}

			// igb forgets to free what a replaced rule held in the card (igb_update_ethtool_nfc_entry).
			await runEthtool(host, deleteRuleCommand(netdev, location), {what, netdev});
		}

		if (to !== null) {
			await runEthtool(host, addRuleCommand(netdev, location, to), {what, netdev});
		}

		await verify(host, action, what);
	},
};

async function verify(host: Host, action: SetSteerAction, what: string): Promise<void> {
	const {netdev, location, to} = action;
	const seen = await readAt(host, action);
	if (is(seen, to)) {
		return;
	}

	if (to !== null && seen !== undefined) {
		// It is ours, and it matches other packets than it should.
		await runEthtool(host, deleteRuleCommand(netdev, location), {what, netdev});
	}

	throw await stepFailed(host, what, {why: `ethtool did not complain, but then showed ${words(seen)}${to !== null && seen !== undefined ? '; it was taken away again' : ''}`});
}

async function readAt(host: Host, {netdev, location}: SetSteerAction): Promise<SteerEntry | undefined> {
	const steering = await readSteering(host.runner, netdev);
	if (steering.entries === null) {
		throw await stepFailed(host, `the steering rules of ${netdev} cannot be read`, {why: steering.problem ?? 'the driver has none'});
	}

	return entryAt({entries: steering.entries}, location);
}

function is(seen: SteerEntry | undefined, rule: SteerRule | null): boolean {
	return rule === null ? seen === undefined : seen !== undefined && seen.rule !== null && sameRule(seen.rule, rule);
}

function words(seen: SteerEntry | undefined): string {
	return seen === undefined ? 'not there' : `'${seen.lines.join('; ')}'`;
}

function placeOf({netdev, location}: SetSteerAction): string {
	return `steering rule ${location} of ${netdev}`;
}

/** An interface can be renamed between the plan and the step. */
export function isOf({files}: Host, {netdev, pf}: {netdev: string; pf: string}): boolean {
	return readLinkName(files, `/sys/class/net/${netdev}/device`) === pf;
}
