// Where the interface of a PCI function is, whatever it is called there.
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {NetdevPlace, NetnsRef} from '../model/netns.ts';
import {findNamespace, listNamespaces} from '../sysfs/namespaces.ts';
import {readNetdevs} from './pci-state.ts';
import {functionNames, readNetdevsIn} from './read-placed-netdevs.ts';

// A namespace costs a process each; a full node of Kubernetes has some hundreds.
const mostNamespaces = 1024;

/** Where it is: on the host, in one of `likely`, or in any namespace that a name, a mount or a
 * process leads to. Undefined: it has none, or nothing leads to its namespace. */
export async function findNetdev({files, runner}: Host, bdf: Bdf, likely: readonly NetnsRef[] = []): Promise<NetdevPlace | undefined> {
	const [home] = readNetdevs(files, bdf);
	if (home !== undefined) {
		return {netns: null, name: home};
	}

	const first = likely.flatMap(ref => findNamespace(files, ref) ?? []);
	const rest = () => listNamespaces(files).filter(({inode}) => !first.some(ref => ref.inode === inode));
	return await findIn(runner, first, bdf) ?? findIn(runner, rest().slice(0, mostNamespaces), bdf);
}

async function findIn(runner: Host['runner'], namespaces: readonly NetnsRef[], bdf: Bdf): Promise<NetdevPlace | undefined> {
	for (const netns of namespaces) {
		const netdevs = await readNetdevsIn(runner, netns).catch(() => null);
		const name = netdevs === null ? undefined : functionNames(netdevs).get(bdf);
		if (name !== undefined) {
			return {netns, name};
		}
	}

	return undefined;
}

/** Where the interfaces of several functions are. */
export async function findNetdevs(host: Host, wanted: readonly Bdf[]): Promise<Map<Bdf, NetdevPlace>> {
	const found = new Map<Bdf, NetdevPlace>();
	const missing = new Set(wanted);
	for (const bdf of wanted) {
		const [home] = readNetdevs(host.files, bdf);
		if (home !== undefined) {
			found.set(bdf, {netns: null, name: home});
			missing.delete(bdf);
		}
	}

	for (const netns of missing.size === 0 ? [] : listNamespaces(host.files).slice(0, mostNamespaces)) {
		const netdevs = await readNetdevsIn(host.runner, netns).catch(() => null);
		for (const [bdf, name] of netdevs === null ? [] : functionNames(netdevs)) {
			if (missing.delete(bdf)) {
				found.set(bdf, {netns, name});
			}
		}

		if (missing.size === 0) {
			break;
		}
	}

	return found;
}
