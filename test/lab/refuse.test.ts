// What must be refused, on the emulated card: the code, and that nothing was touched.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `refuse-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '3']);
	await vfctl.run(['attach', 'vm0', 'eth1#0', '--mac', '52:54:00:aa:00:01']);
	// VF 1 serves the host; VF 2 is in a namespace.
	await lab.exec('ip link set "$(ls /sys/bus/pci/devices/0000:01:10.2/net)" up && ip netns add other && ip link set "$(ls /sys/bus/pci/devices/0000:01:10.4/net)" netns other');
	// A module that a case below would load.
	await lab.exec('modprobe bridge');
	await vfctl.capture('/tmp/before.rec');
});

test.after.always(async () => {
	await lab?.down();
});

const refusals: Array<{title: string; args: string[]; code: string; env?: Record<string, string>; prepare?: string; restore?: string}> = [
	{title: 'a PF where a VF is meant', args: ['bind', 'eth2', 'vfio-pci'], code: 'PF_NOT_VF'},
	{title: 'a PF that has VFs', args: ['bind', 'eth1', 'vfio-pci', '--accept-risk', 'bind-pf'], code: 'PF_IN_USE'},
	{title: 'a PF with an address', args: ['bind', 'eth2', 'vfio-pci', '--accept-risk', 'bind-pf'], code: 'HOST_NETWORK', prepare: 'ip addr add 10.8.0.1/24 dev eth2', restore: 'ip addr del 10.8.0.1/24 dev eth2'},
	{title: 'the PF that carries the ssh connection', args: ['bind', 'eth2', 'vfio-pci', '--accept-risk', 'bind-pf'], code: 'MANAGEMENT_INTERFACE', env: {SSH_CONNECTION: '10.8.0.9 40000 10.8.0.1 22'}, prepare: 'ip addr add 10.8.0.1/24 dev eth2', restore: 'ip addr del 10.8.0.1/24 dev eth2'},
	{title: 'a PF below a bridge with the host\'s address', args: ['bind', 'eth2', 'vfio-pci', '--accept-risk', 'bind-pf'], code: 'HOST_NETWORK', prepare: 'ip link add br9 type bridge && ip link set eth2 master br9 && ip addr add 10.8.0.1/24 dev br9', restore: 'ip link set eth2 nomaster; ip link del br9'},
	{title: 'the disk of the host', args: ['bind', 'DISK', 'vfio-pci'], code: 'DISK_CONTROLLER', prepare: 'mkdir -p /tmp/disk && mount -t ext4 -o ro,noload /dev/vda /tmp/disk', restore: 'umount /tmp/disk'},
	{title: 'a device without SR-IOV', args: ['bind', '0000:00:00.0', 'vfio-pci'], code: 'NOT_SRIOV'},
	{title: 'a VF of another guest', args: ['attach', 'vm1', 'eth1#0'], code: 'VF_HELD'},
	{title: 'a VF that is up on the host', args: ['attach', 'vm1', 'eth1#1'], code: 'VF_HELD'},
	{title: 'a VF in another namespace', args: ['attach', 'vm1', 'eth1#2'], code: 'VF_HELD'},
	{title: 'a PF whose VFs are all taken', args: ['attach', 'vm1', 'eth1'], code: 'NO_FREE_VF'},
	{title: 'another VF count while VFs are in use', args: ['vf', 'create', 'eth1', '7'], code: 'VFS_IN_USE'},
	{title: 'no VFs while VFs are in use', args: ['vf', 'destroy', 'eth1', '--yes'], code: 'VFS_IN_USE'},
	{title: 'binding a VF that a guest has', args: ['bind', 'eth1#0', 'igbvf'], code: 'VF_HELD'},
	{title: 'an unknown guest', args: ['attach', 'nobody', 'eth1'], code: 'GUEST_NOT_FOUND'},
	{title: 'a guest whose name is XML', args: ['attach', '<name>vm0</name>; rm -rf /', 'eth1'], code: 'GUEST_NOT_FOUND'},
	{title: 'a device that is not there', args: ['attach', 'vm1', 'eth9; reboot'], code: 'VF_NOT_FOUND'},
	{title: 'a nonsense address', args: ['attach', 'vm1', '0000:zz:00.9'], code: 'VF_NOT_FOUND'},
	{title: 'a pool that is not there', args: ['attach', 'vm1', 'pool:none'], code: 'POOL_NOT_FOUND'},
	{title: 'a multicast MAC', args: ['vf', 'set', 'eth1#1', '--mac', '01:00:5e:00:00:01'], code: 'BAD_MAC'},
	{title: 'the zero MAC', args: ['vf', 'set', 'eth1#1', '--mac', '00:00:00:00:00:00'], code: 'BAD_MAC'},
	{title: 'a MAC of a guest', args: ['vf', 'set', 'eth1#1', '--mac', '52:54:00:aa:00:01'], code: 'MAC_IN_USE'},
	{title: 'a MAC of the host', args: ['vf', 'set', 'eth1#1', '--mac', '52:54:00:00:02:00'], code: 'MAC_IN_USE'},
	{title: 'VLAN 4095', args: ['vf', 'set', 'eth1#1', '--vlan', '4095'], code: 'BAD_VLAN'},
	{title: 'more VFs than the card has', args: ['vf', 'create', 'eth2', '8'], code: 'BAD_COUNT'},
	{title: 'a running guest\'s option for one that is off', args: ['attach', 'off', 'eth2', '--live'], code: 'UNSUPPORTED', prepare: '/lab/guest define off', restore: '/lab/guest remove off'},
	{title: 'a guest without a free port', args: ['attach', 'full', 'eth2', '--vfs', '1'], code: 'NO_PCI_SLOT', prepare: '/lab/guest define full --ports 0 --no-agent && virsh -q start full', restore: '/lab/guest remove full'},
];

for (const {title, args, code, env = {}, prepare, restore} of refusals) {
	test.serial(`refused: ${title}`, async t => {
		if (prepare !== undefined) {
			await lab.exec(prepare, {timeoutMs: 120_000});
		}

		const disk = (await lab.exec('basename "$(readlink -f /sys/class/block/vda/device/..)"')).stdout.trim();
		const {json} = await vfctl.run(args.map(word => word === 'DISK' ? disk : word), {code: [2, 3, 4], env});
		t.is(json.error.code, code, json.error.message);
		t.truthy(json.error.message);
		if (restore !== undefined) {
			await lab.exec(restore);
		}
	});
}

test.serial('after all refusals the host is as before, and the journal has nothing of them', async t => {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	const {json} = await vfctl.run(['history']);
	t.is(json.operations.length, 2);
});
