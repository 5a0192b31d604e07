// Lines that nobody should have to read: examples with something changed, soup of their words, words
// of patterns over and over, and bytes of any kind. The same seed gives the same lines.
import {patternTree} from '../../lib/model/explain/pattern-tree.ts';
import {neededWords} from '../../lib/model/explain/pattern-words.ts';
import {catalogue} from '../../lib/model/messages/catalogue.ts';
import {examples, randomOf} from './make-log.ts';

const words = [...new Set(examples.flatMap(example => example.split(/(?<=\s)/)))];
const needed = catalogue.flatMap(({pattern}) => neededWords(patternTree(pattern)) ?? []);
const odd = ['\0', '\r', '\t', '\u001B[31m', '\u001B]0;', '\u0007', '\u009B', '\uFEFF', '\u2028', '{"MESSAGE":', '"message":[', '"time":', '"msg": "', '[', '<0>', '0,0,0,-;', '\\', '"', '}', '{', ' kernel: ', '[ 1.000000] '];

/** Lines without end. */
export function* hostileLines(seed: number): Generator<Buffer> {
	const random = randomOf(seed);
	const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
	const many = (most: number) => Math.floor(random() ** 3 * most);
	const kinds: ReadonlyArray<() => string | Buffer> = [
		() => mutated(pick(examples), random),
		() => mutated(mutated(mutated(pick(examples), random), random), random),
		() => Array.from({length: 1 + many(200)}, () => pick(words)).join(''),
		() => `${pick(examples)}${pick(needed).repeat(1 + many(800))}`,
		() => (pick(needed) + pick([' ', ':', '0', ' 0 ', '(', 'x', pick(needed)])).repeat(1 + many(1000)),
		() => `${pick(words)}${pick([...' 0:.-xa[('])}`.repeat(1 + many(3000)),
		() => Array.from({length: 1 + many(60)}, () => pick([...odd, ...needed])).join(''),
		() => `${pick(odd)}${pick(examples)}${pick(odd)}`,
		() => JSON.stringify({MESSAGE: random() < 0.5 ? pick(examples) : [...Buffer.from(pick(examples))], PRIORITY: String(many(9)), _TRANSPORT: pick(['kernel', 'syslog']), __REALTIME_TIMESTAMP: pick(['1', '-1', 'x', '99999999999999999999', '1763779891123456'])}).slice(0, random() < 0.3 ? many(200) : undefined),
		() => Buffer.from(Array.from({length: many(3000)}, () => Math.floor(random() * 256))),
	];
	for (;;) {
		yield Buffer.from(pick(kinds)());
	}
}

function mutated(line: string, random: () => number): string {
	const at = Math.floor(random() * line.length);
	const to = Math.min(line.length, at + 1 + Math.floor(random() * 12));
	const change = Math.floor(random() * 5);
	const piece = line.slice(at, to);
	return line.slice(0, at) + [
		'', piece.repeat(1 + Math.floor(random() * 50)), odd[Math.floor(random() * odd.length)]!, String.fromCharCode(Math.floor(random() * 0x3000)), '9'.repeat(Math.floor(random() * 40)),
	][change]! + line.slice(change === 1 ? at : to);
}
