// Builds the PF drivers for every kernel that vfctl is meant for, in Debian trees with that kernel's
// headers and source, and prints how long each step took. It shows that the same semantic patches fit
// all of them; 6.1 is built by a unit test (test/driver-real-build.test.ts).
//
// usage: node dist/scripts/kernel-builds.js [NAME...]      names: 6.12 backports
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {errorText} from '../lab/errors.ts';
import {backportsTree, buildInTree, ensureKernelTree, kernelsOf, kernelTree, type KernelTree} from '../lab/kernel-tree.ts';
import {reportToStderr} from '../lab/progress.ts';

const trees: Readonly<Record<string, KernelTree>> = {
	'6.12': kernelTree('trixie', '6.12'),
	backports: backportsTree('trixie'),
};

interface Built {
	build: {kernel: string; kernelVersion: string; compiler: string; steps: Array<{name: string; ms: number}>; patches: Array<{driver: string; name: string; skippedFor: string | null}>; warnings: string[]};
}

async function build(name: string, tree: KernelTree): Promise<boolean> {
	const directory = mkdtempSync(path.join(tmpdir(), 'vfctl-kernel-builds-'));
	try {
		const root = await ensureKernelTree(tree, reportToStderr);
		for (const release of await kernelsOf(root)) {
			const {build: {kernel, kernelVersion, compiler, steps, patches, warnings}} = await buildInTree(root, {release, directory}) as Built;
			const skipped = patches.filter(({skippedFor}) => skippedFor !== null).map(one => `${one.driver} ${one.name} not needed (${one.skippedFor})`);
			process.stdout.write([
				`built   ${name.padEnd(10)} ${kernel} (${kernelVersion}), ${compiler}, ${patches.length - skipped.length} patches`,
				`        ${steps.map(step => `${step.name} ${(step.ms / 1000).toFixed(1)} s`).join(', ')}`,
				...[...skipped, ...warnings].map(line => `        ${line}`), '',
			].join('\n'));
		}

		return true;
	} catch (error) {
		process.stdout.write(`FAILED  ${name}\n${errorText(error)}\n`);
		return false;
	} finally {
		rmSync(directory, {recursive: true});
	}
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(trees);
for (const name of names) {
	const tree = trees[name];
	if (tree === undefined || !await build(name, tree)) {
		process.exitCode = 1;
	}
}
