// vfctl route add | delete | list GUEST
import {AppError} from '../../errors.ts';
import {findGuestInterface, listInterfaces} from '../../exec/find-guest-interface.ts';
import {readKeptRoutes} from '../../exec/read-kept-routes.ts';
import {readGuestNetwork} from '../../exec/read-guest-network.ts';
import type {RunContext} from '../../exec/run-context.ts';
import type {GuestIp, IpRoute} from '../../model/guest-network.ts';
import type {Inventory} from '../../model/inventory.ts';
import {prefixText, toAddress, toPrefix} from '../../model/ip.ts';
import {parseMac, type Mac} from '../../model/mac.ts';
import {findGuest} from '../../plan/find-guest.ts';
import {planGuestRouteAdd, planGuestRouteDelete, type GuestRouteRequest} from '../../plan/plan-guest-route.ts';
import {guestRoutesText} from '../../render/guest-routes.ts';
import type {CommandContext} from '../context.ts';
import {parseMetric} from '../parse-guest-network.ts';
import {libvirtOnce} from '../libvirt-once.ts';
import {withInventory} from '../read-state.ts';
import type {RouteArguments, RouteListArguments} from './route.ts';
import {runPlanned} from './run-plan.ts';

/** Adds a route in a running guest. */
export async function addGuestRoute(context: CommandContext, args: RouteArguments): Promise<void> {
	const route = parseRoute(args);
	await runPlanned(context, {
		destructive: () => false,
		plan: async (inventory, run) => planGuestRouteAdd(await request(inventory, run, args, route)),
	});
}

/** Takes a route of a running guest away. */
export async function deleteGuestRoute(context: CommandContext, args: RouteArguments): Promise<void> {
	const route = parseRoute(args);
	await runPlanned(context, {
		destructive: () => false,
		plan: async (inventory, run) => planGuestRouteDelete(await request(inventory, run, args, route)),
	});
}

/** Shows addresses and routes of a running guest's interfaces, or of one of them. */
export async function listGuestRoutes(context: CommandContext, args: RouteListArguments): Promise<void> {
	const connection = libvirtOnce(context);
	try {
		const interfaces = await withInventory(context, async inventory => {
			const guest = findGuest(inventory, args.where);
			const libvirt = await connection.get();
			const all = await listInterfaces(libvirt, guest);
			const only = args.interface === undefined ? undefined : await findGuestInterface(libvirt, inventory, guest, {named: args.interface, via: null});
			const macs = [...new Set(all.flatMap(({mac}) => parseMac(mac ?? '') ?? []))].filter(mac => only === undefined || mac === only);
			const views = [];
			for (const mac of macs) {
				const ip = await readGuestNetwork(libvirt, guest.uuid, mac, context.host.clock);
				views.push(...ip === null ? [] : [{mac, name: all.find(one => parseMac(one.mac ?? '') === mac)?.name ?? '', ...ip}]);
			}

			return views;
		});
		context.out.result(guestRoutesText(interfaces), {interfaces});
	} finally {
		await connection.close();
	}
}

async function request(inventory: Inventory, run: RunContext, args: RouteArguments, route: IpRoute): Promise<GuestRouteRequest> {
	const {name, uuid, ...guest} = findGuest(inventory, args.where);
	const libvirt = await run.libvirt();
	const mac = await findGuestInterface(libvirt, inventory, {name, uuid, ...guest}, {named: args.interface, via: route.via});
	return {guest: {name, uuid}, mac, route, current: await currentOf(run, uuid, mac), files: await readKeptRoutes(libvirt, uuid, mac)};
}

async function currentOf(run: RunContext, uuid: string, mac: Mac): Promise<GuestIp> {
	const current = await readGuestNetwork(await run.libvirt(), uuid, mac, run.host.clock);
	if (current === null) {
		throw new AppError('GUEST_NO_INTERFACE', `the guest does not show an interface with ${mac}`, {why: 'libvirt told it a moment ago', fix: 'run the command again'});
	}

	return current;
}

function parseRoute({network, via, metric}: RouteArguments): IpRoute {
	const gateway = via === undefined ? null : toAddress(via, 'the gateway');
	const to = toPrefix(network === 'default' ? (gateway?.family === 6 ? '::/0' : '0.0.0.0/0') : network, 'the network');
	return {to: prefixText(to), via: gateway?.address ?? null, metric: metric === undefined ? null : parseMetric(metric)};
}
