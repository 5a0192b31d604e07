// `vfctl persist` as text: one item a line, its reason below.
import type {ItemState} from '../plan/persist/item.ts';
import {actionText} from './plan-text.ts';

const stateTexts: Readonly<Record<ItemState['state'], string>> = {
	'set': 'set',
	'after-reboot': 'set, reboot needed',
	'missing': 'missing',
	'not-needed': 'not needed',
	'by-hand': 'by hand',
};

/** All items; and how to set what is missing. */
export function persistText(states: readonly ItemState[]): string {
	const lines = states.flatMap(({item, state, why, actions, warnings}) => [
		`${item}: ${stateTexts[state]}`,
		`  ${why}`,
		...actions.map(action => `  would: ${actionText(action)}`),
		...state === 'by-hand' ? [] : warnings.map(warning => `  note: ${warning}`),
	]);
	return [...lines, ...states.some(({actions}) => actions.length > 0) ? ['', 'vfctl persist on sets what is missing; --dry-run shows it first'] : []].join('\n');
}

/** For --json. */
export function persistJson(states: readonly ItemState[]): Record<string, unknown> {
	return {
		complete: states.every(({state}) => state === 'set' || state === 'not-needed'),
		rebootNeeded: states.some(({state}) => state === 'after-reboot'),
		items: states.map(({item, state, why, actions, warnings}) => ({item, state, why, warnings, actions})),
	};
}
