// Calls that change libvirt networks: https://libvirt.org/html/libvirt-libvirt-network.html
import type {CallOptions, Session} from './connection.ts';
import * as c from './constants.ts';
import type {NativeFunction, Pointer} from './ffi.ts';
import type {AffectTarget, LeaseVerb} from './libvirt.ts';
import {cString, withObject} from './objects.ts';

/** A function that takes a network first, and its other parameters. */
export type NetworkCall = readonly [nativeFunction: NativeFunction, ...parameters: unknown[]];

/** virNetworkDefineXML; gives back the object that it returns. */
export function defineNetwork(session: Session, xml: string, options: CallOptions): Promise<void> {
	const define = () => session.call<Pointer>(session.api.virNetworkDefineXML, [session.connection, cString(xml)], options);
	return withObject(session, define, session.api.virNetworkFree, async () => {});
}

/** Looks a network up and calls the function with it; rejects with NETWORK_NOT_FOUND. */
export function changeNetwork(session: Session, name: string, [nativeFunction, ...parameters]: NetworkCall, options: CallOptions): Promise<void> {
	const lookUp = () => session.call<Pointer>(session.api.virNetworkLookupByName, [session.connection, cString(name)], options);
	return withObject(session, lookUp, session.api.virNetworkFree, async pointer => {
		await session.call(nativeFunction, [pointer, ...parameters], options);
	});
}

const commands: Readonly<Record<LeaseVerb, number>> = {
	add: c.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST,
	modify: c.VIR_NETWORK_UPDATE_COMMAND_MODIFY,
	delete: c.VIR_NETWORK_UPDATE_COMMAND_DELETE,
};

/** What virNetworkUpdate takes after the network: command, section, index of the <ip>, XML, flags.
 * The library swaps the first two by itself for a daemon that has them the wrong way round. */
export function leaseParameters(verb: LeaseVerb, leaseXml: string, target: AffectTarget, ipIndex = -1): unknown[] {
	const flags = target === 'live' ? c.VIR_NETWORK_UPDATE_AFFECT_LIVE : c.VIR_NETWORK_UPDATE_AFFECT_CONFIG;
	return [commands[verb], c.VIR_NETWORK_SECTION_IP_DHCP_HOST, ipIndex, cString(leaseXml), flags];
}
