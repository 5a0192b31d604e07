// The role `pf_driver` in earnest: one machine with compilers builds, and two hosts, reached over SSH, install what it
// built and run it. The one that builds is a Debian in namespaces of this machine, into which Ansible comes without
// an sshd: it has none.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import test from 'ava';
import {labKernelTree} from '../../lab/drivers.ts';
import {ensureKernelTree} from '../../lab/kernel-tree.ts';
import {usualKernel} from '../../lab/kernels.ts';
import {Lab} from '../../lab/lab.ts';
import {silent} from '../../lab/progress.ts';
import {Ansible} from '../helpers/ansible.ts';
import {buildPackages} from '../helpers/build-packages.ts';
import {startRoot, type PackageRoot} from '../helpers/package-root.ts';
import {changes, failures, labHost, root} from './helpers/ansible-host.ts';
import {LabVfctl} from './helpers/vfctl.ts';

const directory = mkdtempSync(join(tmpdir(), 'vfctl-builder-'));
const play = [{hosts: 'first:second', gather_facts: true, gather_subset: ['!all'], roles: [{role: 'vfctl.vfctl.pf_driver'}]}];

let ansible: Ansible;
let builder: PackageRoot;
let release: string;
let labs: readonly Lab[] = [];
let vfctls: readonly LabVfctl[] = [];
let hosts: Record<string, Record<string, unknown>>;

test.before(async () => {
	ansible = new Ansible(root);
	const kernel = await labKernelTree(usualKernel, silent);
	({release} = kernel);
	builder = await startRoot(await ensureKernelTree(kernel.tree, silent));
	// The hosts have vfctl from the same tree. What it wants beside Node.js is not there, and building does not need it.
	const {deb} = buildPackages(join(directory, 'packages'));
	execFileSync(builder.inside[0]!, [...builder.inside.slice(1), 'dpkg-deb', '--extract', builder.put(deb), '/']);
	// Stands for ssh: the last word is the command.
	const ssh = ansible.write('ssh', `#!/bin/sh\nfor last; do :; done\nexec ${builder.inside.join(' ')} env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 sh -c "$last"\n`, 0o755);
	labs = await Promise.all(['first', 'second'].map(async name => Lab.start({name: `ansible-driver-${name}-${process.pid}`})));
	vfctls = await Promise.all(labs.map(async lab => LabVfctl.install(lab)));
	const wanted = {vfctl_pf_driver_builder: 'builder', vfctl_pf_driver_load: true};
	hosts = {
		builder: {ansible_connection: 'ssh', ansible_ssh_executable: ssh, ansible_ssh_transfer_method: 'piped', ansible_pipelining: true},
		first: labHost(labs[0]!, wanted), second: labHost(labs[1]!, wanted),
	};
});

test.after.always(async () => {
	await Promise.all(labs.map(async lab => lab.down()));
	builder?.stop();
	ansible?.end();
	rmSync(directory, {recursive: true, force: true});
});

/** The modules that were built, each with its digest. */
const built = () => builder.run('sh', '-c', `cd /var/lib/vfctl/drivers/${release} 2>/dev/null && sha256sum *.ko build.json`).stdout;

/** What a host says of its driver for the lab's cards. */
async function igb(vfctl: LabVfctl): Promise<{loaded: {origin: string}; file: {origin: string}}> {
	const {json} = await vfctl.run(['driver', 'status']);
	return json.drivers.find(({name}: {name: string}) => name === 'igb');
}

test.serial('check mode says that it would build, and changes neither', async t => {
	const {code, told, stderr} = await ansible.play(play, {hosts, args: ['--check']});
	t.is(code, 0, failures(told) || stderr);
	t.true(changes(told).some(change => change.endsWith('Build for the kernel of this host')), changes(told).join('\n'));
	t.is(built(), '');
	for (const vfctl of vfctls) {
		t.like(await igb(vfctl), {loaded: {origin: 'stock'}, file: {origin: 'stock'}});
	}
});

test.serial('built once, brought to both hosts, installed and loaded there', async t => {
	const {code, told, stderr} = await ansible.play(play, {hosts});
	t.is(code, 0, failures(told) || stderr);
	t.deepEqual(changes(told).filter(change => change.endsWith('Build for the kernel of this host')).length, 1, 'the second host finds the build of the first');
	for (const [index, vfctl] of vfctls.entries()) {
		const lab = labs[index]!;
		t.is((await lab.exec(`cd /var/lib/vfctl/drivers/${release} && sha256sum *.ko build.json`)).stdout, built());
		t.like(await igb(vfctl), {loaded: {origin: 'vfctl', current: true}, file: {origin: 'vfctl', current: true}});
		// It is the PFs' driver, and it makes VFs.
		await vfctl.run(['vf', 'create', 'eth1', '2', '--yes']);
		const pf = basename((await lab.exec('readlink -f /sys/class/net/eth1/device')).stdout.trim());
		t.is((await lab.exec(`cat /sys/kernel/vfctl/${pf}/driver /sys/kernel/vfctl/${pf}/vfs`)).stdout, 'igb\n2\n');
		await vfctl.run(['undo', '--yes']);
	}
});

test.serial('the second run changes nothing', async t => {
	const {code, told, stderr} = await ansible.play(play, {hosts});
	t.is(code, 0, failures(told) || stderr);
	t.deepEqual(changes(told), []);
});
