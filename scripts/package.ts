// Makes what vfctl is installed from: a Debian package for this architecture, and npm's tarball.
// `npm run package -- [--with-node] [--build N] [--output DIRECTORY]`; nothing is fetched. --with-node makes the
// package vfctl-node besides, of the Node.js that runs this.
import {execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {arch} from 'node:process';
import {parseArgs} from 'node:util';
import {buildDeb} from './package/deb.ts';
import {readNodeBinary} from './package/node-binary.ts';
import {programPackage} from './package/program-package.ts';
import {debianVersion, maintainer, ownVersion, sourceTime} from './package/release.ts';
import {runtimePackage} from './package/runtime-package.ts';

const {values: {build, output, 'with-node': withNode}} = parseArgs({options: {build: {type: 'string'}, output: {type: 'string', default: 'dist/package'}, 'with-node': {type: 'boolean', default: false}}});
if (build !== undefined && !/^[1-9]\d{0,8}$/.test(build)) {
	throw new Error(`--build is a number, not '${build}'`);
}

mkdirSync(output, {recursive: true});
const common = {architecture: arch, maintainer: maintainer(), time: sourceTime()};
const release = {...common, version: debianVersion(ownVersion(), build)};
console.log(buildDeb(programPackage(release), release, output));
if (withNode) {
	const node = readNodeBinary();
	const runtime = {...common, version: debianVersion(node.version, build)};
	console.log(buildDeb(runtimePackage(node, runtime), runtime, output));
}

// The program is there already: `npm run package` has built it.
const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', output], {encoding: 'utf8'}).trim();
console.log(join(output, packed.split('\n').at(-1)!));
