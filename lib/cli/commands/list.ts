// vfctl list: PFs, their VFs and who has them.
import type {Host} from '../../host/host.ts';
import type {Pf} from '../../model/pci.ts';
import {selectPf} from '../../model/select.ts';
import {listNotes, listText} from '../../render/list-text.ts';
import {listView} from '../../render/list-view.ts';
import {treeText} from '../../render/tree-text.ts';
import {readNamespacedNetdevs} from '../../sysfs/read-namespaces.ts';
import {readBridgesAbove} from '../../sysfs/read-topology.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';

export interface ListOptions {
	tree: boolean;
	/** Only this PF. */
	pf: string | undefined;
}

/** Lists the host; without libvirt too, but then guests are unknown. */
export async function run(context: CommandContext, {tree, pf}: ListOptions): Promise<void> {
	const {host, out} = context;
	const view = await withInventory(context, async inventory => {
		const pfs = pf === undefined ? inventory.pfs : [selectPf(inventory, pf)];
		const bridges = new Map(pfs.map(({bdf}) => [bdf, readBridgesAbove(host.files, bdf)]));
		return listView({hostName: host.name, inventory, pfs, namespaced: await namespacedOf(host, pfs), bridges});
	});
	for (const note of listNotes(view)) {
		out.note(note);
	}

	out.result(tree && view.pfs.length > 0 ? treeText(view) : listText(view), view);
}

/** Namespaces by name are asked for only when a VF is in one: each costs a process. */
async function namespacedOf(host: Host, pfs: readonly Pf[]): ReturnType<typeof readNamespacedNetdevs> {
	const wanted = pfs.flatMap(({vfs}) => vfs.filter(vf => vf.inNamespace).map(({bdf}) => bdf));
	return wanted.length > 0 ? readNamespacedNetdevs(host, wanted) : new Map();
}
