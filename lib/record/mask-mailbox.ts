// MAC addresses in mailbox messages: words, not text.
import {operationOf, macOfWords} from '../model/mailbox-message.ts';

// RESET (its reply), SET_MAC and SET_MACVLAN carry an address in the second and third word.
const withAddress = new Set([0x01, 0x02, 0x06]);

/** `messages` of a VF with every address replaced by what `mask` makes of it. Hashes of multicast
 * groups stay: they name no card. */
export function maskMessages(text: string, mask: (mac: string) => string): string {
	return text.split('\n').map(line => {
		const [number, age, direction, ...words] = line.split(' ');
		const values = words.map(word => Number.parseInt(word, 16));
		const mac = values[0] !== undefined && withAddress.has(operationOf(values[0])) ? macOfWords(values) : undefined;
		return mac === undefined ? line : [number, age, direction, words[0], ...wordsOfMac(mask(mac)), ...words.slice(3)].join(' ');
	}).join('\n');
}

/** The words of an address, little endian as in memory. */
export function wordsOfMac(mac: string): [string, string] {
	const bytes = mac.split(':');
	return [bytes.slice(0, 4).toReversed().join(''), `0000${bytes.slice(4).toReversed().join('')}`];
}
