// Addresses and routes of a guest, for people.
import {routeText} from '../model/guest-ip.ts';
import type {GuestIp} from '../model/guest-network.ts';
import {table} from './table.ts';

/** One line for each address and route. */
export function guestRoutesText(interfaces: ReadonlyArray<GuestIp & {name: string; mac: string}>): string {
	return table(['INTERFACE', 'MAC', 'MTU', 'STATE', 'ADDRESS OR ROUTE'], interfaces.flatMap(({name, mac, mtuBytes, up, addresses, routes}) => {
		const lines = [...addresses, ...routes.map(route => `route ${routeText(route)}`)];
		return (lines.length === 0 ? [''] : lines).map(line => [name, mac, String(mtuBytes ?? ''), up ? 'up' : 'down', line]);
	}));
}
