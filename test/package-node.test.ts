// vfctl where Debian's Node.js is too old for it: the package vfctl-node, in a Debian 12 with Node.js 18, and beside a
// Node.js that is new enough. Needs root, mmdebstrap and overlayfs.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {librariesOf, readNodeBinary} from '../scripts/package/node-binary.ts';
import {aptIn, difference, succeeds} from './helpers/apt-in.ts';
import {buildPackages} from './helpers/build-packages.ts';
import {startPackageRoot, type PackageRoot} from './helpers/package-root.ts';
import type {PackageSuite} from './helpers/package-tree.ts';

const built = mkdtempSync(join(tmpdir(), 'vfctl-built-'));
const {version} = JSON.parse(readFileSync('package.json', 'utf8')) as {version: string};
const {deb, node} = buildPackages(join(built, 'first'), {withNode: true});
const again = buildPackages(join(built, 'again'), {withNode: true, umask: '077', env: {TZ: 'Pacific/Kiritimati'}});

test.after.always(() => {
	rmSync(built, {recursive: true});
});

async function started(t: ExecutionContext, suite?: PackageSuite): Promise<PackageRoot> {
	const root = await startPackageRoot(suite);
	t.teardown(() => {
		root.stop();
	});
	return root;
}

/** Which Node.js vfctl runs on, as that tells. */
function nodeOf(t: ExecutionContext, root: PackageRoot): string {
	root.write('/run/packages/which.cjs', 'console.error(process.execPath)');
	const said = root.run('env', 'NODE_OPTIONS=--require=/run/packages/which.cjs', 'vfctl', '--version');
	succeeds(t, said);
	return said.stderr.trim();
}

test('it has the Node.js that made it, to the byte, and two builds are the same', t => {
	t.true(readFileSync(again.node!).equals(readFileSync(node!)));
	const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', node!], {maxBuffer: 1 << 28});
	t.deepEqual(execFileSync('tar', ['--list'], {input: tar, encoding: 'utf8'}).split('\n').filter(name => /[^/]$/.test(name)).sort(), [
		'./usr/lib/vfctl-node/node', './usr/share/doc/vfctl-node/changelog.gz', './usr/share/doc/vfctl-node/copyright', './usr/share/lintian/overrides/vfctl-node',
	]);
	t.true(execFileSync('tar', ['--extract', '--to-stdout', './usr/lib/vfctl-node/node'], {input: tar, maxBuffer: 1 << 28}).equals(readFileSync(process.execPath)));
	t.regex(execFileSync('tar', ['--extract', '--to-stdout', './usr/share/doc/vfctl-node/copyright'], {input: tar, encoding: 'utf8'}), /Copyright Node\.js contributors[^]*OpenSSL/);
	t.is(execFileSync('dpkg-deb', ['--field', node!, 'Version'], {encoding: 'utf8'}), `${process.versions.node}\n`);
});

/** What objdump tells of a program, in short. */
const headers = (libraries: readonly string[], versions: readonly string[]) => `Dynamic Section:\n${libraries.map(name => `  NEEDED               ${name}\n`).join('')}\nVersion References:\n${versions.map(name => `    0x06969187 0x00 28 ${name}\n`).join('')}`;

test('its dependencies are the libraries that the binary asks for, and no others are taken', t => {
	t.deepEqual(librariesOf(headers(['libdl.so.2', 'libstdc++.so.6', 'libgcc_s.so.1', 'libc.so.6', 'ld-linux-x86-64.so.2'], ['GLIBC_2.2.5', 'GLIBC_2.28', 'GLIBC_2.3.4', 'GCC_3.4', 'GLIBCXX_3.4.9', 'GLIBCXX_3.4.21', 'CXXABI_1.3.9'])), ['libc6 (>= 2.28)', 'libgcc-s1 (>= 3.4)', 'libstdc++6 (>= 5.1)']);
	t.deepEqual(librariesOf(headers(['libc.so.6', 'libstdc++.so.6', 'libatomic.so.1'], ['GLIBCXX_3.4.18'])), ['libatomic1', 'libc6', 'libstdc++6']);
	// As Debian's own is, and as one that is linked with everything in it.
	t.throws(() => librariesOf(headers(['libnode.so.115', 'libuv.so.1', 'libc.so.6'], [])), {message: /libnode\.so\.115, libuv\.so\.1; run npm with the Node\.js of/});
	t.throws(() => librariesOf(headers([], [])), {message: /no libraries are told/});
	t.throws(() => librariesOf(headers(['libstdc++.so.6'], ['GLIBCXX_3.4.99'])), {message: /GLIBCXX_3\.4\.99/});
	// Nobody may pass it on without its licence.
	symlinkSync(process.execPath, join(built, 'node'));
	t.throws(() => readNodeBinary(join(built, 'node')), {message: /its licence is in none of/});
});

test('lintian has nothing to say of it but what is overridden with a reason', async t => {
	const root = await started(t);
	// Builds of Node.js differ in what there is to override.
	const said = root.run('lintian', '--allow-root', '--suppress-tags', 'unused-override', '--pedantic', '--display-info', '--tag-display-limit', '0', '--fail-on', 'error,warning,info,pedantic', root.put(node!));
	t.is(said.stdout, '');
	t.is(said.status, 0, said.stderr);
});

test('Debian 12, whose Node.js is 18: refused without it, and with it vfctl works, and goes as it came', async t => {
	const root = await started(t, 'bookworm');
	const before = root.files();
	t.regex(succeeds(t, root.run('/usr/bin/node', '--version')), /^v18\./);
	const alone = aptIn(root, 'install', root.put(deb));
	t.not(alone.status, 0);
	t.regex(alone.stdout + alone.stderr, /vfctl : Depends: nodejs \(>= 20\.19\)[^]*vfctl-node/);
	t.deepEqual(difference(before, root.files()), []);

	succeeds(t, aptIn(root, 'install', root.put(deb), root.put(node!)));
	t.is(succeeds(t, root.run('vfctl', '--version')), `${version}\n`);
	t.is(nodeOf(t, root), '/usr/lib/vfctl-node/node');
	const doctor = root.run('vfctl', '--host', root.put('test/fixtures/hosts/i350.rec'), 'doctor', '--json');
	t.true((JSON.parse(doctor.stdout) as {findings: unknown[]}).findings.length > 0, doctor.stderr);
	// koffi's library, in the lock of an operation on this host itself.
	t.regex(succeeds(t, root.run('vfctl', 'persist', 'on', '--only', 'unit', '--yes')), /^done: /);
	t.regex(root.read('/etc/systemd/system/vfctl.service')!, /^ExecStart=\/usr\/lib\/vfctl\/bin\/vfctl apply /m);
	const verified = root.run('systemd-analyze', 'verify', '--man=no', '/etc/systemd/system/vfctl.service');
	t.notRegex(verified.stderr, /vfctl\.service:.*(?:executable|Unknown|Failed)/);
	succeeds(t, root.run('vfctl', 'undo', '--yes'));

	t.regex(succeeds(t, root.run('man', 'vfctl-attach')), /--guest-timeout/);
	const completed = root.run('bash', '-c', '. /usr/share/bash-completion/bash_completion; _completion_loader vfctl; COMP_WORDS=(vfctl vf "") COMP_CWORD=2; $(complete -p vfctl | sed "s/.*-F \\([^ ]*\\).*/\\1/"); echo "${COMPREPLY[@]}"');
	t.is(succeeds(t, completed), 'create destroy set\n');

	succeeds(t, aptIn(root, 'purge', 'vfctl-node', 'vfctl'));
	t.deepEqual(difference(before, root.files()), []);
});

test('where Node.js is new enough it can come and go, and what vfctl wrote for the boot stays good', async t => {
	const root = await started(t);
	succeeds(t, aptIn(root, 'install', root.put(deb)));
	t.is(nodeOf(t, root), '/usr/bin/node');
	succeeds(t, root.run('vfctl', 'persist', 'on', '--only', 'unit', '--yes'));
	const unit = root.read('/etc/systemd/system/vfctl.service');
	const before = root.files();

	succeeds(t, aptIn(root, 'install', root.put(node!)));
	t.is(nodeOf(t, root), '/usr/lib/vfctl-node/node');
	t.true((JSON.parse(succeeds(t, root.run('vfctl', 'persist', '--json'))) as {items: Array<{item: string; state: string}>}).items.some(({item, state}) => item === 'unit' && state === 'set'));
	succeeds(t, aptIn(root, 'purge', 'vfctl-node'));
	t.is(nodeOf(t, root), '/usr/bin/node');
	t.is(root.read('/etc/systemd/system/vfctl.service'), unit);
	t.deepEqual(difference(before, root.files()), []);
});
