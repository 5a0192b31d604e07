// Copies of files that persist edited. A copy says that an edit is ours: as long as it is there,
// `vfctl persist off` takes back what the copy does not have. An empty copy stands for a file that
// was not there.
import type {TextFile} from '../../model/boot.ts';
import type {WriteFileAction} from '../action.ts';
import {write} from './item.ts';
import {backupPath, isBackupOf} from './paths.ts';

/** Sets the content of a file aside, and says where. */
export function setAside(source: string, text: string, time: string): {actions: WriteFileAction[]; note: string} {
	const path = backupPath(source, time);
	return {actions: write(path, null, text, null), note: `${source} as it was: ${path}`};
}

/** The copies of one file, oldest first. */
export function backupsOf(backups: readonly TextFile[], source: string): TextFile[] {
	return backups.filter(({path}) => isBackupOf(path, source));
}

/** Removes copies. */
export function removeBackups(backups: readonly TextFile[]): WriteFileAction[] {
	return backups.flatMap(({path, text}) => write(path, text, null, null));
}

export interface Edit {
	/** The content now. */
	readonly text: string;
	/** The oldest copy. */
	readonly before: string;
	/** Words that vfctl may have added. */
	readonly words: readonly string[];
	wordsOf(text: string): readonly string[];
	add(text: string, words: readonly string[]): string;
	remove(text: string, words: readonly string[]): string;
}

/** The content without what was added: the copy itself when nothing else changed since. */
export function undoEdit({text, before, words, wordsOf, add, remove}: Edit): string {
	const had = wordsOf(before);
	const has = wordsOf(text);
	const ours = words.filter(word => !had.includes(word) && has.includes(word));
	return add(before, ours) === text ? before : remove(text, ours);
}
