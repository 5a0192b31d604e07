// What the words of mailbox messages mean. Numbers from ixgbe_mbx.h and e1000_mbx.h (igb) of Linux
// 6.12; 1.6 and 1.7 from ixgbe of 6.18. Words come from guests: any number can be in any of them.
import {parseMac, type Mac} from './mac.ts';
import {versionName, type MailboxMessage} from './mailbox.ts';

export type Reply = 'ack' | 'nack';

// Bits of the first word (IXGBE_VT_MSGTYPE_*, E1000_VT_MSGTYPE_*).
const ackBit = 0x80_00_00_00;
const nackBit = 0x40_00_00_00;
const ctsBit = 0x20_00_00_00;

/** The answer that the first word carries; null for a request or a ping. A word with both bits
 * grants nothing. */
export function replyOf(word: number): Reply | null {
	return hasBit(word, nackBit) ? 'nack' : hasBit(word, ackBit) ? 'ack' : null;
}

/** Clear to send: the VF has been reset and may ask for things. */
export function isClear(word: number): boolean {
	return hasBit(word, ctsBit);
}

/** The operation: low 16 bits of the first word. */
export function operationOf(word: number): number {
	return word & 0xff_ff;
}

/** Bits 16 to 23 of the first word (MSGINFO). */
function infoOf(word: number): number {
	return (word >>> 16) & 0xff;
}

type Arguments = (words: readonly number[], info: number) => string;

interface Operation {
	name: string;
	/** What a request asks for. */
	ask?: Arguments;
	/** What a granted reply says. */
	answer?: Arguments;
}

const number: Arguments = ([, value]) => value === undefined ? '' : String(value);
const vlan: Arguments = ([, id], info) => id === undefined ? '' : `${info === 0 ? 'remove' : 'add'} ${id & 0xf_ff}`;
const address: Arguments = words => macOfWords(words) ?? '';
const count: Arguments = (_, info) => `${info} addresses`;

const shared: Readonly<Record<number, Operation>> = {
	0x00: {name: 'EMPTY'},
	0x01: {name: 'RESET', answer: address},
	0x03: {name: 'SET_MULTICAST', ask: count},
	0x04: {name: 'SET_VLAN', ask: vlan},
	0x05: {name: 'SET_LPE', ask: ([, bytes]) => bytes === undefined ? '' : `${bytes} bytes`},
	0x1_00: {name: 'CONTROL'},
};

const operations: Readonly<Record<string, Readonly<Record<number, Operation>>>> = {
	igb: {
		...shared,
		// The same operation with more: igb_set_vf_mac_filter.
		0x02: {name: 'SET_MAC', ask: (words, info) => `${info === 0 ? '' : info === 1 ? 'clear filters' : info === 2 ? 'add filter ' : `filter ${info} `}${info === 1 ? '' : macOfWords(words) ?? ''}`},
		0x06: {name: 'SET_PROMISC', ask: (_, info) => info === 2 ? 'multicast' : info === 0 ? 'off' : `bits ${info}`},
	},
	ixgbe: {
		...shared,
		0x02: {name: 'SET_MAC', ask: address},
		// Index 0 takes all away.
		0x06: {name: 'SET_MACVLAN', ask: (words, info) => info === 0 ? 'clear' : macOfWords(words) ?? ''},
		0x08: {name: 'API_NEGOTIATE', ask: ([, wire]) => wire === undefined ? '' : versionName(wire)},
		0x09: {name: 'GET_QUEUES', answer: ([, transmit, receive]) => transmit === undefined || receive === undefined ? '' : `${transmit} transmit, ${receive} receive`},
		0x0a: {name: 'GET_RETA'},
		0x0b: {name: 'GET_RSS_KEY'},
		0x0c: {name: 'UPDATE_XCAST_MODE', ask: ([, mode]) => mode === undefined ? '' : ['none', 'multicast', 'all multicast', 'promiscuous'][mode] ?? `mode ${mode}`},
		0x0d: {name: 'IPSEC_ADD'},
		0x0e: {name: 'IPSEC_DEL', ask: number},
		0x10: {name: 'GET_LINK_STATE', answer: ([, state]) => state === undefined ? '' : state === 0 ? 'disabled' : 'enabled'},
		0x11: {name: 'GET_PF_LINK_STATE'},
		0x12: {name: 'FEATURES_NEGOTIATE', ask: features, answer: features},
	},
};

// IXGBE_PF_SUP_IPSEC and IXGBE_PF_SUP_ESX_MBX.
function features([, bits]: readonly number[]): string {
	if (bits === undefined) {
		return '';
	}

	const names = [...(bits & 1) === 0 ? [] : ['IPsec'], ...(bits & 2) === 0 ? [] : ['ESX mailbox'], ...(bits & ~3) === 0 ? [] : [`bits ${hex(bits & ~3)}`]];
	return names.length === 0 ? 'none' : names.join(', ');
}

/** `SET_MAC`; `op 0x23` for what no driver knows. */
export function operationName(driver: string, word: number): string {
	return operationIn(driver, word)?.name ?? `op 0x${operationOf(word).toString(16).padStart(2, '0')}`;
}

function operationIn(driver: string, word: number): Operation | undefined {
	const table = operations[driver] ?? shared;
	const key = operationOf(word);
	return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** A request with what became of it, or a message that the PF sent by itself. */
export interface Exchange {
	/** Of its last message, by which a reader knows what it has seen. */
	readonly number: number;
	readonly ageMs: number;
	/** The PF began it. */
	readonly ping: boolean;
	readonly operation: string;
	/** Its words by name: a MAC, a VLAN id, a version; empty when there is nothing to say. */
	readonly asked: string;
	readonly reply: Reply | null;
	readonly answered: string;
	/** A refused RESET means no more than this: the VF has no MAC from the admin and makes one up. */
	readonly harmless: boolean;
	readonly words: {readonly asked: readonly string[]; readonly answered: readonly string[] | null};
}

/** Puts each request together with its reply. A reply whose request is not among the messages any
 * more stands alone. */
export function exchangesOf(driver: string, messages: readonly MailboxMessage[]): Exchange[] {
	const exchanges: Exchange[] = [];
	let open: MailboxMessage | undefined;
	const close = () => {
		if (open) {
			exchanges.push(exchange(driver, open, undefined));
			open = undefined;
		}
	};

	for (const message of messages) {
		const word = first(message);
		const answers = message.direction === 'out' && replyOf(word) !== null;
		if (answers && open && operationOf(first(open)) === operationOf(word)) {
			exchanges.push(exchange(driver, open, message));
			open = undefined;
		} else if (message.direction === 'in' && replyOf(word) === null) {
			close();
			open = message;
		} else if (message.direction === 'out') {
			// A ping may come between a request and its reply, which is on its way still.
			exchanges.push(exchange(driver, undefined, message));
		} else {
			exchanges.push(exchange(driver, message, undefined));
		}
	}

	close();
	return exchanges.toSorted((a, b) => a.number - b.number);
}

function exchange(driver: string, request: MailboxMessage | undefined, reply: MailboxMessage | undefined): Exchange {
	const last = (reply ?? request) as MailboxMessage;
	const word = first(request ?? last);
	const operation = operationIn(driver, word);
	// A VF confirms pings by sending them back with a bit of its own: no answer of the PF.
	const said = reply ? replyOf(first(reply)) : null;
	return {
		number: last.number,
		ageMs: last.ageMs,
		ping: request === undefined && said === null,
		operation: operationName(driver, word),
		asked: request ? operation?.ask?.(request.words, infoOf(word)) ?? '' : '',
		reply: said,
		answered: reply && said === 'ack' ? operation?.answer?.(reply.words, infoOf(first(reply))) ?? '' : '',
		harmless: said === 'nack' && operationOf(word) === 1,
		words: {asked: (request?.words ?? []).map(one => hex(one)), answered: reply?.words.map(one => hex(one)) ?? null},
	};
}

/** `SET_MAC 52:54:00:11:22:33 -> NACK`. */
export function exchangeText({ping, operation, asked, reply, answered, harmless}: Exchange): string {
	const request = asked === '' ? operation : `${operation} ${asked}`;
	if (ping) {
		return `PF: ${request}`;
	}

	const answer = reply === null ? 'no reply' : `${reply.toUpperCase()}${answered === '' ? '' : ` ${answered}`}${harmless ? ' (no MAC from the admin)' : ''}`;
	return `${request} -> ${answer}`;
}

/** The MAC in the second and third word: its bytes lie there as in memory (little endian). */
export function macOfWords([, low, high]: readonly number[]): Mac | undefined {
	if (low === undefined || high === undefined) {
		return undefined;
	}

	const bytes = [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8];
	return parseMac(bytes.map(byte => (byte & 0xff).toString(16).padStart(2, '0')).join(':'));
}

function first({words}: MailboxMessage): number {
	return words[0] ?? 0;
}

// JavaScript's bit operations are signed; the highest bit is one of those asked for.
function hasBit(word: number, bit: number): boolean {
	return ((word & bit) >>> 0) !== 0;
}

function hex(word: number): string {
	return (word >>> 0).toString(16).padStart(8, '0');
}
