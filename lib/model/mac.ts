// Ethernet addresses.
import {AppError} from '../errors.ts';

/** A MAC address in its one canonical spelling: lower case, colons. */
export type Mac = string & {readonly brand: 'Mac'};

export const zeroMac = '00:00:00:00:00:00' as Mac;

/** The address in canonical spelling, or undefined when the text is none. Zero and multicast
 * addresses are addresses too: drivers show them. */
export function parseMac(text: string): Mac | undefined {
	return /^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(text) ? text.replaceAll('-', ':').toLowerCase() as Mac : undefined;
}

/** A MAC that may be given to a VF; throws BAD_MAC for malformed, zero and multicast ones
 * (is_valid_ether_addr in the kernel's etherdevice.h). */
export function toVfMac(text: string): Mac {
	const mac = parseMac(text);
	const refuse = (why: string) =>
		new AppError('BAD_MAC', `'${text}' cannot be the MAC address of a VF`, {why, fix: 'use a unicast address such as 52:54:00:12:34:56'});
	if (mac === undefined) {
		throw refuse('it is not six pairs of hexadecimal digits');
	}

	if (mac === zeroMac) {
		throw refuse('the zero address means "no address" to every driver');
	}

	if (isMulticast(mac)) {
		throw refuse('it is a multicast address: the lowest bit of its first byte is set');
	}

	return mac;
}

/** Multicast or broadcast. */
export function isMulticast(mac: Mac): boolean {
	return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** A locally administered unicast MAC under the prefix of QEMU and libvirt (52:54:00), from
 * three bytes of the caller's choice. */
export function localMac(bytes: readonly [number, number, number]): Mac {
	return ['52', '54', '00', ...bytes.map(byte => (byte & 0xff).toString(16).padStart(2, '0'))].join(':') as Mac;
}
