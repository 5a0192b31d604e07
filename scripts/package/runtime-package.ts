// The package vfctl-node: a Node.js for vfctl alone, where the distribution's is too old.
import {readFileSync} from 'node:fs';
import {changelogText, type Contents, type Release} from './control.ts';
import {textFile, zipped} from './files.ts';
import type {NodeBinary} from './node-binary.ts';

// Where scripts/package/debian/launcher looks for it.
const runtimePath = 'usr/lib/vfctl-node/node';

/** What it is made of. The binary is what its publisher built, to the byte: neither stripped nor changed. */
export function runtimePackage({content, libraries, license}: NodeBinary, release: Release): Contents {
	return {
		name: 'vfctl-node',
		fields: [
			`Depends: ${libraries.join(', ')}`,
			'Enhances: vfctl',
			'Section: admin', 'Priority: optional',
			'Description: Node.js for vfctl, where the distribution has an older one',
			' This is Node.js, in a directory of its own. vfctl runs on it where it is',
			' installed; no other program sees it, and every version of nodejs can be there',
			' besides.',
		],
		scripts: [],
		files: new Map([
			[runtimePath, {content, mode: 0o755}],
			['usr/share/doc/vfctl-node/changelog.gz', zipped(changelogText('vfctl-node', release))],
			['usr/share/doc/vfctl-node/copyright', textFile(`/${runtimePath} is Node.js as its publisher built it (https://nodejs.org/).\n\n${license.replaceAll('\r', '')}`)],
			['usr/share/lintian/overrides/vfctl-node', textFile(readFileSync('scripts/package/debian/lintian-overrides-node', 'utf8'))],
		]),
		// A sixth of the time of level 6, for 15 % more to store.
		compression: 1,
	};
}
