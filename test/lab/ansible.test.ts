// The Ansible collection over SSH, on fresh hosts of the lab. Ansible goes by the standing connection that
// a lab has, so that each task needs no handshake.
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {Ansible, type Told} from '../helpers/ansible.ts';
import {LabVfctl} from './helpers/vfctl.ts';

// The tests run from dist/test/lab.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const site = 'vfctl.vfctl.site';
const waitMs = 300_000;

let ansible: Ansible;

test.before(() => {
	ansible = new Ansible(root);
});

test.after.always(() => {
	ansible?.end();
});

const wanted = {
	// The lab has its packages and no mirror, no boot loader and no systemd.
	vfctl_host_install_packages: false,
	vfctl_host_persist_items: ['modules'],
	vfctl_persist_host_file: false,
	vfctl_doctor_checks: ['iommu', 'sriov', 'vfio', 'libvirt.reachable'],
	vfctl_pfs: {eth1: {numVfs: 2, link: 'up'}, eth2: {numVfs: 2, link: 'up'}},
	vfctl_pools: {spare: {vfs: ['eth1#1']}},
	vfctl_guests: {
		vm0: {vfs: [{vf: 'eth1#0', mac: '52:54:00:aa:20:01', network: {addresses: ['20.0.0.1/24'], routes: [{to: '10.0.1.0/24', via: '20.0.0.2'}]}}]},
		vm1: {vfs: [{vf: 'eth2#0', mac: '52:54:00:aa:20:02', network: {addresses: ['20.0.0.2/24'], routes: [{to: '10.0.0.0/24', via: '20.0.0.1'}]}}]},
	},
};

/** How Ansible reaches a lab. A connection that is gone must not end at this machine's own sshd: nobody listens on port 1. */
function host(lab: Lab, more: object = {}): object {
	return {
		ansible_connection: 'ssh', ansible_host: '127.0.0.1', ansible_port: 1, ansible_user: 'root', ansible_pipelining: true,
		ansible_ssh_args: `-F none -o ControlMaster=no -o ControlPath=${join(lab.directory, 'ssh')} -o BatchMode=yes`,
		...wanted, ...more,
	};
}

function failures(told: readonly Told[]): string {
	return told.filter(({outcome}) => outcome === 'failed' || outcome === 'unreachable').map(one => JSON.stringify(one)).join('\n');
}

const changes = (told: readonly Told[]) => told.filter(({result}) => result.changed === true).map(({host: name, task}) => `${name}: ${task}`);

async function started(t: {teardown: (end: () => Promise<void>) => void}, name: string): Promise<Lab> {
	const lab = await Lab.start({name: `${name}-${process.pid}`, point: 'guests'});
	t.teardown(async () => lab.down());
	await lab.installVfctl();
	return lab;
}

/** Both guests reach each other, and the networks behind each other by the routes alone. */
async function requirePing(lab: Lab): Promise<void> {
	await lab.exec('/lab/guest ping vm0 20.0.0.2', {timeoutMs: waitMs});
	await lab.exec('/lab/guest exec vm0 "ip addr add 10.0.0.1/24 dev lo || true" && /lab/guest exec vm1 "ip addr add 10.0.1.1/24 dev lo || true"', {timeoutMs: waitMs});
	await lab.exec('/lab/guest exec vm0 "ping -c 1 -W 10 -I 10.0.0.1 10.0.1.1"', {timeoutMs: waitMs});
}

test.serial('check mode changes nothing; then guests ping by their VFs; then nothing is left to do', async t => {
	const lab = await started(t, 'ansible');
	const vfctl = await LabVfctl.install(lab);
	await vfctl.capture('/tmp/before.rec');
	const checked = await ansible.play(site, {hosts: {one: host(lab)}, args: ['--check', '--diff']});
	t.is(checked.code, 0, failures(checked.told) || checked.stderr);
	t.true(changes(checked.told).includes('one: vfctl.vfctl.vfs : PFs and their VFs'));
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);

	const run = await ansible.play(site, {hosts: {one: host(lab)}});
	t.is(run.code, 0, failures(run.told) || run.stderr);
	await requirePing(lab);

	const again = await ansible.play(site, {hosts: {one: host(lab)}});
	t.is(again.code, 0, failures(again.told) || again.stderr);
	t.deepEqual(changes(again.told), []);
});

test.serial('a host that vfctl was killed on converges with the next run', async t => {
	const lab = await started(t, 'ansible-kill');
	// vfctl dies by SIGKILL in the middle of its first operations.
	await lab.exec(String.raw`printf '#!/bin/sh\nVFCTL_FAULT=kill@1:after exec /usr/local/bin/vfctl "$@"\n' >/usr/local/bin/vfctl-dies && chmod 755 /usr/local/bin/vfctl-dies`);
	const cut = await ansible.play(site, {hosts: {one: host(lab, {vfctl_executable: '/usr/local/bin/vfctl-dies'})}});
	t.not(cut.code, 0);
	t.regex(failures(cut.told), /did not answer in JSON/);

	const run = await ansible.play(site, {hosts: {one: host(lab)}});
	t.is(run.code, 0, failures(run.told) || run.stderr);
	t.true(changes(run.told).includes('one: vfctl.vfctl.host : Put right what was cut off'), changes(run.told).join('\n'));
	await requirePing(lab);
});

test.serial('of two hosts the first fails, and the second is not touched', async t => {
	const first = await started(t, 'ansible-first');
	const second = await started(t, 'ansible-second');
	const vfctl = await LabVfctl.install(second);
	await vfctl.capture('/tmp/before.rec');
	// QEMU ends in the middle: the host is away for good.
	await first.exec(String.raw`printf '#!/bin/sh\ncase "$*" in apply*) echo o >/proc/sysrq-trigger; sleep 600;; esac\nexec /usr/local/bin/vfctl "$@"\n' >/usr/local/bin/vfctl-off && chmod 755 /usr/local/bin/vfctl-off`);
	const run = await ansible.play(site, {hosts: {first: host(first, {vfctl_executable: '/usr/local/bin/vfctl-off'}), second: host(second)}});
	t.not(run.code, 0);
	t.true(run.told.some(({host: name, outcome}) => name === 'first' && (outcome === 'unreachable' || outcome === 'failed')), run.stdout);
	t.deepEqual(run.told.filter(({host: name}) => name === 'second'), []);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
});
