// Looks for the interfaces of PCI functions in network namespaces.
import type {Runner} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import {ipInside, type NetnsRef} from '../model/netns.ts';
import type {Netdev} from '../model/netdev.ts';
import {parseNetdevs} from './read-netdevs.ts';

// A namespace costs a process each; a full node of Kubernetes has some hundreds.
const mostNamespaces = 1024;

/** Where an interface was found. */
export interface FoundNetdev<Namespace> {
	netns: Namespace;
	name: string;
}

/** Interfaces of a namespace by name, without their addresses; null where it may not be entered or
 * is gone. The host's own is null. */
export async function readNetdevsIn(runner: Runner, netns: Pick<NetnsRef, 'name'> | null): Promise<ReadonlyMap<string, Netdev> | null> {
	const {code, stdout} = await runner.run([...ipInside(netns), '-j', '-d', 'link', 'show']);
	return code === 0 ? parseNetdevs({link: stdout, address: '', routes: '', routes6: ''}) : null;
}

/** Looks into one namespace after the other until all functions are found. A namespace that cannot
 * be entered or read, or that goes away meanwhile, is passed over. */
export async function findFunctions<Namespace extends Pick<NetnsRef, 'name'>>(runner: Runner, namespaces: readonly Namespace[], wanted: readonly Bdf[]): Promise<Map<Bdf, FoundNetdev<Namespace>>> {
	const found = new Map<Bdf, FoundNetdev<Namespace>>();
	const missing = new Set(wanted);
	for (const netns of namespaces.slice(0, mostNamespaces)) {
		if (missing.size === 0) {
			break;
		}

		const netdevs = await readNetdevsIn(runner, netns).catch(() => null);
		for (const {bdf, name} of netdevs?.values() ?? []) {
			if (bdf !== null && missing.delete(bdf)) {
				found.set(bdf, {netns, name});
			}
		}
	}

	return found;
}
