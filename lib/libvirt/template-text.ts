// The texts of templates/. scripts/bundle.ts replaces this module by one that has them inside, so
// that the bundle is a single file; this one is for running dist/ as tsc wrote it.
import {readFileSync} from 'node:fs';

/** The template of that file name; throws ENOENT when there is none. */
export function templateText(name: string): string {
	return readFileSync(new URL(`../../../templates/${name}`, import.meta.url), 'utf8');
}
