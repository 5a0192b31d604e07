// A regular expression as a tree: enough of the grammar for the catalogue's patterns, to see which
// words a line must have and that no pattern can take long. ECMA-262, section 22.2.1.

/** Characters that one place takes: `text` for exactly that one, otherwise a test. */
export interface CharacterNode {
	readonly kind: 'character';
	/** The character, where only one will do. */
	readonly text: string | null;
	/** Whether the place takes a character. */
	readonly takes: (character: string) => boolean;
}

export type PatternNode =
	| CharacterNode
	| {readonly kind: 'sequence'; readonly parts: readonly PatternNode[]}
	| {readonly kind: 'either'; readonly branches: readonly PatternNode[]}
	| {readonly kind: 'repeat'; readonly part: PatternNode; readonly least: number; readonly most: number}
	/** `^`, `$`, `\b`, and what is looked ahead or behind for: takes no characters. */
	| {readonly kind: 'place'};

/** The tree of a pattern; throws a SyntaxError where the grammar is beyond it (back references). */
export function patternTree({source, flags}: RegExp): PatternNode {
	return new PatternReader(source, flags.includes('i')).read();
}

class PatternReader {
	private at = 0;
	private readonly source: string;
	private readonly fold: boolean;

	constructor(source: string, fold: boolean) {
		this.source = source;
		this.fold = fold;
	}

	read(): PatternNode {
		const node = this.either();
		if (this.at < this.source.length) {
			throw new SyntaxError(`'${this.source}' has a ) too much`);
		}

		return node;
	}

	private either(): PatternNode {
		const branches = [this.sequence()];
		while (this.take('|')) {
			branches.push(this.sequence());
		}

		return branches.length === 1 ? branches[0]! : {kind: 'either', branches};
	}

	private sequence(): PatternNode {
		const parts: PatternNode[] = [];
		while (this.at < this.source.length && !'|)'.includes(this.source[this.at]!)) {
			parts.push(this.repeated(this.atom()));
		}

		return {kind: 'sequence', parts};
	}

	private repeated(part: PatternNode): PatternNode {
		const [text, symbol, least, comma, most] = /^(?:([*+?])|\{(\d+)(,)?(\d*)\})\??/.exec(this.source.slice(this.at)) ?? [];
		if (text === undefined) {
			return part;
		}

		this.at += text.length;
		return symbol === undefined
			? {kind: 'repeat', part, least: Number(least), most: comma === undefined ? Number(least) : most === '' ? Infinity : Number(most)}
			: {kind: 'repeat', part, least: symbol === '+' ? 1 : 0, most: symbol === '?' ? 1 : Infinity};
	}

	private atom(): PatternNode {
		const character = this.source[this.at++]!;
		switch (character) {
			case '(': {
				return this.group();
			}

			case '[': {
				return this.set();
			}

			case '.': {
				return {kind: 'character', text: null, takes: one => one !== '\n'};
			}

			case '^':
			case '$': {
				return {kind: 'place'};
			}

			case '\\': {
				return this.escape();
			}

			default: {
				return this.literal(character);
			}
		}
	}

	private group(): PatternNode {
		const opening = /^\?(?:[:=!]|<[=!]|<\w+>)/.exec(this.source.slice(this.at))?.[0] ?? '';
		this.at += opening.length;
		const inner = this.either();
		if (!this.take(')')) {
			throw new SyntaxError(`'${this.source}' has a ( too much`);
		}

		return /^\?<?[=!]/.test(opening) ? {kind: 'place'} : inner;
	}

	private escape(): PatternNode {
		const character = this.source[this.at++] ?? '';
		if (character === 'b' || character === 'B') {
			return {kind: 'place'};
		}

		if (/[\dkpPcux]/.test(character)) {
			if (!'d'.includes(character)) {
				throw new SyntaxError(`'${this.source}' has \\${character}, which is not read here`);
			}
		}

		return this.literal(`\\${character}`);
	}

	/** A set of characters: the engine itself says what is in it. */
	private set(): PatternNode {
		const from = this.at - 1;
		for (let end = this.at; end < this.source.length; end++) {
			if (this.source[end] === '\\') {
				end++;
			} else if (this.source[end] === ']') {
				this.at = end + 1;
				return this.literal(this.source.slice(from, this.at));
			}
		}

		throw new SyntaxError(`'${this.source}' has a [ too much`);
	}

	private literal(source: string): CharacterNode {
		const plain = /^\\[^\w\s]$/.test(source) ? source[1]! : /^\[[^\\^\]]\]$/.test(source) ? source[1]! : source.length === 1 ? source : null;
		if (plain !== null) {
			const folded = this.fold ? plain.toLowerCase() : plain;
			return {kind: 'character', text: plain, takes: one => (this.fold ? one.toLowerCase() : one) === folded};
		}

		// Made when it is asked for: a pattern's words need none of them.
		let test: RegExp | undefined;
		const {fold} = this;
		return {kind: 'character', text: null, takes(one) {
			test ??= new RegExp(`^${source}$`, fold ? 'i' : '');
			return test.test(one);
		}};
	}

	private take(character: string): boolean {
		if (this.source[this.at] !== character) {
			return false;
		}

		this.at++;
		return true;
	}
}
