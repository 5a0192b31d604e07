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
		const order = [...ends.keys()].sort((a, b) => Number(ends[a]!.length > 0) - Number(ends[b]!.length > 0) || a - b);
		const place = new Int32Array(ends.length);
		for (const [index, state] of order.entries()) {
			place[state] = index;
		}

		this.next = new Int32Array(ends.length * width);
		for (const [state, list] of children.entries()) {
			for (const [letter, child] of list.entries()) {
				this.next[place[state]! * width + letter] = place[child]! * width;
			}
		}

		const silent = ends.filter(({length}) => length === 0).length;
		this.firstEnd = silent * width;
		this.width = width;
		this.ends = order.slice(silent).map(state => ends[state]!);
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
	/** By state and letter; 0 where there is none. */
	children: number[][];
	ends: number[][];
}

function trie(words: readonly string[], classes: Uint8Array, width: number): Trie {
	const children = [new Array<number>(width).fill(0)];
	const ends: number[][] = [[]];
	for (const [index, word] of words.entries()) {
		let state = 0;
		for (let at = 0; at < word.length; at++) {
			const letter = classes[word.charCodeAt(at)]!;
			if (children[state]![letter] === 0) {
				children[state]![letter] = children.push(new Array<number>(width).fill(0)) - 1;
				ends.push([]);
			}

			state = children[state]![letter]!;
		}

		ends[state]!.push(index);
	}

	return {children, ends};
}

/** Fills in where to go on when no word goes on: the longest end of what was read that begins a word. */
function withFailures({children, ends}: Trie, width: number): Trie {
	const failure = new Int32Array(children.length);
	const queue = children[0]!.filter(state => state !== 0);
	for (let at = 0; at < queue.length; at++) {
		const state = queue[at]!;
		const back = failure[state]!;
		ends[state]!.push(...ends[back]!);
		for (let letter = 0; letter < width; letter++) {
			const child = children[state]![letter]!;
			if (child === 0) {
				children[state]![letter] = children[back]![letter]!;
			} else {
				failure[child] = children[back]![letter]!;
				queue.push(child);
			}
		}
	}

	return {children, ends};
}
