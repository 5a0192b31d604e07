// attach and detach on a real kernel, with real guests: hot, cold, managed or not, by every name.
import test from 'ava';
import {Lab} from '../../lab/lab.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;

test.before(async () => {
	lab = await Lab.start({name: `attach-${process.pid}`, point: 'guests'});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '3']);
	await vfctl.run(['vf', 'create', 'eth2', '2']);
});

test.after.always(async () => {
	await lab?.down();
});

interface Case {
	title: string;
	guest?: string;
	device: string;
	options?: string[];
	/** BDF that must be given, as far as it is determined. */
	bdf: string;
	driver: 'vfio-pci' | 'igbvf';
	element: 'hostdev' | 'interface';
	live: boolean;
	config: boolean;
}

const cases: Case[] = [
	{title: 'hot, by PF', device: 'eth1', bdf: '0000:01:10.0', driver: 'vfio-pci', element: 'interface', live: true, config: true},
	{title: 'hot, by PF#INDEX, with VLAN and limits', device: 'eth1#1', options: ['--vlan', '42', '--spoofchk', 'off', '--trust', 'on', '--max-tx-rate', '100'], bdf: '0000:01:10.2', driver: 'vfio-pci', element: 'interface', live: true, config: true},
	{title: 'hot, by BDF, as a plain hostdev', device: '0000:01:10.4', options: ['--method', 'hostdev', '--mac', '52:54:00:aa:00:04', '--vlan', '7', '--qos', '3'], bdf: '0000:01:10.4', driver: 'vfio-pci', element: 'hostdev', live: true, config: true},
	{title: 'hot, not managed', device: 'sriov:eth2:0', options: ['--managed', 'no'], bdf: '0000:02:10.0', driver: 'vfio-pci', element: 'interface', live: true, config: true},
	{title: 'live only', device: '0000:02:10.2', options: ['--live'], bdf: '0000:02:10.2', driver: 'vfio-pci', element: 'interface', live: true, config: false},
	{title: 'cold: saved definition only', device: 'eth1#0', options: ['--config'], bdf: '0000:01:10.0', driver: 'igbvf', element: 'interface', live: false, config: true},
];

for (const {title, guest = 'vm0', device, options = [], bdf, driver, element, live, config} of cases) {
	test.serial(`attach and detach ${title}: the guest has it, then the host is as before`, async t => {
		await vfctl.capture('/tmp/before.rec');
		const {json} = await vfctl.run(['attach', guest, device, ...options]);
		t.true(json.changed);
		t.is(json.plan.subject.vf, bdf);

		t.is(await driverOf(bdf), driver);
		for (const [flag, expected] of [['', live], ['--inactive', config]] as const) {
			const xml = (await lab.exec(`virsh dumpxml ${guest} ${flag}`)).stdout;
			t.is(hasDevice(xml, bdf, element), expected, `in the ${flag === '' ? 'live' : 'saved'} definition`);
		}

		const again = await vfctl.run(['attach', guest, bdf, ...options]);
		t.false(again.json.changed, 'a second time nothing is to be done');

		await vfctl.run(['detach', guest, device]);
		t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	});
}

test.serial('settings are on the PF while the guest has the VF', async t => {
	await vfctl.run(['attach', 'vm0', 'eth1#1', '--vlan', '42', '--spoofchk', 'off', '--trust', 'on', '--max-tx-rate', '100', '--mac', '52:54:00:aa:00:01']);
	const [link] = JSON.parse((await lab.exec('ip -j -d link show dev eth1')).stdout);
	const vf = link.vfinfo_list[1];
	t.is(vf.address, '52:54:00:aa:00:01');
	t.is(vf.vlan_list[0].vlan, 42);
	t.is(vf.spoofchk, false);
	t.is(vf.trust, true);
	t.is(vf.rate.max_tx, 100);
	await vfctl.run(['detach', 'vm0', 'eth1#1']);
});

test.serial('a guest that is off gets its VF when it starts, and gives it back when it stops', async t => {
	await lab.exec('/lab/guest define cold');
	await vfctl.run(['attach', 'cold', 'eth2#1', '--mac', '52:54:00:aa:00:21']);
	t.is(await driverOf('0000:02:10.2'), 'igbvf');
	await lab.exec('/lab/guest start cold', {timeoutMs: 360_000});
	t.is(await driverOf('0000:02:10.2'), 'vfio-pci');
	await lab.waitFor('virsh domifaddr cold --source agent | grep -q 52:54:00:aa:00:21', {timeoutMs: 60_000});
	await lab.exec('virsh destroy cold');
	await lab.waitFor('[ "$(basename "$(readlink /sys/bus/pci/devices/0000:02:10.2/driver)")" = igbvf ]', {timeoutMs: 30_000});
	await vfctl.run(['detach', 'cold', 'eth2#1']);
	await lab.exec('/lab/guest remove cold');
});

test.serial('from a pool: libvirt chooses the VF', async t => {
	await lab.exec('vfctl xml network fast eth2 > /tmp/fast.xml && virsh net-define /tmp/fast.xml && virsh net-start fast', {timeoutMs: 120_000});
	await vfctl.capture('/tmp/before.rec');
	await vfctl.run(['attach', 'vm0', 'pool:fast', '--mac', '52:54:00:aa:00:31', '--vlan', '9']);
	t.is(await driverOf('0000:02:10.0'), 'vfio-pci');
	const listed = await vfctl.run(['list']);
	t.regex(JSON.stringify(listed.json), /vm0/);
	await vfctl.run(['detach', 'vm0', 'pool:fast']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	await lab.exec('virsh net-destroy fast && virsh net-undefine fast');
});

test.serial('a PF without VFs and down: attach makes them, undo takes it all back', async t => {
	await vfctl.run(['vf', 'destroy', 'eth2', '--yes']);
	await lab.exec('ip link set eth2 down');
	await vfctl.capture('/tmp/before.rec');
	const {json} = await vfctl.run(['attach', 'vm0', 'eth2', '--vfs', '2', '--method', 'hostdev']);
	t.is(json.plan.subject.vf, '0000:02:10.0');
	await vfctl.run(['undo', String(json.operation), '--yes']);
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
	await vfctl.run(['vf', 'create', 'eth2', '2']);
});

test.serial('VLANs keep two guests apart, and the same VLAN joins them', async t => {
	await vfctl.run(['attach', 'vm0', 'eth1#0', '--vlan', '100', '--mac', '52:54:00:aa:01:00']);
	await vfctl.run(['attach', 'vm1', 'eth1#1', '--vlan', '100', '--mac', '52:54:00:aa:01:01']);
	await lab.exec('/lab/guest address vm0 52:54:00:aa:01:00 10.9.1.1/24 && /lab/guest address vm1 52:54:00:aa:01:01 10.9.1.2/24', {timeoutMs: 120_000});
	await lab.exec('/lab/guest ping vm0 10.9.1.2', {timeoutMs: 60_000});
	await vfctl.run(['vf', 'set', 'eth1#1', '--vlan', '200']);
	// Answers that are still under way, and the neighbour entry, must not count.
	await lab.exec('/lab/guest exec vm0 "ip neigh flush all"');
	t.not((await lab.exec('/lab/guest exec vm0 "ping -c 3 -W 2 10.9.1.2"', {ok: 'any', timeoutMs: 60_000})).code, 0, 'another VLAN hears nothing');
	await vfctl.run(['vf', 'set', 'eth1#1', '--vlan', '100']);
	await lab.exec('/lab/guest ping vm0 10.9.1.2', {timeoutMs: 60_000});
	await vfctl.run(['detach', 'vm0', 'eth1#0']);
	await vfctl.run(['detach', 'vm1', 'eth1#1']);
});

test.serial('a guest cannot override the MAC that was set on the PF', async t => {
	await vfctl.run(['attach', 'vm0', 'eth1#0', '--mac', '52:54:00:aa:02:00']);
	await lab.waitFor('virsh domifaddr vm0 --source agent | grep -q 52:54:00:aa:02:00', {timeoutMs: 60_000});
	await lab.exec('dmesg --clear');
	const script = 'n=$(grep -li 52:54:00:aa:02:00 /sys/class/net/*/address | head -n1 | cut -d/ -f5); ip link set $n down; ip link set $n address 52:54:00:bb:bb:bb; ip link set $n up';
	await lab.exec(['/lab/guest', 'exec', 'vm0', script], {ok: 'any', timeoutMs: 60_000});
	await lab.waitFor('dmesg | grep -q "attempted to override administratively set MAC"', {timeoutMs: 30_000});
	const [link] = JSON.parse((await lab.exec('ip -j -d link show dev eth1')).stdout);
	t.is(link.vfinfo_list[0].address, '52:54:00:aa:02:00');
	await vfctl.run(['detach', 'vm0', 'eth1#0']);
});

async function driverOf(bdf: string): Promise<string> {
	return (await lab.exec(`basename "$(readlink /sys/bus/pci/devices/${bdf}/driver)"`)).stdout.trim();
}

/** The element with that source address; libvirt writes numbers as 0x10. */
function hasDevice(xml: string, bdf: string, element: string): boolean {
	const [, bus, rest] = bdf.split(':') as [string, string, string];
	const [slot, fn] = rest.split('.') as [string, string];
	const source = `<source>\\s*<address (?:type='pci' )?domain='0x0000' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>\\s*</source>`;
	const opening = element === 'hostdev' ? '<hostdev mode=\'subsystem\' type=\'pci\'' : '<interface type=\'hostdev\'';
	return new RegExp(`${opening}(?:(?!</${element}>)[^])*${source}`).test(xml);
}
