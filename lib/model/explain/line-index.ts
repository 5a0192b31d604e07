// From the words in a line to the entries that may explain it.
import type {MessageEntry} from '../messages/message-entry.ts';
import {qemuNames} from './match-line.ts';
import {patternTree} from './pattern-tree.ts';
import {neededWords} from './pattern-words.ts';
import {WordAutomaton} from './word-automaton.ts';

export interface LineIndex {
	readonly automaton: WordAutomaton;
	/** Whether a word that ends at `end` is one, and not the tail of another. */
	isWhole(word: number, bytes: Uint8Array, end: number): boolean;
	/** Entries that the words may belong to. */
	entriesOf(words: ReadonlySet<number>): MessageEntry[];
	/** One of the words says that a driver of the catalogue speaks. */
	hasDriver(words: ReadonlySet<number>): boolean;
	/** The line has its message as JSON numbers, so that its words are not to be seen in the bytes. */
	hasBytes(words: ReadonlySet<number>): boolean;
	/** The line is the time that `dmesg -J` has for the next one. */
	hasJsonTime(words: ReadonlySet<number>): boolean;
	readonly drivers: ReadonlySet<string>;
}

// Whoever speaks about everything: their unknown lines say nothing about VFs.
const talkative = new Set(['kernel', 'systemd', 'kvm', 'audit', 'pci', 'pcieport', 'NetworkManager', 'dnsmasq', 'virsh', 'error', 'bash', 'sh', 'zsh', 'sudo', 'ip', 'modprobe', 'systemd-udevd', 'udevd', 'RTNETLINK answers']);

/** An index of entries, made once (milliseconds). */
export function lineIndex(entries: readonly MessageEntry[]): LineIndex {
	const owners = new Map<string, Set<number>>();
	for (const [index, {pattern, id}] of entries.entries()) {
		const words = neededWords(patternTree(pattern));
		if (words === undefined) {
			throw new TypeError(`the pattern of ${id} has no word that a line must have`);
		}

		for (const word of words) {
			owners.set(word, (owners.get(word) ?? new Set()).add(index));
		}
	}

	const speakers = entries.flatMap(({from = []}) => from);
	const drivers = new Set([...speakers, ...speakers.includes('qemu') ? qemuNames : [], ...speakers.includes('libvirt') ? ['libvirtd'] : []].filter(name => /^[\w-]+$/.test(name) && !talkative.has(name)));
	const entryWords = [...owners.keys()];
	const bytesWords = ['"message":[', '"message" : ['];
	const timeWords = ['"time":', '"time" :'];
	// A device's prefix has its address behind the driver, most often in domain 0.
	const driverWords = [...drivers].flatMap(name => [`${name} 0`, `${name} 1`, `${name}:`, `${name}[`]).map(word => word.toLowerCase());
	// libvirtd's own files do not name it.
	const libvirtWords = drivers.has('libvirtd') ? [': error : ', ': warning : '] : [];
	const words = [...entryWords, ...bytesWords, ...timeWords, ...driverWords, ...libvirtWords];
	const firstBytes = entryWords.length;
	const firstTime = firstBytes + bytesWords.length;
	const firstDriver = firstTime + timeWords.length;
	const has = (found: ReadonlySet<number>, from: number, to: number) => [...found].some(word => word >= from && word < to);
	return {
		automaton: new WordAutomaton(words),
		isWhole: (word, bytes, end) => word < firstDriver || words[word]!.startsWith(':') || !isWordByte(bytes[end - words[word]!.length - 1]),
		entriesOf: found => [...new Set([...found].filter(word => word < firstBytes).flatMap(word => [...owners.get(entryWords[word]!)!]))].map(index => entries[index]!),
		hasDriver: found => has(found, firstDriver, words.length),
		hasBytes: found => has(found, firstBytes, firstTime),
		hasJsonTime: found => has(found, firstTime, firstDriver),
		drivers,
	};
}

function isWordByte(byte: number | undefined): boolean {
	return byte !== undefined && /[\w-]/.test(String.fromCharCode(byte));
}
