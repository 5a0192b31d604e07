// Builds the PF drivers for every kernel that vfctl is meant for, in Debian trees with that kernel's
// headers and source, and prints how long each step took. It shows that the same semantic patches fit
// all of them, and holds kernel-module/sources.lock.json to what was built.
//
// usage: node dist/scripts/kernel-builds.js [--write] [NAME...]      names: 6.1 6.12 backports
//
// 6.1 and 6.12 are the kernels of the labs. What was built before from the same sources is not built
// again; the times are those of that build then.
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {ensureBuild, labKernelTree} from '../lab/drivers.ts';
import {errorText} from '../lab/errors.ts';
import {backportsTree, ensureKernelTree, kernelsOf, versionInTree, type KernelTree} from '../lab/kernel-tree.ts';
import {kindFor, SUITE} from '../lab/kernels.ts';
import {reportToStderr} from '../lab/progress.ts';
import {parseDriverBuild, type DriverBuild} from '../lib/model/driver-build.ts';
import {parseSourceLock, sourceLockText, type TriedSource} from '../lib/model/source-lock.ts';

const lockPath = 'kernel-module/sources.lock.json';

const kernels: Readonly<Record<string, () => Promise<{tree: KernelTree; kind: string; release: string | undefined}>>> = {
	'6.1': async () => ({...await labKernelTree('6.1', reportToStderr), kind: kindFor('6.1', 'drivers')}),
	'6.12': async () => ({...await labKernelTree(undefined, reportToStderr), kind: 'drivers'}),
	backports: async () => ({tree: backportsTree(SUITE), kind: 'backports-drivers', release: undefined}),
};

/** Builds for one kernel; gives back what the lock file should say of it. */
async function build(name: string): Promise<TriedSource> {
	const {tree, kind, release: wanted} = await kernels[name]!();
	const root = await ensureKernelTree(tree, reportToStderr);
	const release = wanted ?? (await kernelsOf(root)).at(-1)!;
	const file = path.join(await ensureBuild({kind, release, root: async () => root, report: reportToStderr}), 'build.json');
	const built = parseDriverBuild(readFileSync(file, 'utf8'), file);
	process.stdout.write(told(name, built));
	const source = `linux-source-${built.kernelVersion.split('.', 2).join('.')}`;
	return {
		package: source, version: await versionInTree(root, source), kernel: built.kernel, kernelVersion: built.kernelVersion, compiler: built.compiler,
		compiled: new Date(built.builtAtMs).toISOString().slice(0, 10), files: built.touched ?? {},
	};
}

function told(name: string, {kernel, kernelVersion, compiler, steps, patches, warnings}: DriverBuild): string {
	const skipped = patches.filter(({skippedFor}) => skippedFor !== null).map(one => `${one.driver} ${one.name} not needed (${one.skippedFor})`);
	return [
		`built   ${name.padEnd(10)} ${kernel} (${kernelVersion}), ${compiler}, ${patches.length - skipped.length} patches`,
		`        ${steps.map(step => `${step.name} ${(step.ms / 1000).toFixed(1)} s`).join(', ')}`,
		...[...skipped, ...warnings].map(line => `        ${line}`), '',
	].join('\n');
}

/** What differs between the lock file and what was built; the day may. */
function differs(locked: TriedSource | undefined, {compiled: _, ...built}: TriedSource): boolean {
	const {compiled, ...rest} = locked ?? {};
	return compiled === undefined || JSON.stringify(rest) !== JSON.stringify(built);
}

const {values: {write}, positionals} = parseArgs({options: {write: {type: 'boolean', default: false}}, allowPositionals: true});
let locked = parseSourceLock(readFileSync(lockPath, 'utf8'), lockPath);
for (const name of positionals.length > 0 ? positionals : Object.keys(kernels)) {
	try {
		const built = await build(name);
		if (differs(locked.find(one => one.package === built.package), built)) {
			process.stdout.write(`        ${built.package} ${built.version} is not what ${lockPath} says${write ? ': written' : '; --write it when its drivers passed their tests'}\n`);
			locked = [...locked.filter(one => one.package !== built.package), built];
			process.exitCode = write ? process.exitCode : 1;
		}
	} catch (error) {
		process.stdout.write(`FAILED  ${name}\n${errorText(error)}\n`);
		process.exitCode = 1;
	}
}

if (write) {
	writeFileSync(lockPath, sourceLockText(locked));
}
