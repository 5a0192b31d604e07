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

// The cache entries that some lab still needs, be it only to restore itself.
export function entriesInUse(): Set<string> {
	const states = labNames().map(name => readState(path.join(stateBaseDirectory(), name)));
	return new Set(states.flatMap(state => (state === undefined ? [] : [state.tree, state.images, path.dirname(state.snapshot)])));
}
