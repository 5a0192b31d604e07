// Bundles the CLI into one CommonJS file. Before Node runs a file it reads all of it, which for
// 900 KB takes a quarter of the time of `node -e 0`; so what commands load lazily lies in the file
// as text and is compiled when it is first needed. Several files would cost more: Node looks up
// each of them. koffi is native and stays a dependency.
import {chmodSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {build, transform} from 'esbuild';
import {templatesInside} from './templates-inside.ts';

const outfile = 'dist/vfctl.cjs';
const common = {platform: 'node', target: 'node20'} as const;

const {outputFiles, metafile} = await build({
	...common,
	entryPoints: ['bin/vfctl.ts'],
	outdir: path.dirname(outfile),
	bundle: true,
	// Only ES modules can be split; each part becomes CommonJS afterwards.
	format: 'esm',
	splitting: true,
	write: false,
	metafile: true,
	external: ['koffi'],
	plugins: [templatesInside],
	define: {VFCTL_VERSION: JSON.stringify((JSON.parse(readFileSync('package.json', 'utf8')) as {version: string}).version)},
	logLevel: 'warning',
});
const parts = new Map<string, string>();
for (const {path: file, text} of outputFiles) {
	// `require` instead of import(): it spares Node's second loader, and works in compiled text.
	const {code} = await transform(text, {...common, format: 'cjs', supported: {'dynamic-import': false}, banner: '"use strict";'});
	parts.set(`./${path.basename(file)}`, code);
}

const main = parts.get('./vfctl.js');
if (main === undefined) {
	throw new Error(`esbuild made ${[...parts.keys()].join(', ')} and no vfctl.js`);
}

parts.delete('./vfctl.js');
writeFileSync(outfile, `#!/usr/bin/env node
const parts = {
${[...parts].map(([name, code]) => `${JSON.stringify(name)}: ${JSON.stringify(code)},`).join('\n')}
};
const loaded = new Map();
// A part of this file, or a package or module of Node.
function load(name) {
	if (!Object.hasOwn(parts, name)) {
		return require(name);
	}

	let part = loaded.get(name);
	if (part === undefined) {
		part = {exports: {}};
		loaded.set(name, part);
		require("node:vm").compileFunction(parts[name], ["require", "module", "exports"], {filename: __filename + name.slice(1)})(load, part, part.exports);
	}

	return part.exports;
}

(function (require) {
${main}
})(load);
`);
chmodSync(outfile, 0o755);
// Which packages are inside: the copyright file of the Debian package names them.
const inside = Object.keys(metafile.inputs).flatMap(file => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file) ?? []);
writeFileSync('dist/bundled.json', JSON.stringify([...new Set(inside)].sort()));
if (!process.argv.includes('--quiet')) {
	console.log(`${outfile}: ${Math.round(readFileSync(outfile).length / 1024)} KiB in ${parts.size + 1} parts`);
}
