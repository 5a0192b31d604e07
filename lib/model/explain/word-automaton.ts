// Finds which of many words occur in bytes, in one pass, however many words there are (Aho and
// Corasick, Efficient string matching, CACM 18(6), 1975). ASCII letters of both cases are the same.

/** Built once, used for any number of buffers. */
export class WordAutomaton {
	/** States are numbered times `width`: the next one is `next[state + classes[byte]]`. */
	readonly next: Int32Array;
	readonly classes: Uint8Array;
	/** This state and those above it end words. */
	readonly firstEnd: number;
	/** The words that end in a state, by (state - firstEnd) / width. */
	readonly ends: ReadonlyArray<readonly number[]>;

	/** Words are ASCII, in lower case, and not empty. */
	constructor(words: readonly string[]) {
		const letters = [...new Set(words.join(''))].sort();
		const width = letters.length + 1;
		this.classes = new Uint8Array(256);
		for (const [index, letter] of letters.entries()) {
			this.classes[letter.charCodeAt(0)] = index + 1;
			this.classes[letter.toUpperCase().charCodeAt(0)] = index + 1;
		}

		const {children, ends} = withFailures(trie(words, this.classes, width), width);
		// States that end words come last, so that one comparison tells them.
		const silent = ends.filter(list => list === undefined).length;
		const place = new Int32Array(ends.length);
		let [nextSilent, nextEnd] = [0, silent];
		for (const [state, list] of ends.entries()) {
			place[state] = (list === undefined ? nextSilent++ : nextEnd++) * width;
		}

		this.next = new Int32Array(ends.length * width);
		for (let state = 0; state < ends.length; state++) {
			const [from, to] = [state * width, place[state]!];
			for (let letter = 0; letter < width; letter++) {
				this.next[to + letter] = place[children[from + letter]!]!;
			}
		}

		this.firstEnd = silent * width;
		this.width = width;
		this.ends = ends.filter(list => list !== undefined);
	}

	private readonly width: number;

	/** Calls `found` for every word that ends in the bytes, with the position behind it. */
	scan(bytes: Uint8Array, from: number, to: number, found: (word: number, end: number) => void): void {
		const {next, classes, firstEnd, width} = this;
		let state = 0;
		for (let at = from; at < to; at++) {
			state = next[state + classes[bytes[at]!]!]!;
			if (state >= firstEnd) {
				for (const word of this.ends[(state - firstEnd) / width]!) {
					found(word, at + 1);
				}
			}
		}
	}

	/** Position behind the first word that ends in the bytes, or -1. */
	first(bytes: Uint8Array, from: number, to: number): number {
		const {next, classes, firstEnd} = this;
		let state = 0;
		for (let at = from; at < to; at++) {
			state = next[state + classes[bytes[at]!]!]!;
			if (state >= firstEnd) {
				return at + 1;
			}
		}

		return -1;
	}
}

interface Trie {
	/** By state times width, plus letter; 0 where there is none. */
	children: Int32Array;
	/** The words that end in a state. */
	ends: Array<number[] | undefined>;
}

function trie(words: readonly string[], classes: Uint8Array, width: number): Trie {
	const most = words.reduce((sum, {length}) => sum + length, 1);
	const children = new Int32Array(most * width);
	const ends: Array<number[] | undefined> = [undefined];
	for (const [index, word] of words.entries()) {
		let state = 0;
		for (let at = 0; at < word.length; at++) {
			const letter = state * width + classes[word.charCodeAt(at)]!;
			if (children[letter] === 0) {
				children[letter] = ends.push(undefined) - 1;
			}

			state = children[letter]!;
		}

		(ends[state] ??= []).push(index);
	}

	return {children, ends};
}

/** Fills in where to go on when no word goes on: the longest end of what was read that begins a word. */
function withFailures({children, ends}: Trie, width: number): Trie {
	const failure = new Int32Array(ends.length);
	const queue = [...children.subarray(0, width)].filter(state => state !== 0);
	for (let at = 0; at < queue.length; at++) {
		const state = queue[at]!;
		const back = failure[state]!;
		const inherited = ends[back];
		if (inherited !== undefined) {
			ends[state] = [...ends[state] ?? [], ...inherited];
		}

		for (let letter = 0; letter < width; letter++) {
			const child = children[state * width + letter]!;
			const other = children[back * width + letter]!;
			if (child === 0) {
				children[state * width + letter] = other;
			} else {
				failure[child] = other;
				queue.push(child);
			}
		}
	}

	return {children, ends};
}
