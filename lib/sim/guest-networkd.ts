// systemd-networkd in a simulated guest: `networkctl reload` configures anew the interfaces whose
// file changed. Seen with systemd 252: what the file does not say goes away, routes of others too,
// and without its file an interface loses what the file said.
import {guestFilePath} from '../formats/guest-file.ts';
import {parseGuestFile} from '../formats/parse-guest-file.ts';
import {sameRoute} from '../model/guest-ip.ts';
import type {Mac} from '../model/mac.ts';
import type {GuestSystem} from './guest-system.ts';

const loaded = new WeakMap<GuestSystem, Map<string, string>>();

/** Reads the files of vfctl's; those of others are not simulated. */
export function reloadNetworkd(system: GuestSystem): void {
	const before = loaded.get(system) ?? new Map<string, string>();
	loaded.set(system, before);
	for (const link of system.links.values()) {
		const mac = link.mac as Mac;
		const text = system.files.get(guestFilePath('networkd', mac))?.text;
		const content = text === undefined ? undefined : parseGuestFile('networkd', mac, text);
		const old = parseGuestFile('networkd', mac, before.get(mac) ?? '');
		if (text === undefined && old) {
			before.delete(mac);
			link.addresses = link.addresses.filter(one => !old.network.addresses.includes(one));
			link.routes = link.routes.filter(one => !old.network.routes.some(other => sameRoute(one, other)));
		}

		if (text !== undefined && content && before.get(mac) !== text) {
			before.set(mac, text);
			const {addresses, routes, mtuBytes} = content.network;
			Object.assign(link, {addresses: [...addresses], routes: [...routes], mtuBytes: mtuBytes ?? link.mtuBytes});
		}
	}
}
