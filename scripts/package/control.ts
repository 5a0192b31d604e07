// The control files of a Debian package: deb-control(5), deb-md5sums(5), deb-changelog(5).
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {debianArchitecture} from './architecture.ts';
import {installedKib, textFile, type PackageFile, type PackageFiles} from './files.ts';

export interface Release {
	/** Debian's version. */
	readonly version: string;
	/** Node's name of the architecture. */
	readonly architecture: string;
	/** `Name <address>` */
	readonly maintainer: string;
	/** Seconds since 1970: every time in the package. */
	readonly time: number;
}

/** What one package is made of. */
export interface Contents {
	readonly name: string;
	/** Lines of the control file behind those that every package has. */
	readonly fields: readonly string[];
	/** Files of scripts/package/debian. */
	readonly scripts: readonly string[];
	readonly files: PackageFiles;
	/** xz's level, 0 to 9. */
	readonly compression: number;
}

/** What goes into DEBIAN/. */
export function controlFiles(contents: Contents, release: Release): PackageFiles {
	const script = (name: string): [string, PackageFile] => [name, textFile(readFileSync(`scripts/package/debian/${name}`, 'utf8'), 0o755)];
	return new Map([['control', textFile(controlText(contents, release))], ['md5sums', textFile(sums(contents.files))], ...contents.scripts.map(name => script(name))]);
}

function controlText({name, fields, files}: Contents, {version, architecture, maintainer}: Release): string {
	return `${[`Package: ${name}`, `Version: ${version}`, `Architecture: ${debianArchitecture(architecture)}`, `Maintainer: ${maintainer}`, `Installed-Size: ${installedKib(files)}`, ...fields].join('\n')}\n`;
}

function sums(files: PackageFiles): string {
	return [...files].flatMap(([path, file]) => 'link' in file ? [] : [`${createHash('md5').update(file.content).digest('hex')}  ${path}\n`]).sort((a, b) => a.slice(34) < b.slice(34) ? -1 : 1).join('');
}

/** The changelog that a native package has. */
export function changelogText(name: string, {version, maintainer, time}: Release): string {
	const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
	return `${name} (${version}) unstable; urgency=medium\n\n  * Version ${version} of ${name}. What changed is in its repository.\n\n -- ${maintainer}  ${date}\n`;
}
