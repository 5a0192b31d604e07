// A Debian package of files in memory.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {debianArchitecture} from './architecture.ts';
import {controlFiles, type Contents, type Release} from './control.ts';
import {writeFiles} from './files.ts';

/** Builds it into `directory`; gives back its path. Neither root nor a network is needed. */
export function buildDeb(contents: Contents, release: Release, directory: string): string {
	const control = [...controlFiles(contents, release)].map(([name, file]) => [`DEBIAN/${name}`, file] as const);
	const stage = mkdtempSync(join(tmpdir(), 'vfctl-package-'));
	const deb = join(directory, `${contents.name}_${release.version}_${debianArchitecture(release.architecture)}.deb`);
	try {
		writeFiles(new Map([...contents.files, ...control]), stage, release.time);
		// More threads cut the data into other blocks.
		execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', `-z${contents.compression}`, '--threads-max=1', stage, deb], {env: {...process.env, SOURCE_DATE_EPOCH: String(release.time), LC_ALL: 'C.UTF-8'}, stdio: ['ignore', 'ignore', 'inherit']});
	} finally {
		rmSync(stage, {recursive: true});
	}

	return deb;
}
