// What to do about all that was told, most likely first.
import {inOrder, isPart, type Explained} from './explained.ts';
import {fillCommand, fillText} from './fill-text.ts';

export interface Todo {
	readonly advice: string;
	readonly command: string | null;
	/** Ids of what it is for. */
	readonly for: readonly string[];
}

/** The first two remedies of everything that is not harmless and no part of something else; the same
 * advice is given once. */
export function todosOf(all: readonly Explained[]): Todo[] {
	const todos = new Map<string, {advice: string; command: string | null; for: string[]}>();
	for (const explained of inOrder(all).filter(one => one.entry.severity !== 'harmless' && !isPart(one))) {
		for (const remedy of explained.entry.remedies.slice(0, 2)) {
			const advice = fillText(remedy.advice, explained.fields);
			const command = remedy.command === undefined ? null : fillCommand(remedy.command, explained.fields);
			const known = todos.get(command ?? advice);
			if (known === undefined) {
				todos.set(command ?? advice, {advice, command, for: [explained.entry.id]});
			} else if (!known.for.includes(explained.entry.id)) {
				known.for.push(explained.entry.id);
			}
		}
	}

	return [...todos.values()];
}
