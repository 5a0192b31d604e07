// vfctl show: everything about one PF or VF.
import {select} from '../../model/select.ts';
import {showText} from '../../render/show-text.ts';
import {showView} from '../../render/show-view.ts';
import {readDeviceDetails, readSpeedMbps} from '../../sysfs/read-device-details.ts';
import {readNamespacedNetdevs} from '../../sysfs/read-namespaces.ts';
import {pciNames} from '../../sysfs/read-pci-names.ts';
import {readBridgesAbove} from '../../sysfs/read-topology.ts';
import {listNotes} from '../../render/list-text.ts';
import {steeringIfTold} from '../../sysfs/read-steering.ts';
import type {CommandContext} from '../context.ts';
import {withInventory} from '../read-state.ts';

export interface ShowOptions {
	/** PF or VF, by any of its names. */
	what: string;
}

/** Shows one PF or VF. */
export async function run(context: CommandContext, {what}: ShowOptions): Promise<void> {
	const {host, out} = context;
	const {files, runner, name} = host;
	const view = await withInventory(context, async inventory => {
		const selected = select(inventory, what);
		const {pf} = selected;
		const vfs = selected.kind === 'vf' ? [selected.vf] : pf.vfs;
		const [netdev] = pf.netdevs;
		return showView({
			hostName: name,
			inventory,
			selected,
			namespaced: vfs.some(vf => vf.inNamespace) ? await readNamespacedNetdevs(host, vfs.filter(vf => vf.inNamespace).map(({bdf}) => bdf)) : new Map(),
			bridges: readBridgesAbove(files, pf.bdf),
			details: readDeviceDetails(files, selected.kind === 'vf' ? selected.vf.bdf : pf.bdf),
			pcieLink: readDeviceDetails(files, pf.bdf).pcieLink,
			portSpeedMbps: netdev === undefined ? null : readSpeedMbps(files, netdev),
			names: pciNames(files),
			steering: selected.kind === 'vf' || netdev === undefined ? null : await steeringIfTold(runner, netdev),
		});
	});
	for (const note of listNotes({...view, pfs: []})) {
		out.note(note);
	}

	out.result(showText(view), view);
}
