// The Debian package.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {debianArchitecture} from './architecture.ts';
import {bashCompletion} from './bash-completion.ts';
import {bundledPackages} from './bundled.ts';
import {commandTable} from './command-table.ts';
import {changelogText, controlFiles, type Release} from './control.ts';
import {copyrightText} from './copyright.ts';
import {filesBelow, textFile, writeFiles, zipped, type PackageFiles} from './files.ts';
import {manPages} from './man-pages.ts';
import {programFiles} from './program-files.ts';
import {zshCompletion} from './zsh-completion.ts';

/** Builds it into `directory`; gives back its path. Neither root nor a network is needed. */
export function buildDeb(release: Release, directory: string): string {
	const files = packageFiles(release);
	const control = [...controlFiles(files, release)].map(([name, file]) => [`DEBIAN/${name}`, file] as const);
	const stage = mkdtempSync(join(tmpdir(), 'vfctl-package-'));
	const deb = join(directory, `vfctl_${release.version}_${debianArchitecture(release.architecture)}.deb`);
	try {
		writeFiles(new Map([...files, ...control]), stage, release.time);
		// More threads cut the data into other blocks.
		execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', '-z6', '--threads-max=1', stage, deb], {env: {...process.env, SOURCE_DATE_EPOCH: String(release.time), LC_ALL: 'C.UTF-8'}, stdio: ['ignore', 'ignore', 'inherit']});
	} finally {
		rmSync(stage, {recursive: true});
	}

	return deb;
}

function packageFiles(release: Release): PackageFiles {
	const commands = commandTable();
	const date = new Date(release.time * 1000).toISOString().slice(0, 10);
	return new Map([
		...programFiles(release.architecture),
		...[...manPages(commands, {version: release.version, date})].map(([name, text]) => [`usr/share/man/man1/${name}.gz`, zipped(text)] as const),
		['usr/share/bash-completion/completions/vfctl', textFile(bashCompletion(commands))],
		['usr/share/zsh/vendor-completions/_vfctl', textFile(zshCompletion)],
		...filesBelow('docs', 'usr/share/doc/vfctl/docs'),
		['usr/share/doc/vfctl/README.md', textFile(readFileSync('README.md', 'utf8'))],
		['usr/share/doc/vfctl/changelog.gz', zipped(changelogText(release))],
		['usr/share/doc/vfctl/copyright', textFile(copyrightText(bundledPackages(['node_modules/koffi'])))],
		['usr/share/lintian/overrides/vfctl', textFile(readFileSync('scripts/package/debian/lintian-overrides', 'utf8'))],
	]);
}
