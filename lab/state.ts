import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {stateBaseDirectory} from './paths.ts';

// What a running lab remembers about itself, for later commands in other processes.
export type LabState = {
	name: string;
	point: string;
	sshPort: number;
	accelerator: string;
	// Null: the usual one.
	kernel: string | null;
	tree: string;
	images: string;
	snapshot: string;
};

// Writes the state of a lab into its directory.
export function writeState(directory: string, state: LabState): void {
	writeFileSync(path.join(directory, 'state.json'), `${JSON.stringify(state, undefined, '\t')}\n`);
}

// The state of a lab, or undefined when there is no such lab.
export function readState(directory: string): LabState | undefined {
	const file = path.join(directory, 'state.json');
	return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LabState) : undefined;
}

// The names of all labs that have a state directory.
export function labNames(): string[] {
	const base = stateBaseDirectory();
	return existsSync(base) ? readdirSync(base).sort() : [];
}

// Remembers which cache entries a lab needs, be it only to restore itself: from before it boots, and also
// for one that has no state because no other process can take it over.
export function writeUses(directory: string, entries: readonly string[]): void {
	writeFileSync(path.join(directory, 'uses'), entries.map(entry => `${entry}\n`).join(''));
}

// The cache entries that some lab still needs.
export function entriesInUse(): Set<string> {
	const files = labNames().map(name => path.join(stateBaseDirectory(), name, 'uses')).filter(file => existsSync(file));
	return new Set(files.flatMap(file => readFileSync(file, 'utf8').split('\n').filter(line => line !== '')));
}
