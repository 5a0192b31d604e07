// Interfaces up and down.
import type {SetLinkAction} from '../../plan/action.ts';
import {readNumber} from '../../sysfs/attributes.ts';
import {parseNetdevs, parseRoutes, readIp} from '../../sysfs/read-netdevs.ts';
import {kernelTime} from '../kernel-messages.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

// From <linux/if.h>.
const IFF_UP = 1;

/** Sets IFF_UP with `ip link` and reads it back from sysfs. */
export const setLink: ActionHandler<SetLinkAction> = {
	async observe(context, {netdev, from, to}) {
		const state = readState(context, netdev);
		return compare(state === from, state === to, state === undefined ? `there is no interface ${netdev}` : `${netdev} is ${state}`);
	},

	async apply(context, {netdev, to}) {
		const {host, signal} = context;
		// Down is only ever a way back. Who has put addresses on the interface since needs it.
		const use = to === 'down' && readState(context, netdev) === 'up' ? await hostUse(context, netdev) : undefined;
		if (use !== undefined) {
			context.note(`${netdev} stays up: ${use}`);
			return;
		}

		const since = kernelTime(host);
		let said = '';
		if (readState(context, netdev) !== to) {
			const {code, stderr} = await host.runner.run(['ip', 'link', 'set', 'dev', netdev, to]);
			said = code === 0 ? '' : stderr.trim();
		}

		if (!await waitUntil(host.clock, {budgetMs: said === '' ? budgets.link : 0, signal}, () => readState(context, netdev) === to)) {
			throw await stepFailed(host, `${netdev} could not be set ${to}`, {
				why: said === '' ? `it still is ${readState(context, netdev) ?? 'not there'}` : said,
			}, {since, names: [netdev]});
		}
	},
};

function readState({host}: ActionContext, netdev: string): 'up' | 'down' | undefined {
	const flags = readNumber(host.files, `/sys/class/net/${netdev}/flags`);
	return flags === undefined ? undefined : (flags & IFF_UP) === 0 ? 'down' : 'up';
}

/** What the host uses the interface for by now, or undefined. */
async function hostUse({host}: ActionContext, netdev: string): Promise<string | undefined> {
	const output = await readIp(host.runner);
	const {master, addresses = []} = parseNetdevs(output).get(netdev) ?? {};
	// The kernel deletes them with the link and does not make them again.
	const route = parseRoutes(output).find(({device, protocol}) => device === netdev && protocol !== 'kernel');
	return addresses.length > 0 ? `it carries ${addresses.join(', ')}`
		: typeof master === 'string' ? `it is part of ${master}`
			: route === undefined ? undefined : `it carries the route to ${route.destination}`;
}
