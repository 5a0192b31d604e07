// Plans routes of an interface of a running guest.
import {AppError} from '../errors.ts';
import {routeText, sameRoute, sortedGuestIp} from '../model/guest-ip.ts';
import type {GuestIp, IpRoute} from '../model/guest-network.ts';
import {toPrefix} from '../model/ip.ts';
import type {Mac} from '../model/mac.ts';
import {quote} from '../model/shell-word.ts';
import type {GuestFileAction, GuestNetworkAction, GuestRef} from './action.ts';
import {requireRoute} from './guest-network-checks.ts';
import type {Plan} from './plan.ts';

/** A file in the guest that has a name of ours, and what becomes of its text. */
export interface KeptRoutes {
	path: string;
	mode: number;
	text: string;
	/** Null: the file is not as vfctl writes it. */
	routes: readonly IpRoute[] | null;
	with: (route: IpRoute) => string;
	without: (route: IpRoute) => string;
}

export interface GuestRouteRequest {
	guest: GuestRef;
	mac: Mac;
	/** What the interface has. */
	current: GuestIp;
	route: IpRoute;
	/** The files for the guest's next start, or why they cannot be read. */
	files: readonly KeptRoutes[] | string;
}

/** Adds the route, now and in the file that keeps it; empty when it is in both. Throws BAD_ADDRESS,
 * or ROUTE_CONFLICT when the interface has a route to the network another way. */
export function planGuestRouteAdd(request: GuestRouteRequest): Plan {
	const {guest, mac, current, route} = request;
	requireRoute(route, current.addresses.map(text => toPrefix(text, 'the address')));
	const there = current.routes.find(({to, metric}) => to === route.to && metric === route.metric);
	if (there && there.via !== route.via) {
		throw new AppError('ROUTE_CONFLICT', `${guest.name} has a route to ${route.to} already`, {
			why: `it is ${routeText(there)} on ${mac}`,
			fix: `vfctl route delete ${quote(guest.name)} ${route.to}, or --metric N for a second one`,
		});
	}

	const files = fileActions(request, file => file.with(route));
	return planOf(request, {
		title: there === undefined ? `add the route to ${routeText(route)} in ${guest.name}`
			: files.length > 0 ? `keep the route to ${routeText(route)} in ${guest.name} over its restarts` : `${guest.name} has the route to ${routeText(route)} already`,
		routes: there ? current.routes : [...current.routes, route],
		files,
	});
}

/** Takes the route away, now and from the file that keeps it. Throws ROUTE_NOT_FOUND, or
 * ROUTE_CONFLICT when several are meant. */
export function planGuestRouteDelete(request: GuestRouteRequest): Plan {
	const {guest, mac, current, route} = request;
	const isMeant = ({to, via, metric}: IpRoute) => to === route.to && (route.via === null || via === route.via) && (route.metric === null || metric === route.metric);
	const kept = readable(request).flatMap(({routes}) => routes ?? []);
	const running = current.routes.filter(other => isMeant(other));
	// One that is in the file alone would come with the guest's next start.
	const meant = running.length > 0 ? running : kept.filter((other, index) => isMeant(other) && kept.findIndex(one => sameRoute(one, other)) === index);
	const [one, ...others] = meant;
	if (one === undefined) {
		throw new AppError('ROUTE_NOT_FOUND', `${guest.name} has no route to ${routeText(route)} on ${mac}`, {
			why: `its routes there are: ${current.routes.map(other => routeText(other)).join('; ') || 'none'}`,
			fix: `vfctl route list ${quote(guest.name)}`,
		});
	}

	if (others.length > 0) {
		throw new AppError('ROUTE_CONFLICT', `${guest.name} has ${meant.length} routes to ${route.to} on ${mac}`, {why: `they are: ${meant.map(other => routeText(other)).join('; ')}`, fix: 'say which with --via or --metric'});
	}

	return planOf(request, {
		title: `take the route to ${routeText(one)} from ${guest.name}`,
		routes: running.length > 0 ? current.routes.filter(other => other !== one) : current.routes,
		files: fileActions(request, file => file.without(keptAs(file, one, current))),
	});
}

/** The route as the file has it: NetworkManager gives one without a metric its own (100 and up). */
function keptAs({routes}: KeptRoutes, one: IpRoute, {routes: running}: GuestIp): IpRoute {
	const bare = {...one, metric: null};
	return routes?.some(other => sameRoute(other, one)) || running.some(other => sameRoute(other, bare)) ? one : bare;
}

function readable({files}: GuestRouteRequest): KeptRoutes[] {
	return typeof files === 'string' ? [] : files.filter(({routes}) => routes !== null);
}

function fileActions(request: GuestRouteRequest, change: (file: KeptRoutes) => string): GuestFileAction[] {
	return readable(request).flatMap(file => {
		const to = change(file);
		return to === file.text ? [] : [{kind: 'guest-file' as const, guest: request.guest, path: file.path, from: file.text, to, mode: file.mode}];
	});
}

/** The file first, as in an attach. The service that is told of it may then set the route by
 * itself, so what runs is not compared again before its step. */
function planOf(request: GuestRouteRequest, {title, routes, files}: {title: string; routes: readonly IpRoute[]; files: readonly GuestFileAction[]}): Plan {
	const {guest, mac, current} = request;
	const network: GuestNetworkAction[] = routes === current.routes ? [] : [{kind: 'guest-network', guest, mac, from: sortedGuestIp(current), to: sortedGuestIp({...current, routes}), assumed: files.length > 0}];
	return {
		version: 1,
		subject: {command: 'route', guest},
		title,
		actions: [...files, ...network],
		warnings: notes(request, network.length > 0),
		risks: [],
	};
}

/** What does not last, and how it would. */
function notes({guest, mac, files}: GuestRouteRequest, changed: boolean): string[] {
	if (typeof files === 'string') {
		return changed ? [`this lasts until ${guest.name} restarts, unless its own configuration says the same: its files cannot be read (${files})`] : [];
	}

	const edited = files.filter(({routes}) => routes === null).map(({path}) => `${path} stays as it is in ${guest.name}, because somebody edited it: change the route there too, or this lasts until ${guest.name} restarts`);
	return files.length > 0 || !changed ? edited : [`this lasts until ${guest.name} restarts: there is no file of vfctl's for ${mac} in it; vfctl attach with --address and --route writes one, and so does network: in the host file`];
}
