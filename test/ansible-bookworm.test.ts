// The role `host` on a Debian 12, over SSH: its own sshd answers in namespaces of its own, without a network. There is no
// systemd, no card and no libvirt, so this is what the role installs and writes, and not what comes at the next boot.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {Ansible} from './helpers/ansible.ts';
import {difference} from './helpers/apt-in.ts';
import {buildPackages} from './helpers/build-packages.ts';
import {startPackageRoot, type PackageRoot} from './helpers/package-root.ts';

const directory = mkdtempSync(join(tmpdir(), 'vfctl-ansible-12-'));
const play = [{hosts: 'all', gather_facts: true, roles: [{role: 'vfctl.vfctl.host'}]}];

let ansible: Ansible;
let root: PackageRoot;
let variables: Record<string, unknown>;
let packages: ReturnType<typeof buildPackages>;

test.before(async () => {
	// The tests run from dist/test.
	ansible = new Ansible(join(dirname(fileURLToPath(import.meta.url)), '..', '..'));
	packages = buildPackages(join(directory, 'packages'), {withNode: true});
	root = await startPackageRoot('bookworm');
	const key = join(directory, 'key');
	execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
	root.run('mkdir', '-m', '700', '/root/.ssh', '/run/sshd');
	root.write('/root/.ssh/authorized_keys', readFileSync(`${key}.pub`, 'utf8'));
	variables = {
		ansible_connection: 'ssh', ansible_host: 'debian-12', ansible_user: 'root', ansible_pipelining: true,
		ansible_ssh_args: `-F none -o ControlMaster=no -o ControlPath=none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile=${key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ProxyCommand="${[...root.inside, '/usr/sbin/sshd', '-i'].join(' ')}"`,
		vfctl_host_package: packages.deb,
		vfctl_host_packages: ['ethtool', 'iproute2', 'kmod', 'pciutils'],
		vfctl_host_persist_items: ['modules'],
	};
});

test.after.always(() => {
	root?.stop();
	ansible?.end();
	rmSync(directory, {recursive: true});
});

/** Runs the role; what was changed, what failed, and the messages of that. */
async function run(more: Record<string, unknown> = {}, ...args: string[]) {
	const {code, told, stderr} = await ansible.play(play, {hosts: {one: {...variables, ...more}}, args});
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
