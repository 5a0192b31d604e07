// vfctl route add | delete | list host
import {readGuestLinks} from '../../exec/guest-links.ts';
import {quote} from '../../model/shell-word.ts';
import {requestedRemoval, requestedRoute, type RouteRequest} from '../../plan/host-route/request.ts';
import {missingGuestRoutes} from '../../plan/host-route/guest-network-route.ts';
import {routeDevice} from '../../plan/host-route/check-route.ts';
import {planHostRoutes} from '../../plan/plan-host-route.ts';
import {hostRoutesText, hostRouteViews} from '../../render/host-routes.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';
import type {RouteArguments, RouteListArguments} from './route.ts';
import {runPlanned} from './run-plan.ts';

/** Adds a route of the host. */
export async function addHostRoute(context: CommandContext, args: RouteArguments): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planHostRoutes(inventory, {
			add: [requestedRoute(inventory, request(args))],
			remove: [],
			guests: readGuestLinks(context.host.files, inventory),
		}),
	});
}

/** Takes a route of the host away; asks first for the default route. */
export async function deleteHostRoute(context: CommandContext, args: RouteArguments): Promise<void> {
	await runPlanned(context, {
		destructive: ({actions}) => actions.some(action => action.kind === 'set-route' && action.to === null && action.from?.to.endsWith('/0') === true),
		plan: inventory => planHostRoutes(inventory, {add: [], remove: [requestedRemoval(inventory, request(args))]}),
	});
}

/** Shows the routes of the host, or of one of its interfaces. */
export async function listHostRoutes(context: CommandContext, args: RouteListArguments): Promise<void> {
	const {host, out} = context;
	const {routes, missing} = await withInventory(context, inventory => {
		const device = args.interface === undefined ? undefined : routeDevice(inventory, args.interface);
		const guests = readGuestLinks(host.files, inventory);
		return {
			routes: hostRouteViews(inventory, guests).filter(view => device === undefined || view.device === device),
			missing: missingGuestRoutes(inventory, guests).filter(({route}) => device === undefined || route.dev === device),
		};
	});
	for (const {guest, route} of missing) {
		out.note(`note: the host has no route to ${route.to} of guest ${guest}: vfctl route add host ${route.to} --interface ${quote(route.dev)}`);
	}

	out.result(hostRoutesText(routes), {routes});
}

function request({network, via, interface: dev, metric}: RouteArguments): RouteRequest {
	return {network, via, dev, metric};
}
