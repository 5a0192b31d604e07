// A bare Debian over SSH, and Debian's ansible-core: no vfctl, no VFs, and an IOMMU that its kernel was told to
// leave off. It gets the package, arguments of the kernel and the restart that they need, and in the end a guest
// with a VF, an address and a route.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {Ansible} from '../helpers/ansible.ts';
import {changes, failures, labHost, root, site} from './helpers/ansible-host.ts';

const waitMs = 600_000;

let ansible: Ansible;
let lab: Lab;
let host: Record<string, unknown>;

test.before(async () => {
	ansible = new Ansible(root);
	const directory = join(mkdtempSync(join(tmpdir(), 'vfctl-deb-')), 'package');
	execFileSync(process.execPath, [join(root, 'dist', 'scripts', 'package.js'), '--output', directory], {cwd: root, stdio: ['ignore', 'ignore', 'pipe']});
	lab = await Lab.start({name: `ansible-${process.pid}`, platform: 'grub', menuArguments: 'intel_iommu=off'});
	// As whoever installed this host wanted it.
	await lab.exec(`sed -i 's/^GRUB_CMDLINE_LINUX=.*/GRUB_CMDLINE_LINUX="intel_iommu=off"/' /etc/default/grub && update-grub && /lab/guest define vm0 && virsh --quiet autostart vm0`, {timeoutMs: waitMs});
	host = labHost(lab, {
		vfctl_host_package: join(directory, readdirSync(directory).find(name => name.endsWith('.deb'))!),
		vfctl_host_reboot_allowed: true,
		vfctl_guests_wait: 300,
		vfctl_pfs: {eth1: {numVfs: 2, link: 'up'}},
		vfctl_pools: {spare: {vfs: ['eth1#1']}},
		vfctl_guests: {vm0: {vfs: [{vf: 'eth1#0', mac: '52:54:00:aa:20:01', network: {addresses: ['20.0.0.1/24'], routes: [{to: '10.0.1.0/24', via: '20.0.0.2'}]}}]}},
		vfctl_routes: [{to: '20.0.1.0/24', dev: 'eth1'}],
	});
});

test.after.always(async () => {
	await lab?.down();
	ansible?.end();
	if (host !== undefined) {
		rmSync(join(host['vfctl_host_package'] as string, '..', '..'), {recursive: true, force: true});
	}
});

/** Everything that lasts: each file with the time when it or its name was changed last, VFs and libvirt's definitions. Without
 * logs, what Ansible keeps for itself, and what apt remembers of what it read. */
async function state(): Promise<string> {
	const files = String.raw`find /boot /etc /lab /root /srv /usr /var -xdev \( -path /var/log -o -path /var/cache/apt -o -path /var/tmp -o -path /root/.ansible -o -path /var/lib/systemd \) -prune -o -printf '%p %y %m %s %l %C@\n'`;
	return (await lab.exec(`${files} | grep -v ' d [0-7]* ' | sort; cat /sys/class/net/eth*/device/sriov_numvfs /proc/cmdline; ip -brief link; virsh list --all; virsh net-list --all; virsh dumpxml --inactive vm0`)).stdout;
}

test.serial('check mode on a bare host changes nothing, and says what it would', async t => {
	t.is((await lab.exec('ls /usr/bin/vfctl /usr/local/bin/vfctl /sys/kernel/iommu_groups', {ok: 'any'})).stdout, '/sys/kernel/iommu_groups:\n', 'no vfctl and no IOMMU');
	const before = await state();
	const {code, told, stderr} = await ansible.play(site, {hosts: {one: host}, args: ['--check', '--diff']});
	t.is(code, 0, failures(told) || stderr);
	t.deepEqual((await state()).split('\n').filter(line => !before.includes(line)), []);
	t.true(changes(told).includes('one: vfctl.vfctl.host : Copy its package'), changes(told).join('\n'));
	const plan = told.find(({task}) => task.endsWith('Tell what is planned when vfctl is there'))!;
	t.deepEqual([plan.result.msg[1].pfs, plan.result.msg[1].guests], [host['vfctl_pfs'], host['vfctl_guests']]);
});

test.serial('from a bare host to a guest on a VF that pings, with the restart between', async t => {
	const restart = lab.followRestart();
	// A play that fails before the restart is the failure to tell.
	restart.catch(() => {});
	const {code, told, stderr} = await ansible.play(site, {hosts: {one: host}});
	t.is(code, 0, failures(told) || stderr);
	t.regex(await restart, /intel_iommu=off.* intel_iommu=on iommu=pt/);
	for (const task of ['host : Install its package', 'host : Set arguments of the kernel, modules, and rules for network managers', 'host : Restart the host', 'vfs : PFs and their VFs', 'pools : Pools', 'guests : Guests, routes and leases']) {
		t.true(changes(told).includes(`one: vfctl.vfctl.${task}`), `${task} is not among ${changes(told).join(', ')}`);
	}

	t.is((await lab.exec('dpkg-query --show --showformat=\'${Status}\' vfctl')).stdout, 'install ok installed');
	// The other end of the cable, and a network behind it.
	await lab.exec('ip link set eth2 up && ip addr add 20.0.0.2/24 dev eth2 && ip addr add 10.0.1.1/32 dev lo');
	await lab.exec('/lab/guest ping vm0 20.0.0.2', {timeoutMs: waitMs});
	await lab.exec('/lab/guest exec vm0 "ping -c 1 -W 10 10.0.1.1"', {timeoutMs: waitMs});
});

test.serial('the second run changes nothing', async t => {
	const {code, told, stderr} = await ansible.play(site, {hosts: {one: host}});
	t.is(code, 0, failures(told) || stderr);
	t.deepEqual(changes(told), []);
	t.true(told.some(({task, outcome}) => task === 'The doctor' && outcome === 'ok'));
});
