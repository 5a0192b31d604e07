// libvirt's default network and static leases on a real libvirt with dnsmasq and nftables.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {killed, LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
const mac = '52:54:00:aa:00:01';

test.before(async () => {
	lab = await Lab.start({name: `network-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
});

test.after.always(async () => {
	await lab?.down();
});

const dumpxml = async (flag = '') => (await lab.exec(`virsh net-dumpxml default ${flag}`)).stdout;

test.serial('a stopped default network is repaired, and undo stops it again', async t => {
	await vfctl.capture('/tmp/before.rec');
	t.false((await vfctl.run(['network', 'check'], {code: 10})).json.ok);
	t.true((await vfctl.run(['network', 'repair'])).json.changed);
	t.true((await vfctl.run(['network', 'check'])).json.ok);
	t.regex((await lab.exec('virsh net-info default')).stdout, /Active: +yes\nPersistent: +yes\nAutostart: +yes/);
	t.false((await vfctl.run(['network', 'repair'])).json.changed);
	await vfctl.run(['undo', '-y']);
	// The kernel keeps the modules that the bridge and libvirt's rules loaded, and libvirt leaves forwarding on.
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec', {except: ['/sys/module/', '/proc/sys/net/ipv4/ip_forward']}), []);
});

test.serial('a missing default network is made as libvirt ships it', async t => {
	await lab.exec('virsh net-undefine default');
	t.is((await vfctl.run(['network', 'check'], {code: 10})).json.problems[0].name, 'missing');
	await vfctl.run(['network', 'repair']);
	t.regex(await dumpxml('--inactive'), /<forward mode='nat'\/>[\s\S]*<ip address='192\.168\.122\.1' netmask='255\.255\.255\.0'>/);
	t.regex((await lab.exec('ip -4 addr show virbr0')).stdout, /192\.168\.122\.1\/24/);
});

test.serial('a lease is live and saved, a guest gets it, and undo takes it back', async t => {
	await lab.exec(`virsh attach-interface vm0 network default --mac ${mac} --model virtio --live`);
	await vfctl.run(['dhcp', 'add', 'default', 'vm0', '192.168.122.77', '--name', 'vm0']);
	for (const flag of ['', '--inactive']) {
		t.regex(await dumpxml(flag), /<host mac='52:54:00:aa:00:01' name='vm0' ip='192\.168\.122\.77'\/>/);
	}

	t.like((await vfctl.run(['dhcp', 'list', 'default'])).json[0], {mac, ip: '192.168.122.77', guest: 'vm0', where: 'both'});
	// busybox's client asks once and prints what it was offered.
	const asked = (await lab.exec(`/lab/guest exec vm0 'for d in /sys/class/net/*; do grep -q ${mac} $d/address && udhcpc -i \${d##*/} -n -q -f -t 10 -s /bin/true 2>&1; done; true'`, {timeoutMs: 120_000})).stdout;
	t.regex(asked, /192\.168\.122\.77/);

	await vfctl.run(['dhcp', 'add', 'default', mac, '192.168.122.78']);
	t.regex(await dumpxml(), /<host mac='52:54:00:aa:00:01' ip='192\.168\.122\.78'\/>/);
	await vfctl.run(['undo', '-y']);
	t.regex(await dumpxml('--inactive'), /ip='192\.168\.122\.77'/);
	await vfctl.run(['dhcp', 'delete', 'default', 'vm0']);
	t.notRegex(`${await dumpxml()}${await dumpxml('--inactive')}`, /<host /);
	await lab.exec(`virsh detach-interface vm0 network --mac ${mac} --live`);
});

test.serial('a network whose subnet the host takes meanwhile is explained; a crash while it starts is recovered', async t => {
	await lab.exec('virsh net-destroy default && ip link add taken0 type dummy && ip addr add 192.168.122.9/24 dev taken0 && ip link set taken0 up');
	t.deepEqual((await vfctl.run(['network', 'check'], {code: 10})).json.problems.map(({name}: {name: string}) => name), ['subnet-in-use', 'inactive']);
	// libvirt's own words for it.
	const {stderr} = await lab.exec('virsh net-start default', {ok: [1]});
	t.regex(stderr, /Network is already in use by interface taken0/);
	await vfctl.run(['network', 'repair']);
	t.regex(await dumpxml(), /192\.168\.123\.1/);
	await vfctl.run(['undo', '-y']);
	t.regex(await dumpxml('--inactive'), /192\.168\.122\.1/);
	await lab.exec('ip link del taken0');
	await vfctl.run(['network', 'repair'], {env: {VFCTL_FAULT: 'kill@1:after'}, code: killed});
	await vfctl.run(['recover']);
	t.regex((await lab.exec('virsh net-info default')).stdout, /Active: +no/);
});
