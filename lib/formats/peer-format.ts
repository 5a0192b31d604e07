// What importers and exporters of other programs' files share.
import type {HostFile} from '../model/host-file.ts';
import {checkHostFile} from './host-file-check.ts';
import {pathText, problemsError, type Problem} from './problems.ts';
import type {Cursor} from './reader.ts';

/** A host file made from another program's file. */
export interface Imported {
	file: HostFile;
	/** What a host file cannot say, each with its place: never dropped silently. */
	notes: string[];
	/** For the head of the host file: what belongs to the other program alone. */
	comments: string[];
}

/** Another program's file made from a host file. */
export interface PeerFile {
	text: string;
	/** What that program's files cannot say. */
	notes: string[];
}

/** Notes what is not imported. */
export class Leftovers {
	readonly notes: string[] = [];

	leave(cursor: Cursor, why: string): undefined {
		this.note(pathText(cursor.path), why);
	}

	note(place: string, why: string): undefined {
		this.notes.push(`not imported: ${place}: ${why}`);
	}
}

/** The result, when the source and what was made of it are free of problems; throws BAD_HOST_FILE. */
export function finished(what: string, text: string, problems: readonly Problem[], imported: Imported): Imported {
	if (problems.length > 0) {
		throw problemsError(what, text.replace(/^\uFEFF/, ''), problems);
	}

	const contradictions = checkHostFile(imported.file);
	if (contradictions.length > 0) {
		throw problemsError(`host file made from the ${what}`, '', contradictions.map(({path, what: is, why, fix}) => ({path, at: undefined, what: is, why, fix})));
	}

	return imported;
}
