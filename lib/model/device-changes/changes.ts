// What changed between two looks at a host, and what it means.
import type {ChangeWeight, DeviceChange, Scope, Subject, Subjects} from './facts.ts';
import {rules} from './rules.ts';

/** Changes by subject, in the order of the facts of the later one. With a scope only those in it. */
export function deviceChanges(before: Subjects, after: Subjects, scope?: Scope): DeviceChange[] {
	const ids = [...new Set([...before.keys(), ...after.keys()])];
	return ids.flatMap(id => {
		const [was, is] = [before.get(id), after.get(id)];
		const one = is ?? was;
		return one === undefined || (scope && !isInScope(one, scope)) ? [] : changesOf(one, was, is);
	});
}

/** Whether a comparison of that scope tells of the subject. */
export function isInScope({kind, name, bdf, pf}: Pick<Subject, 'kind' | 'name' | 'bdf' | 'pf'>, {functions, guests}: Scope): boolean {
	switch (kind) {
		case 'function': {
			return (bdf !== null && functions.includes(bdf)) || (pf !== null && functions.includes(pf));
		}

		case 'guest': {
			return guests.includes(name);
		}

		case 'interface':
		case 'host': {
			return false;
		}
	}
}

function changesOf(subject: Subject, was: Subject | undefined, is: Subject | undefined): DeviceChange[] {
	if (!was || !is) {
		return [changeOf(subject, 'present', was ? 'there' : null, is ? 'there' : null, was, is)];
	}

	const names = [...new Set([...is.facts.keys(), ...was.facts.keys()])];
	return names.flatMap(name => {
		const [old, now] = [was.facts.get(name) ?? null, is.facts.get(name) ?? null];
		const same = old === now || (ofInterface.test(name) && !bothHaveInterface(was, is)) || (was.madeUp.has(name) && is.madeUp.has(name)) || (name.startsWith(configPrefix) && !bothHaveConfig(was, is));
		return same ? [] : [changeOf(is, name, old, now, was, is)];
	});
}

/** Facts of config space have this before their name. */
export const configPrefix = 'config: ';
/** How many bytes of config space could be read. */
export const configLength = `${configPrefix}length`;

// What an interface says goes with it: that it is gone has been told.
const ofInterface = /^(?:\S+: )?(?:set up|link|Mbit\/s|MAC|MTU|master|addresses)$/;

function bothHaveInterface(was: Subject, is: Subject): boolean {
	return was.kind !== 'function' || was.facts.has('interface') === is.facts.has('interface');
}

// Others than root read 64 bytes: then the capabilities did not go, they were not looked at. A
// function that answers no more tells nothing but that.
function bothHaveConfig(was: Subject, is: Subject): boolean {
	return was.facts.get(configLength) === is.facts.get(configLength);
}

function changeOf(subject: Subject, fact: string, before: string | null, after: string | null, was: Subject | undefined, is: Subject | undefined): DeviceChange {
	const {kind, id, name, bdf, pf} = subject;
	const context = {kind, before, after, was: was?.facts ?? none, is: is?.facts ?? none};
	let [meaning, weight]: [string | null, ChangeWeight] = [null, 'notice'];
	for (const rule of rules) {
		const said = rule.fact.test(fact) && (rule.of ?? kind) === kind ? rule.says(context) : undefined;
		if (said !== undefined) {
			[meaning, weight] = typeof said === 'string' ? [said === '' ? null : said, rule.weight ?? 'notice'] : [said.text, said.weight];
			break;
		}
	}

	return {subject: {kind, id, name, bdf, pf}, fact, before, after, meaning, weight};
}

const none: ReadonlyMap<string, string> = new Map();
