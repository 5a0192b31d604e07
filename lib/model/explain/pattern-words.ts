// The words that a line must have for a pattern to match: derived from the pattern, so that most
// lines are passed by without any pattern being tried.
import type {PatternNode} from './pattern-tree.ts';

/** Words longer than this tell no more. */
const longestWord = 24;

/** Words of which at least one is in every line that the pattern matches, as long as can be had, in
 * lower case; undefined where there is no such set. */
export function neededWords(node: PatternNode): readonly string[] | undefined {
	return best(wordSets(node))?.map(word => word.slice(0, longestWord));
}

/** Every set of words that can be told from the tree. */
function wordSets(node: PatternNode): string[][] {
	switch (node.kind) {
		case 'sequence': {
			return sequenceSets(node.parts);
		}

		case 'either': {
			const sets = node.branches.map(branch => best(wordSets(branch)));
			return sets.every(set => set !== undefined) ? [sets.flat()] : [];
		}

		case 'repeat': {
			return node.least === 0 ? [] : wordSets(node.part);
		}

		case 'character': {
			return node.text !== null && isPlain(node.text) ? [[node.text.toLowerCase()]] : [];
		}

		case 'place': {
			return [];
		}
	}
}

function sequenceSets(parts: readonly PatternNode[]): string[][] {
	const sets: string[][] = [];
	let run = '';
	const end = () => {
		if (run !== '') {
			sets.push([run]);
			run = '';
		}
	};

	for (const part of flat(parts)) {
		if (part.kind === 'character' && part.text !== null && isPlain(part.text)) {
			run += part.text.toLowerCase();
		} else if (part.kind !== 'place') {
			end();
			sets.push(...wordSets(part));
		}
	}

	end();
	return sets;
}

/** A group without alternatives is as if its brackets were not there. */
function flat(parts: readonly PatternNode[]): PatternNode[] {
	return parts.flatMap(part => part.kind === 'sequence' ? flat(part.parts) : [part]);
}

/** JSON and terminals write other characters in another way. */
function isPlain(character: string): boolean {
	return /^[ -~]$/.test(character) && character !== '"' && character !== '\\';
}

function best(sets: readonly string[][]): string[] | undefined {
	const shortest = (set: readonly string[]) => Math.min(...set.map(({length}) => length));
	return sets.reduce<string[] | undefined>((found, set) => found === undefined || shortest(set) > shortest(found) ? set : found, undefined);
}
