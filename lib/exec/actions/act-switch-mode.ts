// How a card's own switch works.
import {switchModeCommand, type SetSwitchModeAction} from '../../plan/forward-actions.ts';
import {readAttribute, readLinkName} from '../../sysfs/attributes.ts';
import {forwardDirectory} from '../../sysfs/read-forward.ts';
import {readSwitchMode} from '../../sysfs/read-switch-mode.ts';
import type {Host} from '../../host/host.ts';
import {kernelTime} from '../kernel-messages.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Sets it with `bridge link set`, and reads it back: drivers whose card is a VEB by nature take the
 * command and do nothing. */
export const setSwitchMode: ActionHandler<SetSwitchModeAction> = {
	async observe({host}, action) {
		if (!isOf(host, action)) {
			return {other: `${action.netdev} is not an interface of ${action.pf}`};
		}

		const now = await readSwitchMode(host.runner, action.netdev);
		return compare(now === action.from, now === action.to, now === null ? `the driver of ${action.netdev} tells no mode` : `${action.netdev} is a ${now.toUpperCase()}`);
	},

	async apply({host}, action) {
		const {netdev, to} = action;
		const what = `${netdev} cannot be made a ${to.toUpperCase()}`;
		if (!isOf(host, action)) {
			throw await stepFailed(host, what, {why: `${netdev} is not an interface of ${action.pf}`, fix: 'vfctl list'});
		}

		if (await readSwitchMode(host.runner, netdev) === to) {
			return;
		}

		const trace = {since: kernelTime(host), names: [netdev, action.pf]};
		const argv = switchModeCommand(action);
		const {code, stderr} = await host.runner.run(argv);
		if (code !== 0) {
			throw await stepFailed(host, what, {why: `'${argv.join(' ')}': ${stderr.trim().split('\n')[0] ?? `exit status ${code}`}`}, trace);
		}

		if (await readSwitchMode(host.runner, netdev) !== to) {
			throw await stepFailed(host, what, {why: 'the driver took it, and bridge link does not show it'}, trace);
		}

		if (!await waitUntil(host.clock, {budgetMs: budgets.vfSettings}, () => moduleKnows(host, action))) {
			throw await stepFailed(host, what, {why: 'the forwarding module did not take note of it'}, trace);
		}
	},
};

/** Until the module knows (it asks ixgbe now and then), it passes frames on that a VEPA does not. */
function moduleKnows({files}: Host, {pf, to}: SetSwitchModeAction): boolean {
	const mode = readAttribute(files, `${forwardDirectory}/${pf}/mode`);
	return mode === undefined || mode === to;
}

function isOf({files}: Host, {netdev, pf}: SetSwitchModeAction): boolean {
	return readLinkName(files, `/sys/class/net/${netdev}/device`) === pf;
}
