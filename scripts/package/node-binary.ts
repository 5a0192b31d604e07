// A Node.js that a package can carry: a binary that needs nothing of the machine but the C and C++ libraries.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

export interface NodeBinary {
	readonly content: Uint8Array;
	/** Node's own: 20.20.2. */
	readonly version: string;
	/** What Depends says of it: `libc6 (>= 2.28)`, and the others. */
	readonly libraries: readonly string[];
	/** The licences of Node.js and of everything inside it, as Node.js has them in one file. */
	readonly license: string;
}

// The packages of what Node's own builds are linked with, all of them older than Debian 12.
const packages: ReadonlyMap<string, string> = new Map([
	['libc.so.6', 'libc6'], ['libdl.so.2', 'libc6'], ['libm.so.6', 'libc6'], ['libpthread.so.0', 'libc6'], ['librt.so.1', 'libc6'],
	['libgcc_s.so.1', 'libgcc-s1'], ['libstdc++.so.6', 'libstdc++6'], ['libatomic.so.1', 'libatomic1'],
]);

// Which GCC the versions of libstdc++ came with: "ABI Policy and Guidelines" of its manual. 3.4.20 and older are of GCC 4.
const gccOfGlibcxx: ReadonlyMap<number, string> = new Map([[21, '5.1'], [22, '6.1'], [23, '7.1'], [24, '7.2'], [25, '8.1'], [26, '9.1'], [27, '9.2'], [28, '9.3'], [29, '11.1'], [30, '12.1'], [31, '13.1'], [32, '13.2'], [33, '14.1']]);

const remedy = 'run npm with the Node.js of https://nodejs.org or nodesource';

/** Reads a binary, that of the running Node.js unless another is named. Throws for one that would not run elsewhere. */
export function readNodeBinary(path: string = process.execPath): NodeBinary {
	const version = execFileSync(path, ['--version'], {encoding: 'utf8'}).trim().replace(/^v/, '');
	const {engines: {node: wanted}} = JSON.parse(readFileSync('package.json', 'utf8')) as {engines: {node: string}};
	if (compareVersions(version, wanted.replace('>=', '')) < 0) {
		throw new Error(`${path} is Node.js ${version}, and vfctl needs ${wanted}`);
	}

	return {content: readFileSync(path), version, libraries: librariesOf(execFileSync('objdump', ['--private-headers', path], {encoding: 'utf8', env: {...process.env, LC_ALL: 'C'}})), license: licenseOf(path)};
}

/** The dependencies for what `objdump --private-headers` says of a program. Throws for other libraries than those of
 * every Debian since 12. */
export function librariesOf(headers: string): readonly string[] {
	// The loader comes with the C library.
	const needed = [...headers.matchAll(/^\s+NEEDED\s+(\S+)$/gm)].map(match => match[1]!).filter(name => !name.startsWith('ld-linux'));
	const unknown = needed.filter(name => !packages.has(name));
	if (needed.length === 0 || unknown.length > 0) {
		throw new Error(`this Node.js cannot be packed: ${needed.length === 0 ? 'no libraries are told of it' : `it is linked with ${unknown.join(', ')}`}; ${remedy}`);
	}

	const versions = [...headers.matchAll(/^\s+0x[\da-f]+ 0x[\da-f]+ \d+ ([A-Z]+)_(\d[\d.]*)$/gm)].map(match => [match[1]!, match[2]!] as const);
	const newest = (kind: string) => versions.filter(([name]) => name === kind).map(([, version]) => version).sort(compareVersions).at(-1);
	const since: Readonly<Record<string, string | undefined>> = {libc6: newest('GLIBC'), 'libgcc-s1': newest('GCC'), 'libstdc++6': gccOf(newest('GLIBCXX'))};
	return [...new Set(needed.map(name => packages.get(name)!))].sort().map(name => since[name] === undefined ? name : `${name} (>= ${since[name]})`);
}

function gccOf(glibcxx: string | undefined): string | undefined {
	const minor = Number(glibcxx?.split('.')[2] ?? 0);
	if (minor <= 20) {
		return undefined;
	}

	const gcc = gccOfGlibcxx.get(minor);
	if (gcc === undefined) {
		throw new Error(`this Node.js cannot be packed: which GCC has GLIBCXX_${glibcxx} is not known here; ${remedy}`);
	}

	return gcc;
}

// Beside it as in the archives of nodejs.org, or where packages of Node.js have it.
function licenseOf(path: string): string {
	const places = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/node/LICENSE'].map(place => join(dirname(path), '..', place));
	const texts = places.filter(place => existsSync(place)).map(place => readFileSync(place, 'utf8'));
	const text = texts.find(one => one.startsWith('Node.js is licensed for use as follows'));
	if (text === undefined) {
		throw new Error(`this Node.js cannot be packed: its licence is in none of ${places.join(', ')}; ${remedy}`);
	}

	return text;
}

function compareVersions(a: string, b: string): number {
	return a.localeCompare(b, 'en', {numeric: true});
}
