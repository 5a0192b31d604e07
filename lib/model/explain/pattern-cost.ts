// How long a pattern may take on the worst line, told from its tree: no clock is asked.
import type {CharacterNode, PatternNode} from './pattern-tree.ts';

/** Lines are cut to this many characters before patterns are tried. */
export const longestText = 4096;

// A bounded repetition of a bounded repetition, together.
const mostNested = 64;
// One place where the engine may try every length, from each start: tens of milliseconds at worst.
const mostSteps = longestText * longestText * 2;

/** What is wrong with a pattern, or undefined: a repetition inside a repetition, or several
 * repetitions in a row that can share out the same characters in many ways. */
export function patternTrouble(node: PatternNode): string | undefined {
	if (hasNested(node, 1)) {
		return 'it has a repetition inside a repetition';
	}

	const steps = longestText * freedom(node, []);
	return steps > mostSteps ? `it may take ${steps.toExponential(1)} steps on a hostile line: bound its wildcards ({0,60}) or leave all but one away` : undefined;
}

/** `around`: how often what is around the node may come again; 1 where nothing repeats it. */
function hasNested(node: PatternNode, around: number): boolean {
	switch (node.kind) {
		case 'sequence': {
			return node.parts.some(part => hasNested(part, around));
		}

		case 'either': {
			return node.branches.some(branch => hasNested(branch, around));
		}

		case 'repeat': {
			// `(?:a|b)?` is a choice, and `(?:\d{1,3} ){2}` has few ways to be shared out.
			const {least, most, part} = node;
			return (around > 1 && most > 1 && most !== least && around * most > mostNested) || hasNested(part, around * Math.max(most, 1));
		}

		case 'character':
		case 'place': {
			return false;
		}
	}
}

/** In how many ways the pattern can share out the characters of a line, about. `after` is what
 * follows the node in the pattern. */
function freedom(node: PatternNode, after: readonly PatternNode[]): number {
	switch (node.kind) {
		case 'sequence': {
			return node.parts.reduce((product, part, index) => product * freedom(part, [...node.parts.slice(index + 1), ...after]), 1);
		}

		case 'either': {
			return Math.max(...node.branches.map(branch => freedom(branch, after)));
		}

		case 'repeat': {
			return repeatFreedom(node, after);
		}

		case 'character':
		case 'place': {
			return 1;
		}
	}
}

function repeatFreedom({part, least, most}: Extract<PatternNode, {kind: 'repeat'}>, after: readonly PatternNode[]): number {
	const inner = freedom(part, after);
	const lengths = Math.min(most, longestText) - least + 1;
	// At the end of the pattern the first length tried is the one.
	if (lengths <= 2 || after.every(({kind}) => kind === 'place')) {
		return inner;
	}

	// Where the next thing is none of what is repeated, there is one length and no other.
	const [next] = firstCharacters(after);
	const only = next !== undefined && part.kind === 'character' && stops(part, next);
	return only ? inner : inner * lengths;
}

/** The characters, one place after the other, that must follow. */
function firstCharacters(parts: readonly PatternNode[]): CharacterNode[][] {
	const [part] = parts.filter(({kind}) => kind !== 'place');
	switch (part?.kind) {
		case 'character': {
			const rest = parts.slice(parts.indexOf(part) + 1);
			return [[part, ...firstCharacters(rest)[0] ?? []]];
		}

		case 'sequence': {
			return firstCharacters([...part.parts, ...parts.slice(parts.indexOf(part) + 1)]);
		}

		case 'repeat': {
			return part.least > 0 && part.part.kind === 'character' ? [[part.part]] : [];
		}

		default: {
			return [];
		}
	}
}

const letters = Array.from({length: 95}, (_, index) => String.fromCharCode(32 + index));

/** Whether one of the places that follow takes nothing that is repeated: the repetition ends there. */
function stops({takes}: CharacterNode, following: readonly CharacterNode[]): boolean {
	return following.some(next => !letters.some(letter => takes(letter) && next.takes(letter)));
}
