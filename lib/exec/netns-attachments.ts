// What the journal knows of the interfaces that network namespaces have.
import {AppError} from '../errors.ts';
import type {FileReader} from '../host/host.ts';
import type {Bdf} from '../model/bdf.ts';
import type {Action} from '../plan/action.ts';
import type {NetnsAttachment} from '../plan/netns/netns-request.ts';
import {parsePlan} from '../plan/plan-schema.ts';
import {listOperations, readBootId} from './journal.ts';
import {openMoves, type OpenMove} from './open-moves.ts';
import type {Operation} from './operation.ts';

/** Attaches to namespaces that no later operation took back, oldest first; of this boot alone, as no
 * namespace outlives one. Throws BAD_PLAN: they decide what a detach writes, so they must be whole. */
export function findNetnsAttachments(files: FileReader): NetnsAttachment[] {
	return openHere(files).map(entry => attachmentOf(entry));
}

/** Those that can be read, for what does not act upon them. */
export function readableNetnsAttachments(files: FileReader): NetnsAttachment[] {
	return openHere(files).flatMap(entry => {
		try {
			return [attachmentOf(entry)];
		} catch (error) {
			if (error instanceof AppError && error.code === 'BAD_PLAN') {
				return [];
			}

			throw error;
		}
	});
}

type OpenEntry = readonly [Bdf, OpenMove];

function openHere(files: FileReader): OpenEntry[] {
	const bootId = readBootId(files);
	return [...openMoves(listOperations(files).filter(({header}) => header?.bootId === bootId))];
}

function attachmentOf([bdf, {operation, move}]: OpenEntry): NetnsAttachment {
	const {subject} = parsePlan(operation.header?.plan);
	return {operation: operation.number, bdf, netns: move.to.netns!, name: move.to.name, cni: subject.cni ?? null, actions: actionsAbout(operation, bdf)};
}

/** The done actions on one device; a name that was not known before is the one that was found. */
function actionsAbout(operation: Operation, bdf: Bdf): Action[] {
	const {actions} = parsePlan(operation.header?.plan);
	return actions.flatMap((action, index) => {
		if (operation.steps.get(index + 1) !== 'done' || ('bdf' in action && action.bdf !== bdf)) {
			return [];
		}

		const found = operation.facts.get(`${index + 1} name`);
		return action.kind === 'move-netdev' && action.from.name === null && found !== undefined ? [{...action, from: {...action.from, name: found}}] : [action];
	});
}
