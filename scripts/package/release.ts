// What a build of the package is called and when it was.
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';

/** vfctl's version, that of package.json. */
export function ownVersion(): string {
	return (JSON.parse(readFileSync('package.json', 'utf8')) as {version: string}).version;
}

/** A version in Debian's order: 1.0.0-rc.1 comes before 1.0.0. `build` tells builds of one version apart;
 * the greater one is the newer. */
export function debianVersion(version: string, build: string | undefined): string {
	return `${version.replace('-', '~')}${build === undefined ? '' : `+${build}`}`;
}

/** Seconds since 1970: SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), or
 * when the newest commit was made. Throws when neither tells. */
export function sourceTime(): number {
	const told = process.env['SOURCE_DATE_EPOCH'] ?? spawnSync('git', ['log', '-1', '--format=%ct'], {encoding: 'utf8'}).stdout?.trim() ?? '';
	if (!/^\d{1,10}$/.test(told)) {
		throw new Error('set SOURCE_DATE_EPOCH: seconds since 1970. There is no commit to take it from');
	}

	return Number(told);
}

/** As devscripts(1) tell it: DEBFULLNAME and DEBEMAIL. */
export function maintainer(): string {
	return `${process.env['DEBFULLNAME'] ?? 'vfctl maintainers'} <${process.env['DEBEMAIL'] ?? 'maintainers@vfctl.invalid'}>`;
}
