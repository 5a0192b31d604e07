// Where the interface of a PCI function is, whatever it is called there.
import type {Host} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {NetdevPlace, NetnsRef} from '../model/netns.ts';
import {findFunctions} from '../sysfs/find-functions.ts';
import {findNamespace, listNamespaces} from '../sysfs/namespaces.ts';
import {readNetdevs} from './pci-state.ts';

/** Where it is: on the host, in one of `likely`, or in any namespace that a name, a mount or a
 * process leads to. Undefined: it has none, or nothing leads to its namespace. */
export async function findNetdev(host: Host, bdf: Bdf, likely: readonly NetnsRef[] = []): Promise<NetdevPlace | undefined> {
	return (await findNetdevs(host, [bdf], likely)).get(bdf);
}

/** Where the interfaces of several functions are. */
export async function findNetdevs({files, runner}: Host, wanted: readonly Bdf[], likely: readonly NetnsRef[] = []): Promise<Map<Bdf, NetdevPlace>> {
	const home = wanted.flatMap((bdf): Array<[Bdf, NetdevPlace]> => readNetdevs(files, bdf).slice(0, 1).map(name => [bdf, {netns: null, name}]));
	const found = new Map(home);
	const first = likely.flatMap(ref => findNamespace(files, ref) ?? []);
	// Listing all namespaces costs a look at every process.
	const others = () => listNamespaces(files).filter(({inode}) => !first.some(ref => ref.inode === inode));
	for (const namespaces of [() => first, others]) {
		const missing = wanted.filter(bdf => !found.has(bdf));
		for (const [bdf, place] of missing.length === 0 ? [] : await findFunctions(runner, namespaces(), missing)) {
			found.set(bdf, place);
		}
	}

	return found;
}
