// vfctl route add | delete | list GUEST|host
import type {CommandContext} from '../context.ts';
import {addGuestRoute, deleteGuestRoute, listGuestRoutes} from './route-guest.ts';
import {addHostRoute, deleteHostRoute, listHostRoutes} from './route-host.ts';

export interface RouteArguments {
	/** `host`, or a guest without the `guest:` before it. */
	where: string;
	network: string;
	via?: string | undefined;
	interface?: string | undefined;
	metric?: string | undefined;
}

export type RouteListArguments = Pick<RouteArguments, 'where' | 'interface'>;

const guestPrefix = 'guest:';

/** Adds a route in a guest or on the host. */
export async function runAdd(context: CommandContext, args: RouteArguments): Promise<void> {
	await (args.where === 'host' ? addHostRoute : addGuestRoute)(context, meantGuest(args));
}

/** Takes a route away from a guest or the host. */
export async function runDelete(context: CommandContext, args: RouteArguments): Promise<void> {
	await (args.where === 'host' ? deleteHostRoute : deleteGuestRoute)(context, meantGuest(args));
}

/** Shows the routes of a guest or the host. */
export async function runList(context: CommandContext, args: RouteListArguments): Promise<void> {
	await (args.where === 'host' ? listHostRoutes : listGuestRoutes)(context, meantGuest(args));
}

function meantGuest<Args extends RouteListArguments>(args: Args): Args {
	return args.where.startsWith(guestPrefix) ? {...args, where: args.where.slice(guestPrefix.length)} : args;
}
