// Makes what vfctl is installed from: a Debian package for this architecture, and npm's tarball.
// `npm run package -- [--build N] [--output DIRECTORY]`; nothing is fetched.
import {execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {arch} from 'node:process';
import {parseArgs} from 'node:util';
import {buildDeb} from './package/deb.ts';
import {debianVersion, maintainer, sourceTime} from './package/release.ts';

const {values: {build, output}} = parseArgs({options: {build: {type: 'string'}, output: {type: 'string', default: 'dist/package'}}});
if (build !== undefined && !/^[1-9]\d{0,8}$/.test(build)) {
	throw new Error(`--build is a number, not '${build}'`);
}

mkdirSync(output, {recursive: true});
console.log(buildDeb({version: debianVersion(build), architecture: arch, maintainer: maintainer(), time: sourceTime()}, output));
// The program is there already: `npm run package` has built it.
const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', output], {encoding: 'utf8'}).trim();
console.log(join(output, packed.split('\n').at(-1)!));
