// The packages whose code is in the program, with their licences: from what the bundler read
// (dist/bundled.json, written by scripts/bundle.ts).
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

export interface Bundled {
	readonly name: string;
	/** As npm names it: MIT. */
	readonly license: string;
	/** Lines of its licence that name who has the copyright. */
	readonly holders: readonly string[];
	/** The rest of the licence. */
	readonly text: string;
}

/** The packages in the program and, besides, `more`: directories below node_modules. Throws for one without a licence. */
export function bundledPackages(more: readonly string[]): readonly Bundled[] {
	const inside = JSON.parse(readFileSync('dist/bundled.json', 'utf8')) as string[];
	const all = new Map([...inside, ...more].map(directory => {
		const one = readPackage(directory);
		// The same package may be there twice, in two versions.
		return [`${one.name} ${one.holders.join()} ${one.text}`, one] as const;
	}));
	return [...all.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

function readPackage(directory: string): Bundled {
	const {name, license} = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {name: string; license: string};
	const file = readdirSync(directory).filter(entry => /^licen[cs]e/i.test(entry)).sort()[0];
	if (file === undefined) {
		throw new Error(`${directory} has no licence file`);
	}

	const lines = readFileSync(join(directory, file), 'utf8').replaceAll('\r', '').split('\n').map(line => line.trim());
	const isHolder = (line: string) => /^Copyright (?!notice|holder)/.test(line);
	const holders = lines.filter(isHolder).map(line => line.replace(/^Copyright\s*(?:\([cC]\)|©)?\s*/, ''));
	return {name, license, holders: holders.length === 0 ? [`the authors of ${name}`] : holders, text: textOf(lines.filter(line => !isHolder(line)))};
}

// Headings such as "The MIT License (MIT)" differ from package to package and say what `license` says.
function textOf(lines: readonly string[]): string {
	const paragraphs = lines.join('\n').split(/\n{2,}/).map(paragraph => paragraph.replaceAll(/\s+/g, ' ').trim());
	return paragraphs.filter(paragraph => paragraph !== '' && !/^(?:#+ )?(?:the )?(?:mit|isc)(?: license)?(?: \((?:mit|isc)\))?:?$/i.test(paragraph)).join('\n\n');
}
