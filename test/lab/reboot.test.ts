// The host restarts, and everything is back without a hand on it.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

const hostFile = `
version: 1
pfs:
  eth1: {numVfs: 3, link: up}
  eth2: {numVfs: 2, link: up}
vfs:
  - {select: eth1#1, vlan: 42, spoofchk: false, maxTxRate: 100}
  - {select: eth1#2, driver: vfio-pci}
pools:
  spare: {vfs: [eth2#1]}
guests:
  vm0:
    vfs:
      - vf: eth1#0
        mac: 52:54:00:aa:20:01
        network:
          addresses: [20.0.0.1/24, fd20::1/64]
          routes: [{to: 10.0.1.0/24, via: 20.0.0.2}]
  vm1:
    vfs:
      - vf: eth2#0
        mac: 52:54:00:aa:20:02
        network:
          addresses: [20.0.0.2/24, fd20::2/64]
          routes: [{to: 10.0.0.0/24, via: 20.0.0.1}]
routes:
  - {to: 20.0.0.0/24, dev: eth1}
`;

// A boot starts two guests at once, and a guest's addresses wait for its agent.
const bootMs = 600_000;

test.before(async () => {
	lab = await Lab.start({name: `reboot-${process.pid}`, platform: 'systemd'});
	vfctl = await LabVfctl.install(lab);
	await lab.exec('for name in vm0 vm1; do /lab/guest define $name; virsh --quiet autostart $name; /lab/guest start $name; done', {timeoutMs: bootMs});
	await lab.exec('mkdir -p /etc/vfctl && cat >/etc/vfctl/host.yaml', {input: hostFile});
});

test.after.always(async () => {
	await lab?.down();
});

test.serial('the host file is applied, what makes it last is written, and both are empty plans then', async t => {
	const applied = await vfctl.run(['apply', '/etc/vfctl/host.yaml', '--yes'], {timeoutMs: bootMs});
	t.true(applied.json.changed);
	await requireState(t);
	t.false((await vfctl.run(['apply', '/etc/vfctl/host.yaml'])).json.changed);

	// As an admin types it: the units start what was typed.
	t.true(JSON.parse((await lab.exec('vfctl persist on --json', {timeoutMs: bootMs})).stdout).changed);
	t.false((await vfctl.run(['persist', 'on', '--skip', 'unit'])).json.changed);
	const grub = (await lab.exec('cat /boot/grub/grub.cfg')).stdout;
	t.is((await lab.exec('systemctl is-enabled vfctl.service vfctl-guests.service')).stdout, 'enabled\nenabled\n');
	t.regex(grub, /^\s*linux\s.*vmlinuz/m);
});

test.serial('after a restart everything is as before, and nothing is left to apply', async t => {
	await vfctl.stop();
	await lab.reboot();
	await lab.waitFor('case "$(systemctl is-active vfctl-guests.service)" in active|failed) ;; *) false ;; esac', {timeoutMs: bootMs, everyMs: 1000});
	const journal = (await lab.exec('journalctl --no-pager --boot --unit vfctl.service --unit vfctl-guests.service')).stdout;
	t.is((await lab.exec('systemctl is-active vfctl.service vfctl-guests.service', {ok: 'any'})).stdout, 'active\nactive\n', journal);
	await requireState(t);
	const {json} = await vfctl.run(['apply', '/etc/vfctl/host.yaml']);
	t.false(json.changed, JSON.stringify(json.steps));
	t.is((await vfctl.run(['diff', '/etc/vfctl/host.yaml'])).code, 0);
	t.is((await lab.exec('systemctl --failed --no-legend')).stdout, '');
});

test.serial('persist off and a restart: a host that knows nothing of it', async t => {
	await vfctl.run(['persist', 'off', '--yes']);
	t.is((await lab.exec('ls /etc/systemd/system /etc/udev/rules.d /etc/modules-load.d /etc/modprobe.d /etc/default/grub.d 2>/dev/null | grep vfctl', {ok: 'any'})).stdout, '70-vfctl-0000:01:10.4.rules\n', 'only the driver that the host file pinned');
	await lab.exec('for name in vm0 vm1; do virsh --quiet autostart --disable $name; done');
	await vfctl.stop();
	await lab.reboot();
	t.is((await lab.exec('cat /sys/class/net/eth1/device/sriov_numvfs')).stdout, '0\n');
	t.is((await lab.exec('systemctl --failed --no-legend')).stdout, '');
});

/** What the host file says, told by the kernel, libvirt and the guests. */
async function requireState(t: import('ava').ExecutionContext): Promise<void> {
	const text = async (command: string) => (await lab.exec(command, {timeoutMs: 60_000})).stdout.trim();
	t.is(await text('cat /sys/class/net/eth1/device/sriov_numvfs /sys/class/net/eth2/device/sriov_numvfs'), '3\n2');
	const [link] = JSON.parse(await text('ip -j -d link show dev eth1'));
	t.is(link.vfinfo_list[1].vlan_list[0].vlan, 42);
	t.is(link.vfinfo_list[1].spoofchk, false);
	t.is(link.vfinfo_list[1].rate.max_tx, 100);
	t.is(await text('basename "$(readlink /sys/bus/pci/devices/0000:01:10.4/driver)"'), 'vfio-pci');
	t.regex(await text('virsh net-list'), /spare\s+active\s+yes/);
	t.regex(await text('ip route show 20.0.0.0/24'), /dev eth1/);
	for (const [guest, mac, own, other] of [['vm0', '52:54:00:aa:20:01', '20.0.0.1', '20.0.0.2'], ['vm1', '52:54:00:aa:20:02', '20.0.0.2', '20.0.0.1']] as const) {
		t.regex(await text(`virsh domifaddr ${guest} --source agent`), new RegExp(`${mac}\\s+ipv4\\s+${own}/24`));
		await lab.exec(`/lab/guest ping ${guest} ${other}`, {timeoutMs: 120_000});
	}

	// The networks behind the guests, reached through the routes alone.
	await lab.exec('/lab/guest exec vm0 "ip addr add 10.0.0.1/24 dev lo || true" && /lab/guest exec vm1 "ip addr add 10.0.1.1/24 dev lo || true"', {timeoutMs: 60_000});
	await lab.exec('/lab/guest exec vm0 "ping -c 1 -W 10 -I 10.0.0.1 10.0.1.1"', {timeoutMs: 60_000});
}
