// `vfctl netns list`, for people and for --json.
import type {Bdf} from '../model/bdf.ts';
import type {Inventory} from '../model/inventory.ts';
import {findVf, pfName, vfName} from '../model/select.ts';
import {isLeftover} from '../plan/netns/leftovers.ts';
import type {NetnsFacts} from '../plan/netns/netns-request.ts';
import {cell} from './names.ts';
import {table} from './table.ts';

/** One interface of a VF or PF that is in a network namespace, or that came back from one. */
export interface NetnsInterfaceView {
	namespace: string;
	/** Inode of the namespace. */
	inode: number;
	/** `gone`: the namespace is, and the device waits for `vfctl netns reclaim`. */
	state: 'present' | 'gone';
	/** Its name there, or the last that is known. */
	netdev: string | null;
	device: string;
	bdf: string;
	mac: string | null;
	mtuBytes: number | null;
	up: boolean | null;
	addresses: readonly string[];
	/** The operation that attached it; null when vfctl did not. */
	operation: number | null;
	/** Container that got it through CNI, or null. */
	containerId: string | null;
}

export interface NetnsListView {
	version: 1;
	host: string;
	interfaces: NetnsInterfaceView[];
}

/** What is in namespaces now, and what is left of those that are gone. */
export function netnsListView(host: string, inventory: Inventory, {interfaces, attachments}: NetnsFacts): NetnsListView {
	const present = interfaces.flatMap(({bdf, place, ip}): NetnsInterfaceView[] => {
		const attachment = attachments.find(one => one.bdf === bdf);
		return place.netns === null ? [] : [{
			namespace: place.netns.name, inode: place.netns.inode, state: 'present', netdev: place.name, device: deviceName(inventory, bdf), bdf,
			mac: ip.mac, mtuBytes: ip.mtuBytes, up: ip.up, addresses: ip.addresses, operation: attachment?.operation ?? null, containerId: attachment?.cni?.containerId ?? null,
		}];
	});
	const gone = attachments.filter(attachment => !present.some(({bdf}) => bdf === attachment.bdf) && isLeftover(inventory, attachment)).map(({netns, name, bdf, operation, cni}): NetnsInterfaceView => ({
		namespace: netns.name, inode: netns.inode, state: 'gone', netdev: name, device: deviceName(inventory, bdf), bdf,
		mac: null, mtuBytes: null, up: null, addresses: [], operation, containerId: cni?.containerId ?? null,
	}));
	// `ip netns list` has no order of its own.
	const sorted = [...present, ...gone].toSorted((a, b) => a.namespace.localeCompare(b.namespace) || a.bdf.localeCompare(b.bdf));
	return {version: 1, host, interfaces: sorted};
}

/** The same as a table. */
export function netnsListText({interfaces}: NetnsListView): string {
	return interfaces.length === 0
		? 'no VF or PF is in a network namespace'
		: table(['NAMESPACE', 'INTERFACE', 'DEVICE', 'BDF', 'MAC', 'LINK', 'ADDRESSES', 'STATE'], interfaces.map(({namespace, netdev, device, bdf, mac, up, addresses, state, operation}) =>
			[namespace, cell(netdev), device, bdf, cell(mac), up === null ? '' : up ? 'up' : 'down', addresses.join(','), state === 'gone' ? 'gone: vfctl netns reclaim' : operation === null ? 'not by vfctl' : `operation ${operation}`]));
}

function deviceName(inventory: Inventory, bdf: Bdf): string {
	const owner = findVf(inventory, bdf);
	const pf = inventory.pfs.find(candidate => candidate.bdf === bdf);
	return owner ? vfName(owner.pf, owner.vf) : pf === undefined ? bdf : pfName(pf);
}
