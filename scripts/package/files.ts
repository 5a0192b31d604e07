// A tree of files that a package is to have, in memory.
import {chmodSync, lutimesSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {gzipSync} from 'node:zlib';

export type PackageFile = {readonly content: Uint8Array; readonly mode: number} | {readonly link: string};

/** By path, without a slash in front. */
export type PackageFiles = ReadonlyMap<string, PackageFile>;

export function textFile(text: string, mode = 0o644): PackageFile {
	return {content: Buffer.from(text), mode};
}

/** A text as gzip makes it, without name and time. */
export function zipped(text: string): PackageFile {
	return {content: gzipSync(text, {level: 9}), mode: 0o644};
}

/** The files below a directory for which `takes` holds, by their paths below `to`. Scripts can be executed. */
export function filesBelow(directory: string, to: string, takes: (path: string) => boolean = () => true): ReadonlyArray<[string, PackageFile]> {
	const entries = readdirSync(directory, {recursive: true, withFileTypes: true}).filter(entry => entry.isFile());
	const paths = entries.map(entry => join(entry.parentPath, entry.name).slice(directory.length + 1)).filter(takes);
	return paths.map(path => {
		const content = readFileSync(join(directory, path));
		return [join(to, path), {content, mode: content.subarray(0, 2).toString() === '#!' ? 0o755 : 0o644}];
	});
}

/** Puts the files into an empty directory; everything gets the same time, in seconds, and modes do not
 * depend on the umask. */
export function writeFiles(files: PackageFiles, directory: string, time: number): void {
	const folders = new Set(['.']);
	for (const [path, file] of files) {
		for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
			folders.add(folder);
		}

		const target = join(directory, path);
		mkdirSync(dirname(target), {recursive: true});
		if ('link' in file) {
			symlinkSync(file.link, target);
		} else {
			writeFileSync(target, file.content);
			chmodSync(target, file.mode);
		}

		lutimesSync(target, time, time);
	}

	for (const folder of folders) {
		chmodSync(join(directory, folder), 0o755);
		lutimesSync(join(directory, folder), time, time);
	}
}

/** What dpkg calls Installed-Size: KiB, each file rounded up and each directory one
 * (deb-substvars(5)). */
export function installedKib(files: PackageFiles): number {
	const folders = new Set([...files.keys()].flatMap(path => path.split('/').map((_, index, parts) => parts.slice(0, index).join('/'))));
	return [...files.values()].reduce((sum, file) => sum + ('link' in file ? 1 : Math.ceil(file.content.length / 1024)), folders.size);
}
