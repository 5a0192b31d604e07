// The program with what it loads and reads.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {koffiPackage} from './architecture.ts';
import {filesBelow, textFile, type PackageFile} from './files.ts';

const home = 'usr/lib/vfctl';

const buildsKoffi = new Set(['cnoke.cjs', 'src/koffi/src/trampolines.cjs']);

/** Everything below /usr/lib/vfctl, and the link in /usr/bin. Throws when koffi is not installed for
 * this architecture. */
export function programFiles(architecture: string): ReadonlyArray<[string, PackageFile]> {
	const native = koffiPackage(architecture);
	return [
		[`${home}/bin/vfctl.cjs`, textFile(programText())],
		[`${home}/bin/vfctl`, textFile(readFileSync('scripts/package/debian/launcher', 'utf8'), 0o755)],
		['usr/bin/vfctl', {link: '../lib/vfctl/bin/vfctl'}],
		// What require() reads of koffi; the rest is for building it, for ES modules and for readers.
		...filesBelow('node_modules/koffi', `${home}/node_modules/koffi`, path => path === 'package.json' || (path.endsWith('.cjs') && !buildsKoffi.has(path))),
		...filesBelow(join('node_modules', native), `${home}/node_modules/${native}`, path => !path.startsWith('musl') && !path.endsWith('.md')),
		// The mock is for tests, the page for who changes the sources; the licence is in the copyright file.
		...filesBelow('kernel-module', `${home}/kernel-module`, path => !path.startsWith('mock/') && path !== 'LICENSE' && path !== 'README.md'),
	];
}

// The launcher names the Node.js that runs it.
function programText(): string {
	const text = readFileSync('dist/vfctl.cjs', 'utf8');
	const usual = '#!/usr/bin/env node\n';
	if (!text.startsWith(usual)) {
		throw new Error('dist/vfctl.cjs does not begin as scripts/bundle.ts writes it');
	}

	return text.slice(usual.length);
}
