// Finds, in the bytes of a log, the lines that have a word that matters. Every other line costs one
// pass over its bytes; what is kept of a log is one unfinished line.
import type {WordAutomaton} from './word-automaton.ts';

/** A line is cut here: no kernel writes more than 1 KiB, QEMU's longest have a few. */
export const longestLineBytes = 8192;

const newline = 0x0a;

export interface ScannedLine {
	/** Without its end. */
	readonly text: string;
	/** Numbers of the words in it, each once. */
	readonly words: ReadonlySet<number>;
	/** Of its first byte, in everything that was pushed. */
	readonly offset: number;
}

export class LineScanner {
	/** Bytes that came. */
	bytes = 0;
	/** Lines that were longer than is looked at. */
	cutLines = 0;
	private readonly automaton: WordAutomaton;
	private readonly isWhole: (word: number, bytes: Uint8Array, end: number) => boolean;
	private readonly tell: (line: ScannedLine) => void;
	private readonly decoder = new TextDecoder();
	private carry = new Uint8Array(longestLineBytes);
	private carried = 0;
	private skipping = false;

	/** `isWhole` says whether what was found is the word and not the end of a longer one. */
	constructor(automaton: WordAutomaton, isWhole: (word: number, bytes: Uint8Array, end: number) => boolean, tell: (line: ScannedLine) => void) {
		this.automaton = automaton;
		this.isWhole = isWhole;
		this.tell = tell;
	}

	/** The next bytes, cut anywhere. */
	push(chunk: Uint8Array): void {
		const from = this.finishCarried(chunk);
		const last = chunk.lastIndexOf(newline) + 1;
		if (from < last) {
			this.scan(chunk, from, last, this.bytes);
		}

		this.keep(chunk, Math.max(from, last));
		this.bytes += chunk.length;
	}

	/** The log ends here, or rests: what is there of a last line counts as one. */
	end(): void {
		if (this.carried > 0) {
			this.scan(this.carry, 0, this.carried, this.bytes - this.carried);
			this.carried = 0;
		}

		this.skipping = false;
	}

	/** Completes the line that the last chunk left; the position behind it. */
	private finishCarried(chunk: Uint8Array): number {
		if (this.carried === 0 && !this.skipping) {
			return 0;
		}

		const end = chunk.indexOf(newline);
		const to = end === -1 ? chunk.length : end;
		if (!this.skipping) {
			this.keep(chunk, 0, to);
		}

		if (end === -1) {
			return chunk.length;
		}

		if (this.carried > 0) {
			this.scan(this.carry, 0, this.carried, this.bytes + to - this.carried);
		}

		this.carried = 0;
		this.skipping = false;
		return end + 1;
	}

	/** Adds to the unfinished line; one that becomes too long is told as far as it goes, and its
	 * rest skipped. */
	private keep(chunk: Uint8Array, from: number, to = chunk.length): void {
		if (from >= to || this.skipping) {
			return;
		}

		const room = longestLineBytes - this.carried;
		const part = chunk.subarray(from, Math.min(to, from + room));
		this.carry.set(part, this.carried);
		this.carried += part.length;
		if (to - from > room) {
			this.cutLines++;
			this.scan(this.carry, 0, this.carried, this.bytes);
			this.carried = 0;
			this.skipping = true;
		}
	}

	private scan(bytes: Uint8Array, from: number, to: number, offset: number): void {
		for (let at = from; at < to;) {
			const hit = this.automaton.first(bytes, at, to);
			if (hit === -1) {
				return;
			}

			const start = Math.max(at, bytes.lastIndexOf(newline, hit - 1) + 1);
			const found = bytes.indexOf(newline, hit);
			const end = found === -1 || found > to ? to : found;
			this.line(bytes, start, end, offset);
			at = end + 1;
		}
	}

	private line(bytes: Uint8Array, start: number, lineEnd: number, offset: number): void {
		const end = Math.min(lineEnd, start + longestLineBytes);
		if (end < lineEnd) {
			this.cutLines++;
		}

		const words = new Set<number>();
		this.automaton.scan(bytes, start, end, (word, behind) => {
			if (this.isWhole(word, bytes, behind)) {
				words.add(word);
			}
		});
		if (words.size > 0) {
			this.tell({text: this.decoder.decode(bytes.subarray(start, end)), words, offset: offset + start});
		}
	}
}
