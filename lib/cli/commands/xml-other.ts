// XML of devices that are no VF of a guest's own, for `vfctl xml`.
import {AppError} from '../../errors.ts';
import {nicXml, sharedMemoryXml} from '../../libvirt/device-xml.ts';
import type {Inventory} from '../../model/inventory.ts';
import type {Mac} from '../../model/mac.ts';
import {selectVf, vfName} from '../../model/select.ts';
import {quote} from '../../model/shell-word.ts';
import {parseOtherMethod, type OtherMethodArguments} from '../parse-other-method.ts';

export interface OtherXmlOptions {
	kind: 'macvtap' | 'bridge' | 'vhost-user' | 'ivshmem';
	name: string;
	mac: Mac | null;
	vlan: number | null;
	other: OtherMethodArguments;
	/** What Open vSwitch has; null when it is not there. */
	openvswitchBridges: readonly string[] | null;
}

/** The element that attach would use. */
export function otherXml(inventory: Inventory, {kind, name, mac, vlan, other, openvswitchBridges}: OtherXmlOptions): string {
	const {macvtapMode, socketMode = 'client', queues = null, sizeMiB = 4} = parseOtherMethod(other);
	switch (kind) {
		case 'ivshmem': {
			return sharedMemoryXml({name, sizeMiB});
		}

		case 'vhost-user': {
			return nicXml({on: 'vhostuser', name, mode: socketMode, queues, mac, vlan: null});
		}

		case 'bridge': {
			const on = openvswitchBridges?.includes(name) ? 'openvswitch' : inventory.netdevs.get(name)?.kind === 'bridge' ? 'bridge' : 'network';
			return nicXml({on, name, mac, vlan});
		}

		case 'macvtap': {
			return nicXml({on: 'direct', name: macvtapMode === undefined || macvtapMode === 'passthrough' ? netdevOf(inventory, name) : name, mode: macvtapMode ?? 'passthrough', mac, vlan});
		}
	}
}

function netdevOf(inventory: Inventory, name: string): string {
	const {pf, vf} = selectVf(inventory, name);
	const [netdev] = vf.netdevs;
	if (netdev === undefined) {
		throw new AppError('UNSUPPORTED', `${vfName(pf, vf)} (${vf.bdf}) has no interface on this host`, {why: 'macvtap names the interface of the VF\'s host driver', fix: `vfctl restore ${quote(vfName(pf, vf))}`});
	}

	return netdev;
}
