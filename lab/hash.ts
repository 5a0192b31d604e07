import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';

// A short name for content: equal parts, equal name.
export function contentHash(...parts: readonly (string | readonly string[])[]): string {
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

// The names and contents of all files of a directory, as input for contentHash().
export function directoryContent(directory: string): string[] {
	return readdirSync(directory).sort().flatMap(name => [name, readFileSync(path.join(directory, name), 'utf8')]);
}
