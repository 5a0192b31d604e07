// YAML of unknown origin as plain trees with places: a part of YAML 1.2 that says one thing to
// everybody. No anchors, aliases, tags, merge keys or directives; scalars stay text.
import {Composer, CST, isMap, isScalar, isSeq, Lexer, Parser, type Document, type ParsedNode} from 'yaml';
import {AppError} from '../errors.ts';
import {problemsError, shortened, type Problem} from './problems.ts';

export interface YamlMap {
	readonly kind: 'map';
	/** Offset in the text. */
	readonly at: number;
	readonly entries: ReadonlyMap<string, {readonly keyAt: number; readonly node: YamlNode}>;
}

export interface YamlList {
	readonly kind: 'list';
	readonly at: number;
	readonly items: readonly YamlNode[];
}

/** A scalar as written; what it means is for the reader to say, who knows what belongs there. */
export interface YamlScalar {
	readonly kind: 'scalar';
	readonly at: number;
	readonly text: string;
	readonly quoted: boolean;
}

export interface YamlNull {
	readonly kind: 'null';
	readonly at: number;
}

export type YamlNode = YamlMap | YamlList | YamlScalar | YamlNull;

export interface YamlOptions {
	/** Kind of the file, for messages: 'host file'. */
	what: string;
	/** Several documents in one file, as kubectl takes them. */
	many?: boolean;
}

/** Longest text that is read, in characters and in bytes. */
export const maximumTextLength = 1_048_576;

// Eight PFs with 256 VFs each, every setting of each VF told, are about 160 000.
const maximumTokens = 200_000;
const maximumDocuments = 1000;
const maximumDepth = 24;
const maximumIndent = 200;
const maximumScalar = 10_000;

/** The documents of a text; throws BAD_HOST_FILE with line and column, and nothing else. */
export function loadYaml(text: string, options: YamlOptions): YamlNode[] {
	const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
	const refuse = (at: number | undefined, what: string, why: string, fix?: string): never => {
		throw problemsError(options.what, body, [{path: [], at, what, why, fix}]);
	};

	if (text.length > maximumTextLength) {
		refuse(undefined, `it has more than ${maximumTextLength} characters`, 'no host needs that many, so this is another file');
	}

	const odd = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFEFF]/.exec(body);
	if (odd) {
		refuse(odd.index, `there is a control character (U+${odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')})`, 'a text file has none');
	}

	const documents = compose(body, refuse);
	const trees = documents.filter(document => document.contents !== null).map(document => toNode(document.contents!, body, options.what, []));
	if (documents.length > 1 && options.many !== true) {
		refuse(documents[1]!.range[0], 'a second document begins', 'one file says one thing', 'take away the line ---');
	}

	const filled = trees.filter(({kind}) => kind !== 'null');
	if (filled.length === 0) {
		refuse(undefined, 'it is empty', 'it says nothing');
	}

	return filled;
}

type Refuse = (at: number | undefined, what: string, why: string, fix?: string) => never;

function compose(text: string, refuse: Refuse): Document.Parsed[] {
	const composer = new Composer({schema: 'failsafe', version: '1.2', uniqueKeys: false, prettyErrors: false, strict: true, merge: false, logLevel: 'silent'});
	const documents: Document.Parsed[] = [];
	try {
		for (const document of composer.compose(tokens(text, refuse), true, text.length)) {
			const [problem] = [...document.errors, ...document.warnings];
			if (problem) {
				refuse(problem.pos[0], 'this is not YAML', shortenedSentence(problem.message), problem.message.startsWith('Nested mappings') ? 'put a text with a colon at its end, or a colon and a blank in it, in quotes' : undefined);
			}

			documents.push(document);
		}
	} catch (error) {
		if (error instanceof AppError) {
			throw error;
		}

		// The library recurses and throws on what it did not expect: whatever it met, it is no host file.
		refuse(undefined, 'this is not YAML', shortenedSentence(error instanceof Error ? error.message : String(error)));
	}

	return documents;
}

// yaml's messages end with the place, sometimes.
function shortenedSentence(message: string): string {
	return shortened(message.split('\n')[0]!.replace(/ at line \d+.*$/, ''));
}

/** Tokens into the parser, each looked at before: depth and number are limited here, because what
 * comes later takes time and stack by them. */
function* tokens(text: string, refuse: Refuse): Generator<CST.Token, void> {
	const parser = new Parser();
	let at = 0;
	let count = 0;
	let documents = 0;
	let flowDepth = 0;
	// Block indicators since the line began: `- - -` nests without indentation.
	let indicators = 0;
	let lineStart = true;
	for (const source of new Lexer().lex(text)) {
		const type = CST.tokenType(source);
		switch (type) {
			case 'anchor':
			case 'alias': {
				refuse(at, `'${shortened(source)}' is an ${type}`, 'anchors and aliases are not read here: a small file could say endlessly much with them', 'write it out; a text that begins with & or * goes in quotes');
				break;
			}

			case 'tag': {
				refuse(at, `'${shortened(source)}' is a tag`, 'every key has one type, so there is nothing that a tag could say', 'leave it out; a text that begins with ! goes in quotes');
				break;
			}

			case 'directive-line': {
				refuse(at, `'${shortened(source)}' is a directive`, 'the file is YAML 1.2 and nothing else', 'leave the line out');
				break;
			}

			case 'flow-map-start':
			case 'flow-seq-start': {
				flowDepth++;
				break;
			}

			case 'flow-map-end':
			case 'flow-seq-end': {
				flowDepth--;
				if (flowDepth < 0) {
					refuse(at, `'${source}' closes what was never opened`, 'brackets and braces come in pairs');
				}

				break;
			}

			case 'flow-error-end': {
				flowDepth = 0;
				break;
			}

			case 'seq-item-ind':
			case 'explicit-key-ind':
			case 'map-value-ind': {
				indicators += flowDepth === 0 ? 1 : 0;
				break;
			}

			case 'doc-start': {
				if (++documents > maximumDocuments) {
					refuse(at, `it has more than ${maximumDocuments} documents`, 'nobody has that many');
				}

				break;
			}

			case 'newline': {
				indicators = 0;
				break;
			}

			default:
		}

		if (flowDepth > maximumDepth || indicators > maximumDepth || (lineStart && type === 'space' && source.length > maximumIndent)) {
			refuse(at, 'it is nested too deeply', `nothing in it lies deeper than ${maximumDepth} levels`);
		}

		if (source.length > maximumScalar && type !== 'comment' && type !== 'space') {
			refuse(at, `here is a text of ${source.length} characters`, `no value is longer than ${maximumScalar}`);
		}

		if (++count > maximumTokens) {
			refuse(at, 'it says too much', `it has more than ${maximumTokens} words and signs`);
		}

		lineStart = type === 'newline';
		at += type === 'doc-mode' || type === 'flow-error-end' || type === 'scalar' && source === CST.SCALAR ? 0 : source.length;
		for (const token of parser.next(source)) {
			// One is enough: a file of nothing else would take long.
			if (token.type === 'error') {
				refuse(token.offset, 'this is not YAML', shortenedSentence(token.message));
			}

			yield token;
		}
	}

	yield* parser.end();
}

function toNode(node: ParsedNode, text: string, what: string, path: ReadonlyArray<string | number>): YamlNode {
	const at = node.range[0];
	const refuse = (problem: Omit<Problem, 'path'>): never => {
		throw problemsError(what, text, [{path, ...problem}]);
	};

	if (isScalar(node)) {
		const {source = '', type} = node as typeof node & {source?: string};
		const value = String(node.value ?? source);
		return type === 'PLAIN' && ['', 'null', 'Null', 'NULL', '~'].includes(value) ? {kind: 'null', at} : {kind: 'scalar', at, text: value, quoted: type !== 'PLAIN'};
	}

	if (isSeq(node)) {
		return {kind: 'list', at, items: node.items.map((item, index) => toNode(item as ParsedNode, text, what, [...path, index]))};
	}

	if (!isMap(node)) {
		return refuse({at, what: 'this cannot be read', why: 'it is neither a value nor a list nor a mapping', fix: undefined});
	}

	const entries = new Map<string, {keyAt: number; node: YamlNode}>();
	for (const {key, value} of node.items) {
		const keyAt = (key as ParsedNode | null)?.range[0] ?? at;
		if (!isScalar(key) || String(key.value ?? '') === '') {
			return refuse({at: keyAt, what: 'a key is not a word', why: 'only words are keys; an address with a colon at its end goes in quotes', fix: undefined});
		}

		const name = String(key.value);
		const earlier = entries.get(name);
		if (earlier) {
			return refuse({at: keyAt, what: `'${shortened(name)}' is there twice`, why: 'only one of the two could count', fix: 'put both into one'});
		}

		if (name === '<<' && key.type === 'PLAIN') {
			return refuse({at: keyAt, what: '\'<<\' is a merge key', why: 'merging is not part of YAML 1.2', fix: 'write out what it stands for'});
		}

		entries.set(name, {keyAt, node: value === null ? {kind: 'null', at: keyAt} : toNode(value as ParsedNode, text, what, [...path, name])});
	}

	return {kind: 'map', at, entries};
}
