// Plans what lasts beyond a reboot.
import type {BootFacts} from '../../model/boot.ts';
import type {Action} from '../action.ts';
import type {Plan} from '../plan.ts';
import {persistItems, write, type ItemState, type PersistItem} from './item.ts';
import {kernelArgumentsItem, removeKernelArguments} from './kernel-arguments.ts';
import {hostFileItem, managersItem, modulesItem, removeManagerFiles, removeUnits, unitItem} from './other-items.ts';
import {hostFilePath, modulesFile} from './paths.ts';
import type {Program} from './texts.ts';

export interface PersistRequest {
	readonly only: readonly PersistItem[];
	readonly skip: readonly PersistItem[];
}

export interface PersistOnRequest extends PersistRequest {
	readonly program: Program;
	/** The text of the host file to put in place, or null. */
	readonly hostFile: string | null;
	/** Why the one that is there cannot be applied, or null. */
	readonly hostFileProblem: string | null;
	/** For names of copies: 20261121T063731Z. */
	readonly time: string;
}

/** Every item, with its state and what sets it. */
export function persistStates(facts: BootFacts, {program, hostFile, hostFileProblem, time}: Omit<PersistOnRequest, keyof PersistRequest>): ItemState[] {
	return [
		kernelArgumentsItem(facts, time),
		modulesItem(facts),
		managersItem(facts),
		// The units come after the file that they need.
		hostFileItem(facts, {wanted: hostFile, problem: hostFileProblem, time}),
		unitItem(facts, program, hostFile !== null || facts.files.has(hostFilePath)),
	];
}

/** Sets the chosen items. */
export function planPersistOn(facts: BootFacts, request: PersistOnRequest): Plan {
	const chosen = chosenItems(request);
	const states = persistStates(facts, request).filter(({item}) => chosen.includes(item));
	const left = states.filter(({state, actions}) => actions.length > 0 || state === 'missing').map(({item}) => item);
	return plan(
		`make this host come back after a reboot${left.length === 0 ? '' : ` (${left.join(', ')})`}`,
		states.flatMap(({actions}) => actions),
		states.flatMap(({warnings}) => warnings),
	);
}

/** Takes away what persist set. The host file stays: it is the admin's. */
export function planPersistOff(facts: BootFacts, request: PersistRequest): Plan {
	const chosen = chosenItems(request);
	const kernel = removeKernelArguments(facts);
	const byItem: Readonly<Record<PersistItem, readonly Action[]>> = {
		'unit': removeUnits(facts),
		'network-managers': removeManagerFiles(facts),
		'modules': write(modulesFile, facts.files.get(modulesFile) ?? null, null, null),
		'kernel-arguments': kernel.actions,
		'host-file': [],
	};
	const order: readonly PersistItem[] = ['unit', 'network-managers', 'modules', 'kernel-arguments'];
	return plan('take away what vfctl persist set', order.filter(item => chosen.includes(item)).flatMap(item => byItem[item]), [
		...chosen.includes('kernel-arguments') ? kernel.warnings : [],
		...facts.files.has(hostFilePath) && chosen.includes('unit') ? [`${hostFilePath} stays: it is yours, and nothing reads it at boot any more`] : [],
	]);
}

/** The items that a command is about. */
export function chosenItems({only, skip}: PersistRequest): PersistItem[] {
	return persistItems.filter(item => (only.length === 0 || only.includes(item)) && !skip.includes(item));
}

function plan(title: string, actions: Action[], warnings: string[]): Plan {
	return {version: 1, subject: {command: 'persist'}, title, actions, warnings, risks: []};
}
