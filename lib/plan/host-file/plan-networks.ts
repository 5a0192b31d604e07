// Pools, routes of the host and leases of a host file.
import type {WantedLease, WantedPool, WantedRoute} from '../../model/host-file.ts';
import type {Inventory} from '../../model/inventory.ts';
import {prefixText} from '../../model/ip.ts';
import {routePrefix} from '../../model/route.ts';
import {pfName, selectPf} from '../../model/select.ts';
import type {Action, HostRoute} from '../action.ts';
import {planHostRoutes, removable} from '../plan-host-route.ts';
import {planLease} from '../plan-lease.ts';
import {planPoolAbsent, planPoolPresent} from '../plan-pool.ts';
import type {HostFileFacts} from './facts.ts';
import type {Fold} from './fold.ts';
import type {Resolved} from './resolve.ts';

/** Pools that are not to be. */
export function planPoolsAbsent(fold: Fold, pools: readonly WantedPool[]): void {
	for (const {name, state} of pools) {
		if (state === 'absent' && fold.inventory.pools?.some(pool => pool.name === name)) {
			fold.add(`pools.${name}`, inventory => planPoolAbsent(inventory, {name}));
		}
	}
}

/** Pools that are to be. */
export function planPoolsPresent(fold: Fold, pools: readonly WantedPool[], {poolVfs}: Resolved, {acceptedRisks, renderPool}: HostFileFacts): void {
	for (const {name, state, source, autostart} of pools) {
		if (state === 'present' && source !== undefined) {
			fold.add(`pools.${name}`, inventory => planPoolPresent(inventory, {
				name, autostart, acceptedRisks, renderPool,
				source: 'pf' in source ? {pf: pfName(selectPf(inventory, source.pf))} : {vfs: poolVfs.get(name) ?? []},
			}));
		}
	}
}

/** Running pools of a PF whose VFs change: libvirt lists a PF's VFs when the pool starts, so it is
 * stopped before and started after. */
export function planPoolStops(fold: Fold, {pfs}: Resolved): Array<{path: string; stop: Action & {kind: 'set-network'}}> {
	const stops: Array<{path: string; stop: Action & {kind: 'set-network'}}> = [];
	for (const {path, wanted: {numVfs}, bdf} of pfs) {
		const pf = fold.inventory.pfs.find(candidate => candidate.bdf === bdf);
		for (const pool of numVfs === undefined || numVfs === pf?.numVfs ? [] : fold.inventory.pools ?? []) {
			const network = fold.inventory.networks?.find(({name}) => name === pool.name);
			if (pool.active && pool.pfNetdev !== null && pf?.netdevs.includes(pool.pfNetdev) && network?.savedXml) {
				const state = {xml: network.savedXml, autostart: network.autostart};
				const stop = {kind: 'set-network' as const, name: pool.name, from: {...state, active: true}, to: {...state, active: false}};
				fold.add(`${path}.numVfs`, () => [stop]);
				stops.push({path: `${path}.numVfs`, stop});
			}
		}
	}

	return stops;
}

/** Starts them again, unless the file or the PF has them gone. */
export function planPoolStarts(fold: Fold, stops: ReturnType<typeof planPoolStops>): void {
	for (const {path, stop} of stops) {
		fold.add(path, ({pools}) => pools?.some(({name, active}) => name === stop.name && !active) ? [{...stop, from: stop.to, to: stop.from}] : []);
	}
}

/** Routes that are to be, and those that are not: in one, because a route that goes and one that
 * comes in its place are one change. */
export function planRoutes(fold: Fold, routes: readonly WantedRoute[]): void {
	const first = fold.actions.length;
	const add = routes.filter(({state}) => state === 'present').map(route => hostRoute(route));
	if (routes.length > 0) {
		fold.add('routes', inventory => planHostRoutes(inventory, {add, remove: routes.filter(({state}) => state === 'absent').flatMap(route => matching(inventory, route))}));
	}

	for (const [offset, action] of fold.actions.slice(first).entries()) {
		const position = action.kind === 'set-route' ? routes.findIndex(({to, dev}) => [action.to, action.from].some(route => route?.to === to && route.dev === dev)) : -1;
		fold.origins[first + offset] = position === -1 ? 'routes' : `routes[${position}]`;
	}
}

/** Static leases. */
export function planLeases(fold: Fold, leases: readonly WantedLease[]): void {
	for (const {network, mac, ip, name, state} of leases) {
		const known = fold.inventory.networks?.find(candidate => candidate.name === network)?.ips.flatMap(({leases: all}) => all).some(lease => lease.mac === mac);
		if (state === 'present' || known) {
			fold.add(`dhcp.${network}`, inventory => planLease(inventory, {network, mac, wanted: state === 'present' && ip !== null ? {mac, ip, name} : null}));
		}
	}
}

function hostRoute({to, via, metric, dev}: WantedRoute): HostRoute {
	return {to, via, metric, dev};
}

/** The routes of the host that an absent one means: what it leaves out may be anything. */
function matching(inventory: Inventory, {to, via, metric, dev}: WantedRoute): HostRoute[] {
	return inventory.routes
		.filter(route => {
			const prefix = routePrefix(route);
			return prefix !== undefined && prefixText(prefix) === to && route.device === dev && (via === null || route.gateway === via) && (metric === null || route.metric === metric);
		})
		.map(route => removable(route));
}
