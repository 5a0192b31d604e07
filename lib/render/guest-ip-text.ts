// What an interface in a guest or namespace has, in a few words.
import type {GuestIp} from '../model/guest-network.ts';

/** `20.0.0.3/24, route 0.0.0.0/0 via 20.0.0.1, MTU 1500`. */
export function guestIpText({addresses, routes, mtuBytes}: GuestIp): string {
	const parts = [...addresses, ...routes.map(({to, via}) => `route ${to}${via === null ? '' : ` via ${via}`}`), ...mtuBytes === null ? [] : [`MTU ${mtuBytes}`]];
	return parts.join(', ') || 'no addresses';
}
