// The role `host` on a Debian 12, over SSH: its own sshd answers in namespaces of its own, without a network. There is no
// systemd, no card and no libvirt, so this is what the role installs and writes, and not what comes at the next boot.
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {Ansible} from './helpers/ansible.ts';
import {aptIn, difference} from './helpers/apt-in.ts';
import {buildPackages} from './helpers/build-packages.ts';
import {startPackageRoot, type PackageRoot} from './helpers/package-root.ts';

const directory = mkdtempSync(join(tmpdir(), 'vfctl-ansible-12-'));
const play = [{hosts: 'all', gather_facts: true, roles: [{role: 'vfctl.vfctl.host'}]}];

const key = join(directory, 'key');

let ansible: Ansible;
let root: PackageRoot;
let packages: ReturnType<typeof buildPackages>;

test.before(() => {
	// The tests run from dist/test.
	ansible = new Ansible(join(dirname(fileURLToPath(import.meta.url)), '..', '..'));
	packages = buildPackages(join(directory, 'packages'), {withNode: true});
	execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
});

test.beforeEach(async () => {
	root = await startPackageRoot('bookworm');
	root.run('mkdir', '-m', '700', '/root/.ssh', '/run/sshd');
	root.write('/root/.ssh/authorized_keys', readFileSync(`${key}.pub`, 'utf8'));
});

test.afterEach.always(() => {
	root?.stop();
});

test.after.always(() => {
	ansible?.end();
	rmSync(directory, {recursive: true});
});

const variables = () => ({
	ansible_connection: 'ssh', ansible_host: 'debian-12', ansible_user: 'root', ansible_pipelining: true,
	ansible_ssh_args: `-F none -o ControlMaster=no -o ControlPath=none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile=${key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ProxyCommand="${[...root.inside, '/usr/sbin/sshd', '-i'].join(' ')}"`,
	vfctl_host_package: packages.deb,
	vfctl_host_packages: ['ethtool', 'iproute2', 'kmod', 'pciutils'],
	vfctl_host_persist_items: ['modules'],
});

/** Runs the role; what was changed, what failed, and the messages of that. */
async function run(more: Record<string, unknown> = {}, ...args: string[]) {
	const {code, told, stderr} = await ansible.play(play, {hosts: {one: {...variables(), ...more}}, args});
	return {
		code, stderr,
		changed: told.filter(({result}) => result.changed === true).map(({task}) => task.split(' : ').at(-1)),
		failed: told.filter(({outcome}) => outcome !== 'ok' && outcome !== 'skipped').map(({task, result}) => `${task.split(' : ').at(-1)}: ${result.msg}`),
	};
}

/** Without what Ansible keeps for itself. */
const files = () => root.files().filter(line => !/^\/root\/\.ansible\b/.test(line));

test.serial('without vfctl-node the role stops before it changes anything, and says what to do', async t => {
	const before = files();
	for (const args of [[], ['--check']]) {
		const {code, changed, failed} = await run({}, ...args);
		t.not(code, 0);
		t.deepEqual(changed, []);
		t.is(failed.length, 1);
		t.regex(failed[0]!, /^Stop where Node\.js is too old for vfctl: the newest nodejs that apt has for one is 18\.\d+, and vfctl needs 20\.19: name the package vfctl-node in vfctl_host_node_package/);
	}

	t.deepEqual(difference(before, files()), []);
});

test.serial('with it: check mode changes nothing, a run installs both, and the next one finds nothing to do', async t => {
	const named = {vfctl_host_node_package: packages.node};
	const before = files();
	const checked = await run(named, '--check');
	t.is(checked.code, 0, checked.failed.join('\n') || checked.stderr);
	t.true(checked.changed.includes('Copy its package'));
	t.deepEqual(difference(before, files()), []);

	const first = await run(named);
	t.is(first.code, 0, first.failed.join('\n') || first.stderr);
	t.deepEqual(first.changed, ['Make a directory for its package', 'Copy its package', 'Install its package', 'Set arguments of the kernel, modules, and rules for network managers']);
	t.is(root.run('dpkg-query', '--show', '--showformat=${Package} ${Status}\\n', 'vfctl', 'vfctl-node').stdout, 'vfctl install ok installed\nvfctl-node install ok installed\n');
	t.is(root.run('/usr/bin/node', '--version').stdout.slice(0, 4), 'v18.');
	t.regex(root.read('/etc/modules-load.d/vfctl.conf')!, /^vfio-pci$/m);

	// The second time vfctl-node is known to apt, and need not be named.
	for (const more of [named, {}]) {
		const again = await run(more);
		t.is(again.code, 0, again.failed.join('\n') || again.stderr);
		t.deepEqual(again.changed, []);
	}
});

test.serial('where a repository has a newer Node.js, that takes the place of the older one', async t => {
	// What nodesource has, made of the same Node.js: a package nodejs with /usr/bin/node.
	const tree = join(directory, 'nodejs');
	execFileSync('dpkg-deb', ['--raw-extract', packages.node!, tree]);
	mkdirSync(join(tree, 'usr/bin'));
	renameSync(join(tree, 'usr/lib/vfctl-node/node'), join(tree, 'usr/bin/node'));
	const control = readFileSync(join(tree, 'DEBIAN/control'), 'utf8');
	writeFileSync(join(tree, 'DEBIAN/control'), control.replace('Package: vfctl-node', 'Package: nodejs').replace(/^Version: .*$/m, '$&-1nodesource1'));
	const deb = join(directory, 'nodejs.deb');
	execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', tree, deb], {stdio: 'ignore'});
	const fields = execFileSync('dpkg-deb', ['--field', deb], {encoding: 'utf8'});
	root.put(deb);
	root.write('/run/packages/Packages', `${fields}Filename: ./nodejs.deb\nSize: ${statSync(deb).size}\nSHA256: ${createHash('sha256').update(readFileSync(deb)).digest('hex')}\n`);
	root.write('/etc/apt/sources.list', 'deb [trusted=yes] file:/run/packages ./\n');
	t.is(aptIn(root, 'update').status, 0);

	const first = await run();
	t.is(first.code, 0, first.failed.join('\n') || first.stderr);
	t.true(first.changed.includes('Install Node.js'));
	t.is(root.run('/usr/bin/node', '--version').stdout, `${process.version}\n`);
	t.is(root.run('vfctl', 'history', '--json').status, 0);
	const again = await run();
	t.is(again.code, 0, again.failed.join('\n') || again.stderr);
	t.deepEqual(again.changed, []);
});
