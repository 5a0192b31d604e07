// vfctl dhcp list | add | delete
import {leaseMac} from '../../plan/lease-mac.ts';
import {findNetwork, knownNetworks} from '../../plan/find-network.ts';
import {planLease} from '../../plan/plan-lease.ts';
import {leaseListText} from '../../render/network-text.ts';
import {leaseViews} from '../../render/network-view.ts';
import type {CommandContext} from '../context.ts';
import {withLibvirtInventory} from '../read-state.ts';
import {runPlanned} from './run-plan.ts';

export interface LeaseArguments {
	network: string;
	/** MAC or guest. */
	who: string;
}

/** Shows the static leases of one network or of all. */
export async function runList(context: CommandContext, args: {network: string | undefined}): Promise<void> {
	const leases = await withLibvirtInventory(context, inventory => leaseViews(args.network === undefined ? knownNetworks(inventory) : [findNetwork(inventory, args.network)], inventory));
	context.out.result(leaseListText(leases), leases);
}

/** Reserves an address for a MAC or a guest; changes the lease it has. */
export async function runAdd(context: CommandContext, args: LeaseArguments & {ip: string; name: string | undefined}): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan(inventory) {
			const mac = leaseMac(inventory, args.network, args.who);
			return planLease(inventory, {network: args.network, mac, wanted: {mac, ip: args.ip, name: args.name ?? null}});
		},
	});
}

/** Takes a lease away. */
export async function runDelete(context: CommandContext, args: LeaseArguments): Promise<void> {
	await runPlanned(context, {
		destructive: () => false,
		plan: inventory => planLease(inventory, {network: args.network, mac: leaseMac(inventory, args.network, args.who), wanted: null}),
	});
}
