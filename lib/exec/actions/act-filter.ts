// The unicast filter of a PF's card.
import type {Host} from '../../host/host.ts';
import type {SetFilterAction} from '../../plan/action.ts';
import {filterCommand} from '../../plan/network-equivalent.ts';
import {kernelTime} from '../kernel-messages.ts';
import {readFilter} from '../read-filter.ts';
import {stepFailed} from '../step-error.ts';
import {compare, type ActionHandler} from './handler.ts';

/** Sets or removes one entry with `bridge fdb`, and reads the list back. Other entries are left alone. */
export const setFilter: ActionHandler<SetFilterAction> = {
	async observe({host}, action) {
		if (!host.files.exists(`/sys/class/net/${action.netdev}`)) {
			return {other: `there is no interface ${action.netdev}`};
		}

		const there = await has(host, action);
		return compare(there === action.from, there === action.to, `${action.netdev} ${there ? 'has' : 'does not have'} ${action.mac}`);
	},

	async apply({host}, action) {
		const {netdev, mac, to} = action;
		if (await has(host, action) === to) {
			return;
		}

		const what = to ? `the card of ${netdev} cannot be told of ${mac}` : `the card of ${netdev} does not forget ${mac}`;
		const trace = {since: kernelTime(host), names: [netdev]};
		const argv = filterCommand(action);
		const {code, stderr} = await host.runner.run(argv);
		if (code !== 0) {
			// ENOMEM of igb and ixgbe: no room beside the addresses of VFs (igb_ndo_fdb_add, ixgbe_ndo_fdb_add).
			throw await stepFailed(host, what, {why: `'${argv.join(' ')}': ${stderr.trim().split('\n')[0] || `exit status ${code}`}`}, trace);
		}

		if (await has(host, action) !== to) {
			throw await stepFailed(host, what, {why: `bridge did not complain, and its list ${to ? 'does not show it' : 'still shows it'}`}, trace);
		}
	},
};

async function has({runner}: Host, {netdev, mac}: SetFilterAction): Promise<boolean> {
	return (await readFilter(runner, netdev)).includes(mac);
}
