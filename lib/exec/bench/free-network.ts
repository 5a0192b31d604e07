// A network for a measurement that nobody here uses.
import {AppError} from '../../errors.ts';
import {freeBenchNetwork, type BenchAddresses} from '../../model/bench-network.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Prefix} from '../../model/ip.ts';
import type {RunContext} from '../run-context.ts';
import {parsePrefixes} from './ip-text.ts';
import type {BenchPlace} from './place.ts';

/** Addresses for both ends. Looked at: addresses and routes of the host and of both ends, and the
 * addresses of all guests whose agent tells them. */
export async function chooseNetwork(run: RunContext, inventory: Inventory, places: readonly BenchPlace[]): Promise<BenchAddresses> {
	const chosen = freeBenchNetwork([...usedByHost(inventory), ...await usedByGuests(run, inventory), ...(await Promise.all(places.map(async place => usedBy(place)))).flat()]);
	if (chosen === undefined) {
		throw new AppError('BENCH_FAILED', 'there is no network left for a measurement', {why: 'everything in 198.18.0.0/15 and fdb5:7ac1:94e3::/64 is in use or has a route'});
	}

	return chosen;
}

function usedByHost({netdevs, routes}: Inventory): Prefix[] {
	return parsePrefixes([...[...netdevs.values()].flatMap(({addresses}) => addresses), ...routes.map(({destination}) => destination)].join('\n'));
}

async function usedByGuests(run: RunContext, {guests}: Inventory): Promise<Prefix[]> {
	const connected = (guests ?? []).filter(({live}) => live?.agent === 'connected');
	if (connected.length === 0) {
		return [];
	}

	const libvirt = await run.libvirt();
	const used: Prefix[] = [];
	for (const {uuid} of connected) {
		// What a guest does not tell cannot be looked at.
		const interfaces = await libvirt.guestInterfaces(uuid).catch(() => []) ?? [];
		used.push(...parsePrefixes(interfaces.flatMap(({addresses}) => addresses).join('\n')));
	}

	return used;
}

async function usedBy(place: BenchPlace): Promise<Prefix[]> {
	const outputs = [];
	for (const words of [['-o', 'addr', 'show'], ['route'], ['-6', 'route']]) {
		outputs.push((await place.run(['ip', ...words])).stdout);
	}

	return parsePrefixes(outputs.join('\n'));
}
