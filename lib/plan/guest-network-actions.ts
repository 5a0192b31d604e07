// The actions that give an interface of a running guest its addresses and routes, now and at its
// next start.
import {noGuestIp, sameGuestIp, sortedGuestIp} from '../model/guest-ip.ts';
import type {GuestFile, GuestIp, GuestNetwork} from '../model/guest-network.ts';
import type {Mac} from '../model/mac.ts';
import type {Action, GuestRef} from './action.ts';

export interface GuestNetworkRequest {
	guest: GuestRef;
	mac: Mac;
	wanted: GuestNetwork;
	/** What the interface has; null when it does not exist yet. */
	current: GuestIp | null;
	/** The file for the guest's own configuration with what is there now, or null for none. */
	file: {file: GuestFile; current: string | null} | null;
}

/** The file first, so that a network service which takes the new interface at once finds it; then
 * what runs. Empty when all is so already. */
export function guestNetworkActions(request: GuestNetworkRequest): Action[] {
	const files = guestFileActions(request);
	return [...files, ...guestIpActions({...request, told: files.length > 0})];
}

/** Writes the file where it is missing or other. That of cloud-init is never written: see
 * formats/guest-file-cloud-init.ts. */
export function guestFileActions({guest, file}: Pick<GuestNetworkRequest, 'guest' | 'file'>): Action[] {
	return file === null || file.file.format === 'cloud-init' || file.file.text === file.current
		? []
		: [{kind: 'guest-file', guest, path: file.file.path, from: file.current, to: file.file.text, mode: file.file.mode}];
}

/** Sets the running interface. Nameservers are not here: they belong to the whole guest and come
 * from its configuration. `told`: a network service of the guest gets a new file just before. */
export function guestIpActions({guest, mac, wanted, current, told}: Pick<GuestNetworkRequest, 'guest' | 'mac' | 'wanted' | 'current'> & {told: boolean}): Action[] {
	const to = sortedGuestIp({
		addresses: wanted.addresses,
		routes: wanted.routes,
		mtuBytes: wanted.mtuBytes ?? current?.mtuBytes ?? null,
		up: true,
	});
	return current !== null && sameGuestIp(current, to)
		? []
		: [{kind: 'guest-network', guest, mac, from: sortedGuestIp(current ?? noGuestIp), to, assumed: current === null || told}];
}
