// Host files on the disk of this machine, for commands that read one.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';

/** What writes a text to a file of its own and gives back the path; the files go when the tests of
 * this process are done. `head` comes before every text. */
export function yamlFiles(head = ''): (text: string) => string {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-host-file-'));
	test.after.always(() => {
		rmSync(directory, {recursive: true});
	});
	let written = 0;
	return text => {
		const path = join(directory, `host-${written++}.yaml`);
		writeFileSync(path, `${head}${text}`);
		return path;
	};
}
