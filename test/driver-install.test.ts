// `vfctl driver install` and `uninstall` on a kernel of the test: real files, depmod, modinfo and
// sign-file, real kills in the middle. Needs root, like the program.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {readDkmsTemplates} from '../lib/exec/driver/read-dkms.ts';
import {realFiles} from '../lib/host/real-files.ts';
import {builtModules, type DriverBuild} from '../lib/model/driver-build.ts';
import type {ModuleSecurity} from '../lib/model/driver-status.ts';
import {dkmsActions, dkmsTexts} from '../lib/plan/dkms.ts';
import {noModules} from '../lib/plan/module-actions.ts';
import {planInstall} from '../lib/plan/plan-install.ts';
import {objectFile, writeModules} from './helpers/fake-modules.ts';
import {privateKernel, type PrivateKernel, type PrivateKernelOptions, type RanVfctl} from './helpers/private-kernel.ts';

const kernel = '6.1.0-99-test';
const intel = 'drivers/net/ethernet/intel';
const installed = `modules/${kernel}/updates/vfctl`;
const names = ['vfctl_pf', 'igb', 'ixgbe', 'vfctl_fwd'] as const;

/** A kernel with its own igb and ixgbe, and a build of ours for it. */
function world(t: ExecutionContext, options: Omit<PrivateKernelOptions, 'fake'> = {}): PrivateKernel {
	const made = privateKernel({fake: true, ...options});
	t.teardown(() => {
		made.remove();
	});
	// writeModules wants lib/modules below its root.
	mkdirSync(join(made.directory, 'root/lib'), {recursive: true});
	symlinkSync(join(made.directory, 'modules'), join(made.directory, 'root/lib/modules'));
	for (const name of ['igb', 'ixgbe']) {
		mkdirSync(join(made.directory, `modules/${kernel}/kernel/${intel}/${name}`), {recursive: true});
	}

	writeModules(join(made.directory, 'root'), kernel, ['igb', 'ixgbe'].map(name => ({name: `${intel}/${name}/${name}`, aliases: []})));
	mkdirSync(join(made.directory, `modules/${kernel}/build`));
	symlinkSync('/usr/lib/linux-kbuild-6.1/scripts', join(made.directory, `modules/${kernel}/build/scripts`));
	keepBuild(made, 'first');
	return made;
}

/** A build whose modules say `which`. */
function keepBuild(made: PrivateKernel, which: string, modules: ReadonlyArray<typeof names[number]> = names): void {
	const build: DriverBuild = {
		version: 1, kernel, kernelVersion: '6.1.5', vfctl: '1', sources: '0'.repeat(64), source: {path: '/usr/src/linux', kind: 'tree'}, compiler: 'gcc', builtAtMs: 1, steps: [], patches: [], warnings: [],
		modules: modules.map(name => {
			const content = objectFile([`name=${name}`, `srcversion=${which}`, 'license=GPL']);
			made.write(`state/vfctl/drivers/${kernel}/${name}.ko`, content);
			return {name, sha256: createHash('sha256').update(content).digest('hex'), srcversion: which, vermagic: kernel, depends: []};
		}),
	};
	made.write(`state/vfctl/drivers/${kernel}/build.json`, JSON.stringify(build));
}

/** What is installed: which build each module is of, and where modprobe would find it. */
function state(made: PrivateKernel): Record<string, string> {
	const dep = readFileSync(join(made.directory, `modules/${kernel}/modules.dep`), 'utf8').split('\n').map(line => line.split(':')[0]!);
	return Object.fromEntries(names.map(name => {
		const path = join(made.directory, installed, `${name}.ko`);
		const which = existsSync(path) ? /srcversion=(\w+)/.exec(readFileSync(path, 'latin1'))![1]! : 'none';
		return [name, `${which} ${dep.find(one => one.endsWith(`/${name}.ko`)) ?? ''}`.trim()];
	}));
}

const stock = {vfctl_pf: 'none', igb: `none kernel/${intel}/igb/igb.ko`, ixgbe: `none kernel/${intel}/ixgbe/ixgbe.ko`, vfctl_fwd: 'none'};
const ours = (which: string) => Object.fromEntries(names.map(name => [name, `${which} updates/vfctl/${name}.ko`]));

async function must(t: ExecutionContext, made: PrivateKernel, ...words: string[]): Promise<RanVfctl['json']> {
	const {status, json, notes} = await made.run(...words);
	t.is(status, 0, `${words.join(' ')}: ${JSON.stringify(json)} ${notes}`);
	return json;
}

/** Nothing lies beside the kernels that was only for the moment. */
function nothingLeft(t: ExecutionContext, made: PrivateKernel): void {
	t.deepEqual(readdirSync(join(made.directory, 'modules')), [kernel]);
}

const install = ['driver', 'install', '--kernel', kernel];
const uninstall = ['driver', 'uninstall', '--kernel', kernel];

test('installed, installed again, replaced, undone, taken away', async t => {
	const made = world(t);
	t.true(((await must(t, made, ...install, '--dry-run')) as {changed: boolean}).changed);
	t.deepEqual(state(made), stock);
	t.false(existsSync(join(made.directory, 'state/vfctl/modules')), 'a dry run keeps nothing');

	await must(t, made, ...install);
	t.deepEqual(state(made), ours('first'));
	t.false(((await must(t, made, ...install)) as {changed: boolean}).changed);

	keepBuild(made, 'second');
	await must(t, made, ...install);
	t.deepEqual(state(made), ours('second'));
	await must(t, made, 'undo', '--yes');
	t.deepEqual(state(made), ours('first'));

	await must(t, made, ...uninstall);
	t.deepEqual(state(made), stock);
	t.false(existsSync(join(made.directory, `modules/${kernel}/updates`)));
	t.false(((await must(t, made, ...uninstall)) as {changed: boolean}).changed);
	await must(t, made, 'undo', '--yes');
	t.deepEqual(state(made), ours('first'));
	nothingLeft(t, made);
});

test('a kernel that was removed: told, pruned, undone; the store keeps what the journal names', async t => {
	const made = world(t);
	await must(t, made, ...install);
	// What the removal of its package leaves: the directory, since it is not empty.
	for (const name of ['kernel', 'build']) {
		made.take(`modules/${kernel}/${name}`);
		rmSync(join(made.directory, `modules/${kernel}/${name}.gone`), {recursive: true});
	}

	for (const name of readdirSync(join(made.directory, `modules/${kernel}`)).filter(one => one.startsWith('modules.'))) {
		rmSync(join(made.directory, `modules/${kernel}/${name}`));
	}

	const leftovers = async () => ((await must(t, made, 'driver', 'status', '--kernel', kernel)) as {leftovers: unknown}).leftovers;
	t.deepEqual(await leftovers(), {installed: [kernel], builds: [kernel], stored: []});
	t.like((await made.run(...uninstall)).json['error'], {code: 'NO_KERNEL_SOURCE', message: `the kernel ${kernel} was removed`});

	const files = () => [readdirSync(join(made.directory, 'modules')), readdirSync(join(made.directory, 'state/vfctl/drivers')).filter(name => name !== '.lock'), readdirSync(join(made.directory, 'state/vfctl/modules')).length];
	const dry = await must(t, made, 'driver', 'prune', '--dry-run') as {changed: boolean; builds: string[]};
	t.like(dry, {changed: true, builds: [kernel]});
	t.deepEqual(files(), [[kernel], [kernel], names.length]);
	await must(t, made, 'driver', 'prune');
	t.deepEqual(files(), [[], [], names.length]);
	t.false(((await must(t, made, 'driver', 'prune')) as {changed: boolean}).changed);

	await must(t, made, 'undo', '--yes');
	t.deepEqual(readdirSync(join(made.directory, installed)).toSorted(), names.map(name => `${name}.ko`).toSorted());
	t.deepEqual(readdirSync(join(made.directory, `modules/${kernel}`)), ['updates']);
	await must(t, made, 'driver', 'prune');
	t.deepEqual(files(), [[], [], names.length]);

	// Nobody can ask for them once the journal forgot them.
	rmSync(join(made.directory, 'state/vfctl/journal'), {recursive: true});
	t.is(((await leftovers()) as {stored: string[]}).stored.length, names.length);
	await must(t, made, 'driver', 'prune');
	t.deepEqual(files(), [[], [], 0]);
});

test('a build of one driver takes the other one away', async t => {
	const made = world(t);
	await must(t, made, ...install);
	made.take(`state/vfctl/drivers/${kernel}`);
	keepBuild(made, 'second', ['vfctl_pf', 'igb', 'vfctl_fwd']);
	await must(t, made, ...install);
	t.deepEqual(state(made), {...ours('second'), ixgbe: stock.ixgbe});
	await must(t, made, 'undo', '--yes');
	t.deepEqual(state(made), ours('first'));
});

test('an initramfs that holds the drivers is made anew, one that does not is left alone', async t => {
	const made = world(t);
	const image = `/boot/initrd.img-${kernel}`;
	const drivers = async () => (await made.exec('lsinitramfs', image)).split('\n').filter(line => line.endsWith('/igb.ko')).map(line => line.replace(/^.*6\.1\.0-99-test\//, ''));
	made.write(`boot/config-${kernel}`, 'CONFIG_RD_GZIP=y\n');
	await made.exec('update-initramfs', '-c', '-k', kernel);
	t.deepEqual(await drivers(), [`kernel/${intel}/igb/igb.ko`]);
	await must(t, made, ...install);
	t.deepEqual(await drivers(), ['updates/vfctl/igb.ko']);
	await must(t, made, 'undo', '--yes');
	t.deepEqual(await drivers(), [`kernel/${intel}/igb/igb.ko`]);

	await made.exec('rm', '-r', `/lib/modules/${kernel}/kernel/drivers`);
	await made.exec('update-initramfs', '-u', '-k', kernel);
	t.deepEqual(await drivers(), []);
	const {plan} = await must(t, made, ...install, '--dry-run') as {plan: {actions: Array<{initramfs: unknown}>}};
	t.deepEqual(plan.actions.map(({initramfs}) => initramfs), [null]);
});

test('DKMS gets to know vfctl for kernels that come later, and forgets it', async t => {
	const made = world(t);
	mkdirSync(join(made.directory, 'state/dkms'));
	const known = async () => (await made.exec('dkms', 'status')).replace(/\s+$/, '');
	t.is(await known(), '');
	await must(t, made, ...install, '--dkms');
	t.deepEqual(state(made), ours('first'));
	t.regex(await known(), /^vfctl\/[\w.+~-]+: added$/);
	const script = readFileSync(join(made.directory, 'src', readdirSync(join(made.directory, 'src'))[0]!, 'build.sh'), 'utf8');
	t.regex(script, /^\S*node \/.*vfctl\.cjs driver build --kernel "\$1"$/m);
	t.false(((await must(t, made, ...install, '--dkms')) as {changed: boolean}).changed);

	await must(t, made, 'undo', '--yes');
	t.is(await known(), '');
	t.deepEqual(state(made), stock);
	await must(t, made, ...install, '--dkms');
	await must(t, made, ...uninstall, '--dkms');
	t.is(await known(), '');
	t.deepEqual(state(made), stock);
	t.deepEqual(readdirSync(join(made.directory, 'src')).flatMap(name => readdirSync(join(made.directory, 'src', name))), []);
});

test('what DKMS is told: other versions go, a path that a shell would read is refused', t => {
	const facts = {present: true, version: '2.0', texts: {'dkms.conf': null, 'build.sh': null}, added: ['1.0']};
	const program = {node: '/usr/bin/node', vfctl: '/usr/lib/vfctl.cjs'};
	const templates = readDkmsTemplates(realFiles(), 'kernel-module');
	t.deepEqual(dkmsActions(facts, templates, program).map(action => action.kind === 'register-dkms' ? `${action.version} ${action.to}` : action.kind), ['1.0 absent', 'write-file', 'write-file', '2.0 added']);
	t.deepEqual(dkmsActions({...facts, added: ['2.0'], texts: dkmsTexts(templates, program, '2.0')}, templates, program), []);
	t.regex(dkmsTexts(templates, program, '2.0')['dkms.conf'], /^PACKAGE_VERSION="2\.0"$/m);
	t.regex(dkmsTexts(templates, program, '2.0')['build.sh'], /^#!\/bin\/sh\n# Written by[^]*\n\/usr\/bin\/node \/usr\/lib\/vfctl\.cjs driver build --kernel "\$1"$/m);
	t.regex(dkmsTexts(templates, {node: null, vfctl: '/usr/lib/vfctl/bin/vfctl'}, '2.0')['build.sh'], /^\/usr\/lib\/vfctl\/bin\/vfctl driver build --kernel "\$1"$/m);
	// Every module of a build, none twice.
	t.deepEqual([...templates['dkms.conf'].matchAll(/^BUILT_MODULE_NAME\[\d\]="(\w+)"$/gm)].map(([, name]) => name), [...builtModules]);
	t.throws(() => dkmsActions({...facts, present: false}, templates, program), {message: /'dkms' is not installed/, code: 'TOOL_MISSING'});
	for (const path of ['/home/a b/vfctl', '/$(reboot)/vfctl', '/a"b', '/a\nb', '/a`b`']) {
		t.throws(() => dkmsActions(facts, templates, {...program, vfctl: path}), {message: /cannot start vfctl/, code: 'UNSUPPORTED'});
	}
});

test('signed with the key that is given, the same every time, and verified', async t => {
	const made = world(t);
	const [key, certificate] = ['key.pem', 'cert.pem'].map(name => join(made.directory, name)) as [string, string];
	const {status, stderr} = spawnSync('openssl', ['req', '-new', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=the admin/', '-keyout', key, '-out', certificate], {encoding: 'utf8'});
	t.is(status, 0, stderr);
	await must(t, made, ...install, '--sign-key', key, '--sign-cert', certificate);
	for (const name of names) {
		t.is(spawnSync('modinfo', ['-F', 'signer', join(made.directory, installed, `${name}.ko`)], {encoding: 'utf8'}).stdout.trim(), 'the admin');
	}

	t.false(((await must(t, made, ...install, '--sign-key', key, '--sign-cert', certificate)) as {changed: boolean}).changed);
	t.deepEqual(((await must(t, made, 'driver', 'status', '--kernel', kernel)) as {builds: Array<{installed: string}>}).builds.map(one => one.installed), ['yes']);

	made.write('other.pem', 'no key');
	const {json} = await made.run(...install, '--sign-key', join(made.directory, 'other.pem'), '--sign-cert', certificate);
	t.like(json['error'], {code: 'DRIVER_BUILD_FAILED', message: 'vfctl_pf.ko cannot be signed'});
	t.like((await made.run(...install, '--sign-key', '/nowhere', '--sign-cert', certificate)).json['error'], {code: 'USAGE', message: 'the key /nowhere cannot be read'});
	t.like((await made.run(...install, '--sign-key', key)).json['error'], {code: 'USAGE'});
	t.deepEqual(state(made), ours('first'));
});

test('not installed: nothing built, a build that was changed, no such kernel', async t => {
	const made = world(t);
	made.write(`state/vfctl/drivers/${kernel}/igb.ko`, 'changed');
	t.like((await made.run(...install)).json['error'], {code: 'DRIVER_NOT_BUILT', fix: `vfctl driver build --kernel ${kernel}`});
	made.take(`state/vfctl/drivers/${kernel}`);
	t.like((await made.run(...install)).json['error'], {code: 'DRIVER_NOT_BUILT', fix: `vfctl driver build --kernel ${kernel}`});
	t.like((await made.run('driver', 'install', '--kernel', '6.1.0-none')).json['error'], {code: 'NO_KERNEL_SOURCE'});
	t.deepEqual(state(made), stock);

});

test('rolled back: a depmod that does not look at updates', async t => {
	const made = world(t, {setup: ['mount -t tmpfs none /run', 'mkdir /run/depmod.d', 'echo search built-in > /run/depmod.d/only.conf']});
	const {json} = await made.run(...install);
	t.like(json['error'], {code: 'STEP_FAILED', message: 'modprobe would not take vfctl\'s igb'});
	t.deepEqual(state(made), stock);
	nothingLeft(t, made);
});

const unsigned: ModuleSecurity = {lockdown: 'none', secureBoot: false, onlySigned: false, tainted: 0};
const facts = {kernel, installed: noModules, initramfs: null, security: unsigned} as const;
const to = {vfctl_pf: 'a'.repeat(64), igb: 'b'.repeat(64), ixgbe: null, vfctl_fwd: null};

test('a kernel that takes only signed modules gets none without a key', t => {
	for (const security of [{...unsigned, lockdown: 'integrity', onlySigned: true}, {...unsigned, onlySigned: true}] as const) {
		t.throws(() => planInstall({...facts, security}, to, null), {message: /only signed modules/, code: 'KERNEL_LOCKDOWN'});
		t.regex(planInstall({...facts, security}, to, 'me').warnings.join(), /mokutil --import/);
	}

	t.regex(planInstall(facts, to, null).warnings.join(), /taints/);
	t.deepEqual(planInstall({...facts, installed: to}, to, null).actions, []);
});

/** A program that kills who called it, at its call of that number, before or after its work. */
function deadly(made: PrivateKernel, name: string, call: number, when: 'before' | 'after'): void {
	const real = join(made.directory, `bin/real-${name}`);
	copyFileSync(`/usr/bin/${name}`, real);
	const count = join(made.directory, 'count');
	made.write(`bin/${name}`, `#!/bin/sh
n=$(($(cat ${count} 2>/dev/null || echo 0) + 1)); echo $n > ${count}
[ $n = ${call} ] || exec ${real} "$@"
${when === 'after' ? `${real} "$@"` : ''}
kill -9 $PPID
`, 0o755);
}

// The first three renames fill the store; then the old modules go and the new ones come.
const deaths = [['mv', 3], ['mv', 4], ['mv', 5], ['install', 2], ['rm', 2], ['rm', 3]] as const;

for (const when of ['before', 'after'] as const) {
	test(`killed ${when} any step of the exchange, recover puts the old modules back`, async t => {
		for (const [name, call] of deaths) {
			const made = world(t, {instead: {[`/usr/bin/${name}`]: `bin/${name}`}});
			deadly(made, name, 1_000_000, when);
			await must(t, made, ...install);
			t.deepEqual(state(made), ours('first'));
			keepBuild(made, 'second');
			made.write('count', '0');
			deadly(made, name, call, when);
			await t.throwsAsync(made.run(...install), undefined, `${name} ${call} is called`);
			deadly(made, name, 1_000_000, when);
			await must(t, made, 'recover', '--yes');
			t.deepEqual(state(made), ours('first'), `${name} ${call}`);
			await must(t, made, ...install);
			t.deepEqual(state(made), ours('second'), `${name} ${call}`);
			nothingLeft(t, made);
		}
	});
}
