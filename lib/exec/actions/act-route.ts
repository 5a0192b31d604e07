// Routes and MTU of the host.
import type {Host} from '../../host/host.ts';
import type {Route} from '../../model/netdev.ts';
import {effectiveMetric, isRoute, routeWords, sameSlot} from '../../model/route.ts';
import type {HostRoute, SetMtuAction, SetRouteAction} from '../../plan/action.ts';
import {hostRouteCommand} from '../../plan/network-equivalent.ts';
import {readNumber} from '../../sysfs/attributes.ts';
import {readRoutes} from '../../sysfs/read-netdevs.ts';
import {kernelTime} from '../kernel-messages.ts';
import {stepFailed} from '../step-error.ts';
import {budgets, waitUntil} from '../wait.ts';
import {compare, type ActionContext, type ActionHandler} from './handler.ts';

/** Adds, changes or removes one route with `ip route`, and reads it back. Other routes to the same
 * network are left alone, and one that stands where the new one belongs is never replaced. */
export const setRoute: ActionHandler<SetRouteAction> = {
	async observe({host}, action) {
		const routes = await readFamily(host, action);
		const other = [action.from, action.to].flatMap(route => route === null ? [] : inTheWay(routes, route, action))[0];
		// A route that is to come is not there when its place is free; one that went is when it is gone.
		return compare(
			action.from === null ? action.to === null || !routes.some(route => sameSlot(route, action.to!)) : has(routes, action.from),
			action.to === null ? action.from === null || !has(routes, action.from) : has(routes, action.to),
			other === undefined ? `there is no route to ${(action.from ?? action.to)!.to} any more` : `there is the route ${routeWords(other)}`,
		);
	},

	async apply(context, action) {
		const {from, to} = action;
		if (to !== null) {
			await putRoute(context, to, action);
		}

		if (from !== null && (to === null || !samePlace(from, to)) && has(await readFamily(context.host, action), from)) {
			await runIp(context.host, hostRouteCommand('del', from), `the route to ${from.to} on ${from.dev} cannot be removed`);
		}

		const routes = await readFamily(context.host, action);
		if (to !== null && !has(routes, to)) {
			throw await stepFailed(context.host, `the route to ${to.to} on ${to.dev} is not there`, {why: 'ip route did not complain, but does not show it'});
		}

		if (from !== null && (to === null || !samePlace(from, to)) && has(routes, from)) {
			throw await stepFailed(context.host, `the route to ${from.to} on ${from.dev} is still there`, {why: 'ip route did not complain, but still shows it'});
		}
	},
};

async function putRoute({host}: ActionContext, to: HostRoute, action: SetRouteAction): Promise<void> {
	const routes = await readFamily(host, action);
	if (has(routes, to)) {
		return;
	}

	const what = `the route to ${to.to} on ${to.dev} cannot be set`;
	const [other] = inTheWay(routes, to, action);
	if (other !== undefined) {
		throw await stepFailed(host, what, {why: `there is the route ${routeWords(other)}`, fix: 'give the new one another metric, or take that one away'});
	}

	// Only what this action found may be replaced: `add` fails when someone else was quicker.
	const replaces = routes.some(route => sameSlot(route, to));
	await runIp(host, hostRouteCommand(replaces ? 'replace' : 'add', to), what);
}

/** Routes that have the place of `key` and are neither of the action's. */
function inTheWay(routes: readonly Route[], key: HostRoute, {from, to}: SetRouteAction): Route[] {
	return routes.filter(route => sameSlot(route, key) && ![from, to].some(own => own !== null && isRoute(route, own)));
}

function has(routes: readonly Route[], key: HostRoute): boolean {
	return routes.some(route => isRoute(route, key));
}

/** Two routes to one network of which the kernel keeps one. */
function samePlace(a: HostRoute, b: HostRoute): boolean {
	const family = a.to.includes(':') ? 6 : 4;
	return effectiveMetric(family, a.metric) === effectiveMetric(family, b.metric);
}

async function readFamily({runner}: Host, {from, to}: SetRouteAction): Promise<Route[]> {
	return readRoutes(runner, (to ?? from)?.to.includes(':') === true ? 6 : 4);
}

/** Sets the MTU with `ip link` and reads it back from sysfs. */
export const setMtu: ActionHandler<SetMtuAction> = {
	async observe({host}, {netdev, from, to}) {
		const seen = readMtu(host, netdev);
		return compare(seen === from, seen === to, seen === undefined ? `there is no interface ${netdev}` : `the MTU of ${netdev} is ${seen}`);
	},

	async apply({host, signal}, {netdev, to}) {
		if (readMtu(host, netdev) === to) {
			return;
		}

		const what = `the MTU of ${netdev} could not be set to ${to}`;
		await runIp(host, ['ip', 'link', 'set', 'dev', netdev, 'mtu', String(to)], what, [netdev]);
		// Drivers that reset the card for it may show the new one late.
		if (!await waitUntil(host.clock, {budgetMs: budgets.link, signal}, () => readMtu(host, netdev) === to)) {
			throw await stepFailed(host, what, {why: `it is ${readMtu(host, netdev) ?? 'not there'}`});
		}
	},
};

function readMtu({files}: Host, netdev: string): number | undefined {
	return readNumber(files, `/sys/class/net/${netdev}/mtu`);
}

/** Runs `ip`; what it says on failure is the reason. */
async function runIp(host: Host, argv: readonly string[], what: string, names: readonly string[] = []): Promise<void> {
	const since = kernelTime(host);
	const {code, stderr} = await host.runner.run(argv as [string, ...string[]]);
	if (code !== 0) {
		const said = stderr.trim().replace(/^(?:Error|RTNETLINK answers): /, '');
		throw await stepFailed(host, what, {why: `'${argv.join(' ')}': ${said || `exit status ${code}`}`}, names.length === 0 ? undefined : {since, names});
	}
}
