// The Ansible collection over SSH where things go wrong: a host that goes down in the middle of a play, and a rollout
// whose first host does.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {Ansible} from '../helpers/ansible.ts';
import {changes, failures, labHost, root, site} from './helpers/ansible-host.ts';
import {LabVfctl} from './helpers/vfctl.ts';

const waitMs = 600_000;

let ansible: Ansible;

test.before(() => {
	ansible = new Ansible(root);
});

test.after.always(() => {
	ansible?.end();
});

// vfctl is there already: what the role `host` installs is shown by ansible.test.ts.
const wanted = {
	vfctl_host_install_packages: false,
	vfctl_host_persist_items: ['modules'],
	vfctl_persist_host_file: false,
	vfctl_doctor_checks: ['iommu', 'sriov', 'vfio', 'libvirt.reachable'],
	vfctl_guests_wait: 300,
	vfctl_pfs: {eth1: {numVfs: 2, link: 'up'}, eth2: {numVfs: 2, link: 'up'}},
	vfctl_guests: {
		vm0: {vfs: [{vf: 'eth1#0', mac: '52:54:00:aa:20:01', network: {addresses: ['20.0.0.1/24'], routes: [{to: '10.0.1.0/24', via: '20.0.0.2'}]}}]},
	},
};

/** A program in front of vfctl, which does something else for one command. */
async function wrap(lab: Lab, name: string, lines: string): Promise<string> {
	const path = `/usr/local/bin/${name}`;
	await lab.exec(`cat >${path} && chmod 755 ${path}`, {input: `#!/bin/sh\ncase "$*" in apply*)\n${lines}\n;; esac\nexec /usr/local/bin/vfctl "$@"\n`});
	return path;
}

test.serial('a host that went down in the middle of an operation converges with the next run', async t => {
	const lab = await Lab.start({name: `ansible-cut-${process.pid}`, platform: 'grub', menuArguments: 'intel_iommu=on iommu=pt'});
	t.teardown(async () => lab.down());
	await lab.installVfctl();
	await lab.exec('echo \'GRUB_CMDLINE_LINUX="intel_iommu=on iommu=pt"\' >>/etc/default/grub && update-grub && /lab/guest define vm0 && virsh --quiet autostart vm0', {timeoutMs: waitMs});
	// vfctl dies between two steps, and the host with it: as after a power cut, but that the disk has what was written.
	const executable = await wrap(lab, 'vfctl-cut', 'VFCTL_FAULT=kill@1:after /usr/local/bin/vfctl "$@"; sync; echo b >/proc/sysrq-trigger; sleep 600');
	const restart = lab.followRestart();
	restart.catch(() => {});
	const cut = await ansible.play(site, {hosts: {one: labHost(lab, {...wanted, vfctl_executable: executable})}});
	t.not(cut.code, 0);
	t.true(cut.told.some(({outcome}) => outcome === 'unreachable'), cut.stdout);
	await restart;
	t.is((await lab.exec('cat /sys/class/net/eth1/device/sriov_numvfs /sys/class/net/eth2/device/sriov_numvfs')).stdout, '0\n0\n');

	const run = await ansible.play(site, {hosts: {one: labHost(lab, wanted)}});
	t.is(run.code, 0, failures(run.told) || run.stderr);
	t.true(changes(run.told).includes('one: vfctl.vfctl.host : Put right what was cut off'), changes(run.told).join('\n'));
	await lab.exec('ip addr add 20.0.0.2/24 dev eth2 && ip addr add 10.0.1.1/32 dev lo');
	await lab.exec('/lab/guest ping vm0 20.0.0.2', {timeoutMs: waitMs});
	await lab.exec('/lab/guest exec vm0 "ping -c 1 -W 10 10.0.1.1"', {timeoutMs: waitMs});
});

test.serial('of two hosts the first goes down, and the second is not touched', async t => {
	const [first, second] = [await started(t, 'ansible-first'), await started(t, 'ansible-second')];
	const vfctl = await LabVfctl.install(second);
	await vfctl.capture('/tmp/before.rec');
	const executable = await wrap(first, 'vfctl-off', 'echo o >/proc/sysrq-trigger; sleep 600');
	const run = await ansible.play(site, {hosts: {first: labHost(first, {...wanted, vfctl_executable: executable}), second: labHost(second, wanted)}});
	t.not(run.code, 0);
	t.true(run.told.some(({host, outcome}) => host === 'first' && outcome === 'unreachable'), run.stdout);
	t.deepEqual(run.told.filter(({host}) => host === 'second').map(({task, outcome}) => `${task}: ${outcome}`), ['Stop behind a host that was lost: failed']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});

async function started(t: {teardown: (end: () => Promise<void>) => void}, name: string): Promise<Lab> {
	const lab = await Lab.start({name: `${name}-${process.pid}`, point: 'guests'});
	t.teardown(async () => lab.down());
	await lab.installVfctl();
	return lab;
}
