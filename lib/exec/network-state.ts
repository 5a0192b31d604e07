// Networks of libvirt as they stand, for the steps that change them.
import type {Libvirt, NetworkRecord} from '../libvirt/libvirt.ts';
import {parseNetwork} from '../libvirt/network-xml.ts';
import type {Network} from '../model/network.ts';

/** The network, or undefined when there is none of that name. */
export async function findNetwork(libvirt: Libvirt, name: string): Promise<NetworkRecord | undefined> {
	const networks = await libvirt.listNetworks();
	return networks.find(network => network.name === name);
}

/** The definition that starts next; undefined for a transient network. */
export function savedXml({active, persistent, xml, inactiveXml}: NetworkRecord): string | undefined {
	return inactiveXml ?? (persistent && !active ? xml : undefined);
}

/** The two definitions of a network, each read: the saved one of a persistent network and the
 * running one of an active network. */
export function definitions(record: NetworkRecord): Partial<Record<'config' | 'live', Network>> {
	const saved = savedXml(record);
	return {
		...saved === undefined ? {} : {config: parseNetwork({...record, xml: saved})},
		...record.active ? {live: parseNetwork(record)} : {},
	};
}
