// Reads values out of a YAML tree and notes everything that is not as it must be, with its place.
import {AppError} from '../errors.ts';
import {shortened, type Path, type Problem} from './problems.ts';
import type {YamlMap, YamlNode} from './yaml.ts';

// More than any host has: 16 PFs with 256 VFs, each named several times.
const maximumNamedVfs = 100_000;

/** What reading one file has found out. */
export class Findings {
	readonly problems: Problem[] = [];
	#namedVfs = 0;

	/** Counts VFs that a place names: a small file could name endlessly many. False, and a problem
	 * the first time, when they are too many. */
	nameVfs(count: number, cursor: Cursor): boolean {
		const before = this.#namedVfs;
		this.#namedVfs += count;
		if (before <= maximumNamedVfs && this.#namedVfs > maximumNamedVfs) {
			cursor.refuse(`more than ${maximumNamedVfs} VFs are named`, 'no host has that many');
		}

		return this.#namedVfs <= maximumNamedVfs;
	}

	/** There is no use in reading more ranges. */
	get tooManyVfs(): boolean {
		return this.#namedVfs > maximumNamedVfs;
	}
}

/** One value and where it stands. All readers return undefined after noting a problem. */
export class Cursor {
	readonly node: YamlNode;
	readonly path: Path;
	readonly findings: Findings;

	constructor(node: YamlNode, path: Path, findings: Findings) {
		this.node = node;
		this.path = path;
		this.findings = findings;
	}

	/** Notes a problem with this value. */
	refuse(what: string, why: string, fix?: string): undefined {
		this.findings.problems.push({path: this.path, at: this.node.at, what, why, fix});
	}

	/** The keys that may be here. Others are noted, with the name that was probably meant. */
	fields(known: readonly string[], foreign: Readonly<Record<string, string>> = {}): Fields | undefined {
		const map = this.map(`a mapping with ${known.join(', ')}`);
		if (!map) {
			return undefined;
		}

		for (const [name, {keyAt}] of map.entries) {
			if (!known.includes(name)) {
				const meant = suggestion(name, known, foreign);
				this.findings.problems.push({
					path: [...this.path, name], at: keyAt, what: `there is no key '${shortened(name)}' here`,
					why: meant === undefined ? `the keys here are: ${known.join(', ')}` : `did you mean '${meant}'?`,
					fix: meant === undefined ? undefined : `write ${meant}`,
				});
			}
		}

		return new Fields(this, map);
	}

	/** The known keys; what else is here is handed to `leave`: other programs' files say much that is
	 * no mistake. */
	someFields(known: readonly string[], leave: (left: Cursor) => void): Fields | undefined {
		const map = this.map(`a mapping with ${known.join(', ')}`);
		for (const [name, {node}] of map?.entries ?? []) {
			if (!known.includes(name)) {
				leave(new Cursor(node, [...this.path, name], this.findings));
			}
		}

		return map && new Fields(this, map);
	}

	/** Every entry of a mapping whose keys are names. */
	entries(what: string): Array<{name: string; value: Cursor; refuseName: (what: string, why: string, fix?: string) => undefined}> {
		const map = this.map(what);
		return [...map?.entries ?? []].map(([name, {keyAt, node}]) => {
			const path = [...this.path, name];
			return {
				name,
				value: new Cursor(node, path, this.findings),
				refuseName: (problem, why, fix) => {
					this.findings.problems.push({path, at: keyAt, what: problem, why, fix});
				},
			};
		});
	}

	/** The items of a list. */
	items(what: string): Cursor[] {
		if (this.node.kind !== 'list') {
			this.refuse(this.found(), `it must be ${what}`);
			return [];
		}

		return this.node.items.map((item, index) => new Cursor(item, [...this.path, index], this.findings));
	}

	/** A list, or one item alone. */
	itemsOrOne(what: string): Cursor[] {
		return this.node.kind === 'list' ? this.items(what) : [this];
	}

	/** Text, in quotes or not. */
	text(what: string): string | undefined {
		return this.node.kind === 'scalar' ? this.node.text : this.refuse(this.found(), `it must be ${what}`);
	}

	/** A whole number in decimal digits. */
	whole(minimum: number, maximum: number, what: string): number | undefined {
		const must = `it must be ${what}, a whole number from ${minimum} to ${maximum}`;
		if (this.node.kind !== 'scalar') {
			return this.refuse(this.found(), must);
		}

		const {text, quoted} = this.node;
		if (!/^(?:0|-?[1-9]\d{0,14})$/.test(text)) {
			return this.refuse(this.found(), must, /^[\d_,.xobe+-]+$/i.test(text) ? 'write it in decimal digits' : undefined);
		}

		if (quoted) {
			return this.refuse(`${text} is in quotes, which makes it a text`, must, `write ${text}`);
		}

		const value = Number(text);
		return value < minimum || value > maximum ? this.refuse(this.found(), must) : value;
	}

	/** true or false, as YAML 1.2 writes them. */
	flag(what: string): boolean | undefined {
		const must = `it must be true or false: ${what}`;
		if (this.node.kind !== 'scalar') {
			return this.refuse(this.found(), must);
		}

		const {text, quoted} = this.node;
		if (!quoted && (text === 'true' || text === 'false')) {
			return text === 'true';
		}

		const meant = /^(?:on|yes|y|true|1|enabled?)$/i.test(text) ? 'true' : /^(?:off|no|n|false|0|disabled?)$/i.test(text) ? 'false' : undefined;
		return this.refuse(quoted ? `"${shortened(text)}" is in quotes, which makes it a text` : this.found(), meant === undefined ? must : `${must}; yes, no, on and off are words since YAML 1.2`, meant && `write ${meant}`);
	}

	/** One of some words. */
	word<Word extends string>(words: readonly Word[], what: string): Word | undefined {
		const must = `it must be ${what}: ${words.join(' or ')}`;
		if (this.node.kind !== 'scalar') {
			return this.refuse(this.found(), must);
		}

		const {text} = this.node;
		const found = words.find(word => word === text);
		const meant = nearest(text, words);
		return found ?? this.refuse(this.found(), must, meant && `write ${meant}`);
	}

	/** What `read` makes of the text; its AppError (BAD_MAC, BAD_ADDRESS) becomes a problem here. */
	parsed<Value>(what: string, read: (text: string) => Value): Value | undefined {
		const text = this.text(what);
		if (text === undefined) {
			return undefined;
		}

		try {
			return read(text);
		} catch (error) {
			if (!(error instanceof AppError)) {
				throw error;
			}

			return this.refuse(shortenedText(error.message), error.why ?? `it must be ${what}`, error.fix);
		}
	}

	/** What is there, in words. */
	found(): string {
		switch (this.node.kind) {
			case 'map': {
				return 'here is a mapping';
			}

			case 'list': {
				return 'here is a list';
			}

			case 'null': {
				return 'here is nothing';
			}

			case 'scalar': {
				return `here is '${shortened(this.node.text)}'`;
			}
		}
	}

	private map(what: string): YamlMap | undefined {
		return this.node.kind === 'map' ? this.node : this.refuse(this.found(), `it must be ${what}`);
	}
}

/** The values of a mapping with known keys. */
export class Fields {
	readonly cursor: Cursor;
	private readonly map: YamlMap;

	constructor(cursor: Cursor, map: YamlMap) {
		this.cursor = cursor;
		this.map = map;
	}

	get(name: string): Cursor | undefined {
		const entry = this.map.entries.get(name);
		return entry && new Cursor(entry.node, [...this.cursor.path, name], this.cursor.findings);
	}

	/** Notes a problem when it is missing. */
	need(name: string, why: string): Cursor | undefined {
		return this.get(name) ?? this.cursor.refuse(`'${name}' is missing`, why);
	}
}

/** The key that was meant: one that other programs call so, or the nearest spelling. */
function suggestion(name: string, known: readonly string[], foreign: Readonly<Record<string, string>>): string | undefined {
	const plain = plainWord(name);
	const meant = Object.entries(foreign).find(([other]) => plainWord(other) === plain)?.[1];
	return known.find(key => plainWord(key) === plain) ?? (meant !== undefined && known.includes(meant) ? meant : undefined) ?? nearest(name, known);
}

function plainWord(word: string): string {
	return word.replaceAll(/[-_ ]/g, '').toLowerCase();
}

/** The word at the smallest distance, when that is small for its length. */
function nearest<Word extends string>(text: string, words: readonly Word[]): Word | undefined {
	if (text.length > 40) {
		return undefined;
	}

	const [best] = words.map(word => ({word, distance: editDistance(plainWord(text), plainWord(word))}))
		.filter(({word, distance}) => distance <= Math.max(1, Math.floor(word.length / 3)))
		.toSorted((a, b) => a.distance - b.distance);
	return best?.word;
}

// Levenshtein, one row at a time.
function editDistance(a: string, b: string): number {
	let row = Array.from({length: b.length + 1}, (_, index) => index);
	for (const [i, letter] of [...a].entries()) {
		const next = [i + 1];
		for (const [j, other] of [...b].entries()) {
			next.push(Math.min(row[j]! + (letter === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
		}

		row = next;
	}

	return row.at(-1)!;
}

// A message that quotes the value quotes all of it.
function shortenedText(text: string): string {
	return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}
