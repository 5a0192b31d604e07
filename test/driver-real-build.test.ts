// The real thing: igb and ixgbe of the distribution's source, patched by vfctl's own semantic patches
// and compiled against the headers that are installed here. One build, some minutes on a busy machine.
import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {parseDriverBuild} from '../lib/model/driver-build.ts';
import {privateKernel} from './helpers/private-kernel.ts';

/** The newest kernel that has headers here. */
function installedKernel(): string {
	const kernel = existsSync('/lib/modules') ? readdirSync('/lib/modules').filter(name => existsSync(`/lib/modules/${name}/build/Makefile`)).toSorted().at(-1) : undefined;
	if (kernel === undefined) {
		throw new Error('no kernel headers are installed (test/tools.json names the package)');
	}

	return kernel;
}

function output(program: string, ...words: string[]): string {
	const {status, stdout, stderr} = spawnSync(program, words, {encoding: 'utf8', maxBuffer: 2 ** 26});
	if (status !== 0) {
		throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
	}

	return stdout;
}

test('igb and ixgbe are built for the installed headers, call vfctl_pf, and are told in build.json', async t => {
	const kernel = installedKernel();
	const made = privateKernel({fake: false});
	t.teardown(() => {
		made.remove();
	});
	const {status, json, notes} = await made.run('driver', 'build', '--kernel', kernel);
	t.is(status, 0, JSON.stringify(json) + notes);
	const directory = join(made.directory, 'state/vfctl/drivers', kernel);
	t.deepEqual(readdirSync(directory).toSorted(), ['build.json', 'igb.ko', 'ixgbe.ko', 'vfctl_fwd.ko', 'vfctl_pf.ko']);
	t.deepEqual(readdirSync(join(directory, '..')).toSorted(), ['.lock', kernel]);

	const path = join(directory, 'build.json');
	const build = parseDriverBuild(readFileSync(path, 'utf8'), path);
	t.deepEqual(json['build'], JSON.parse(readFileSync(path, 'utf8')));
	t.is(build.kernel, kernel);
	t.regex(build.compiler, /gcc|clang/);
	t.deepEqual(build.modules.map(({name}) => name), ['vfctl_pf', 'igb', 'ixgbe', 'vfctl_fwd']);
	for (const {name, sha256, srcversion, vermagic, depends} of build.modules) {
		const file = join(directory, `${name}.ko`);
		t.is(output('sha256sum', file).slice(0, 64), sha256);
		t.is(output('modinfo', '-F', 'vermagic', file).trim(), vermagic);
		t.is(vermagic.split(' ')[0], kernel);
		t.is(output('modinfo', '-F', 'srcversion', file).trim(), srcversion);
		t.regex(srcversion, /^[\dA-F]{23}$/, name);
		t.is(depends.includes('vfctl_pf'), name !== 'vfctl_pf', name);
		// DKMS would take a driver without a version for the distribution's, and leave it out.
		t.is(output('modinfo', '-F', 'version', file).trim(), ['igb', 'ixgbe'].includes(name) ? 'vfctl-1' : '');
	}

	t.deepEqual(Object.keys(build.touched!), ['igb/igb_main.c', 'ixgbe/ixgbe_main.c', 'ixgbe/ixgbe_sriov.c']);
	t.is(build.tried === null, build.warnings.some(warning => warning.includes('was not tried with it')));
	t.regex(build.revisions!.headers ?? '', /^6\./, 'Debian tells it in its headers');

	for (const driver of ['igb', 'ixgbe'] as const) {
		const patches = build.patches.filter(one => one.driver === driver);
		t.deepEqual(patches.map(({name}) => name), patches.map(({name}) => name).toSorted());
		const hooks = new Set(patches.flatMap(one => one.hooks));
		t.true(hooks.size > 5, `${driver}: ${[...hooks].join(' ')}`);
		// What the module calls across, as its symbol table tells: of the hooks, those that are no inline
		// functions of the header; every one of them is exported by vfctl_pf.
		const called = output('nm', '--undefined-only', '--format=posix', join(directory, `${driver}.ko`)).split('\n').map(line => line.split(' ')[0]!).filter(name => name.startsWith('vfctl_'));
		const exported = output('nm', '--defined-only', '--format=posix', join(directory, 'vfctl_pf.ko')).split('\n').map(line => line.split(' ')[0]!);
		t.true(called.includes('vfctl_pf_add'), called.join(' '));
		t.true(called.length > 5, called.join(' '));
		t.deepEqual(called.filter(name => !exported.includes(`__ksymtab_${name}`)), []);
	}

	const {json: told} = await made.run('driver', 'status', '--kernel', kernel);
	t.deepEqual((told as {builds: unknown[]}).builds, [{kernel, drivers: ['igb', 'ixgbe'], kernelVersion: build.kernelVersion, builtAtMs: build.builtAtMs, stale: [], installed: 'no'}]);
});
