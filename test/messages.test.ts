// Every entry of the catalogue is held to its own examples, and every pattern to a cost.
import test from 'ava';
import {placesOf} from '../lib/model/explain/fill-text.ts';
import {parseLogLine} from '../lib/model/explain/log-line.ts';
import {matchLine} from '../lib/model/explain/match-line.ts';
import {longestText, patternTrouble} from '../lib/model/explain/pattern-cost.ts';
import {patternTree} from '../lib/model/explain/pattern-tree.ts';
import {neededWords} from '../lib/model/explain/pattern-words.ts';
import {catalogue} from '../lib/model/messages/catalogue.ts';
import type {MessageEntry} from '../lib/model/messages/message-entry.ts';

/** One line for each entry that something is wrong with. */
function troubles(find: (entry: MessageEntry) => Iterable<string>): string[] {
	return catalogue.flatMap(entry => [...find(entry)].map(trouble => `${entry.id}: ${trouble}`));
}

test('ids are unique and of the form family.few-words', t => {
	const ids = catalogue.map(({id}) => id);
	t.deepEqual(ids.filter((id, index) => ids.indexOf(id) !== index), []);
	t.deepEqual(ids.filter(id => !/^[a-z\d]+(?:-[a-z\d]+)*\.[a-z\d]+(?:-[a-z\d]+)*$/.test(id)), []);
});

test('each example is explained by its own entry and by no other', t => {
	t.deepEqual(troubles(entry => entry.examples.flatMap(example => {
		const found = matchLine(parseLogLine(example), catalogue).map(({entry: {id}}) => id);
		return found.length === 1 && found[0] === entry.id ? [] : [`'${example}' is explained by ${found.join(', ') || 'nothing'}`];
	})), []);
});

test('each entry has an example, and examples are whole lines of a usual length', t => {
	t.deepEqual(troubles(({examples}) => examples.length === 0 ? ['none'] : []), []);
	t.deepEqual(troubles(({examples}) => examples.filter(example => example.includes('\n') || example.length > longestText)), []);
});

test('no pattern can take long on a hostile line', t => {
	t.deepEqual(troubles(({pattern}) => [patternTrouble(patternTree(pattern))].filter(trouble => trouble !== undefined)), []);
	t.deepEqual(troubles(({pattern: {flags}}) => /^i?$/.test(flags) ? [] : [`flags ${flags}`]), []);
});

test('each pattern has words of six characters or more by which lines are chosen', t => {
	t.deepEqual(troubles(({pattern}) => {
		const words = neededWords(patternTree(pattern));
		return words === undefined ? ['none'] : words.filter(word => word.length < 6).map(word => `'${word}'`);
	}), []);
});

test('a text uses only fields that every example tells, or has words instead', t => {
	t.deepEqual(troubles(entry => entry.examples.flatMap(example => {
		const fields = matchLine(parseLogLine(example), [entry])[0]?.fields ?? {};
		const texts = [entry.meaning, entry.cause, ...entry.remedies.flatMap(({advice, command}) => [advice, command ?? ''])];
		return texts.flatMap(text => placesOf(text)).filter(({field, words}) => words === null && fields[field] === undefined).map(({field}) => `{${field}} in '${example}'`);
	})), []);
});

test('texts are whole: braces closed, sentences ended, a remedy unless it is harmless', t => {
	const sentences = ({meaning, cause, remedies}: MessageEntry) => [meaning, cause, ...remedies.map(({advice}) => advice)];
	t.deepEqual(troubles(entry => sentences(entry).filter(text => /[{}]/.test(text.replaceAll(/\{\w+(?:\|[^{}]*)?\}/g, '')))), []);
	t.deepEqual(troubles(entry => sentences(entry).filter(text => !/[.?!)]$/.test(text))), []);
	t.deepEqual(troubles(({severity, remedies}) => severity !== 'harmless' && remedies.length === 0 ? ['no remedy'] : []), []);
	t.deepEqual(troubles(({source}) => source.trim() === '' ? ['no source'] : []), []);
});

test('no command that is advised writes new_id, which takes every device of an id', t => {
	t.deepEqual(troubles(({remedies}) => remedies.flatMap(({command}) => command?.includes('new_id') ? [command] : [])), []);
});
