// The simulated kernel, `ip`, modprobe and libvirt, case by case: what they answer is what Linux
// 6.12, iproute2 6.15 and libvirt 11.3 answer (the functions are named in lib/sim).
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../lib/errors.ts';
import type {Libvirt} from '../lib/libvirt/libvirt.ts';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {hostOfFunctions, sampleHosts} from '../lib/sim/sample-hosts.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import type {SimHost} from '../lib/sim/sim-host.ts';
import {parseXml, removeElement} from '../lib/sim/xml-text.ts';

const bus = '/sys/bus/pci';
const device = (bdf: string) => `${bus}/devices/${bdf}`;
const uri = 'qemu:///system';

const host = (name: keyof typeof sampleHosts, options: SimOptions = {}): SimHost => simHost(sampleHosts[name]!(), options);
const driver = (on: SimHost, bdf: string) => on.files.readLink(`${device(bdf)}/driver`)?.split('/').at(-1);
const value = (on: SimHost, path: string) => on.files.readText(path)?.trim();
const write = (on: SimHost, path: string, text: string) => on.files.writeAttribute(path, text);

async function errnoOf(t: ExecutionContext, promise: Promise<unknown>, code: string): Promise<void> {
	const error = await t.throwsAsync(promise) as NodeJS.ErrnoException;
	t.is(error.code, code, error.message);
}

async function vfInfo(on: SimHost, pf: string, index: number): Promise<Record<string, unknown>> {
	const {stdout} = await on.runner.run(['ip', '-j', '-d', 'link', 'show', 'dev', pf]);
	return (JSON.parse(stdout) as Array<{vfinfo_list: Array<Record<string, unknown>>}>)[0]!.vfinfo_list[index]!;
}

async function ip(on: SimHost, words: string): Promise<string> {
	const {code, stderr} = await on.runner.run(['ip', ...words.split(' ')]);
	return code === 0 ? 'ok' : `${code} ${stderr.trim()}`;
}

// --- sriov_numvfs

const numvfs: ReadonlyArray<readonly [string, string, string, string | number]> = [
	['makes VFs', '0000:03:00.0', '4\n', 4],
	['takes hexadecimal', '0000:03:00.0', '0x10', 16],
	['takes all', '0000:03:00.0', '63', 63],
	['refuses more than there are', '0000:03:00.0', '64', 'ERANGE'],
	['refuses what is no number', '0000:03:00.0', 'many', 'EINVAL'],
	['refuses a negative number', '0000:03:00.0', '-1', 'EINVAL'],
	['refuses more than 16 bits', '0000:03:00.0', '65536', 'EINVAL'],
	['refuses to change a number', '0000:03:00.1', '3', 'EBUSY'],
	['takes the same number', '0000:03:00.1', '2', 2],
	['takes VFs away', '0000:03:00.1', '0', 0],
];
for (const [what, pf, text, result] of numvfs) {
	test(`sriov_numvfs ${what}`, async t => {
		const on = host('seed-82599');
		const path = `${device(pf)}/sriov_numvfs`;
		if (typeof result === 'string') {
			const before = await captureHost(on);
			await errnoOf(t, write(on, path, text), result);
			t.deepEqual(compareRecords(before, await captureHost(on)), []);
		} else {
			await write(on, path, text);
			t.is(value(on, path), String(result));
			t.is(on.files.list(device(pf)).filter(name => name.startsWith('virtfn')).length, result);
		}
	});
}

test('VFs have address, ids, links, group, driver and interface as the kernel gives them', async t => {
	const on = host('seed-82599');
	await write(on, `${device('0000:03:00.0')}/sriov_numvfs`, '2');
	t.is(on.files.readLink(`${device('0000:03:00.0')}/virtfn1`), '../0000:03:10.2');
	t.is(on.files.readLink(`${device('0000:03:10.2')}/physfn`), '../0000:03:00.0');
	t.is(value(on, `${device('0000:03:10.2')}/device`), '0x10ed');
	t.is(driver(on, '0000:03:10.2'), 'ixgbevf');
	t.deepEqual(on.files.list(`${device('0000:03:10.2')}/net`), ['enp3s0f0v1']);
	t.is(on.files.readLink('/sys/class/net/enp3s0f0v1'), '../../devices/pci0000:00/0000:00:01.0/0000:03:10.2/net/enp3s0f0v1');
	t.is(on.files.readLink(`${device('0000:03:10.2')}/iommu_group`), '../../../../kernel/iommu_groups/39');
	t.true(on.files.exists('/sys/kernel/iommu_groups/39/devices/0000:03:10.2'));
	t.regex(on.files.readText(`${device('0000:03:10.2')}/uevent`) ?? '', /^DRIVER=ixgbevf\nPCI_CLASS=20000\nPCI_ID=8086:10ED\n/);
	t.is(value(on, `${device('0000:03:10.2')}/driver_override`), '(null)');
});

const firstVfs: ReadonlyArray<readonly [keyof typeof sampleHosts, string, readonly string[]]> = [
	['seed-82599', '0000:03:00.1', ['0000:03:10.1', '0000:03:10.3']],
	['i350', '0000:01:00.2', ['0000:02:10.2', '0000:02:10.6']],
	['xl710-64', '0000:3b:00.0', ['0000:3b:02.0', '0000:3b:02.1']],
];
for (const [name, pf, vfs] of firstVfs) {
	test(`VF addresses follow offset and stride: ${name}`, t => {
		const on = host(name);
		t.deepEqual([0, 1].map(index => on.files.readLink(`${device(pf)}/virtfn${index}`)?.split('/').at(-1)), [...vfs]);
	});
}

test('creating and removing VFs leaves the host as it was', async t => {
	const on = host('i350');
	await write(on, `${device('0000:01:00.3')}/sriov_numvfs`, '0');
	const before = await captureHost(on);
	await write(on, `${device('0000:01:00.3')}/sriov_numvfs`, '5');
	t.not(compareRecords(before, await captureHost(on)).length, 0);
	await write(on, `${device('0000:01:00.3')}/sriov_numvfs`, '0');
	t.deepEqual(compareRecords(before, await captureHost(on)), []);
});

test('VFs of a slot without ACS join its group', async t => {
	const on = host('shared-group');
	t.true(on.files.exists('/sys/kernel/iommu_groups/12/devices/0000:05:10.0'));
	await write(on, `${device('0000:05:00.0')}/sriov_numvfs`, '0');
	await write(on, `${device('0000:05:00.0')}/sriov_numvfs`, '1');
	t.is(on.files.readLink(`${device('0000:05:10.0')}/iommu_group`)?.split('/').at(-1), '12');
});

test('without a driver, and with vfio-pci, a PF refuses VFs', async t => {
	const on = host('seed-82599');
	await write(on, `${bus}/drivers/ixgbe/unbind`, '0000:03:00.0');
	await errnoOf(t, write(on, `${device('0000:03:00.0')}/sriov_numvfs`, '1'), 'ENOENT');
	await write(on, `${device('0000:03:00.0')}/driver_override`, 'vfio-pci');
	await write(on, `${bus}/drivers_probe`, '0000:03:00.0');
	t.is(driver(on, '0000:03:00.0'), 'vfio-pci');
	await errnoOf(t, write(on, `${device('0000:03:00.0')}/sriov_numvfs`, '1'), 'ENOENT');
});

test('autoprobe off leaves new VFs without a driver, and only an override binds them', async t => {
	const on = host('seed-82599');
	await write(on, `${device('0000:03:00.0')}/sriov_drivers_autoprobe`, '0');
	await write(on, `${device('0000:03:00.0')}/sriov_numvfs`, '1');
	t.is(driver(on, '0000:03:10.0'), undefined);
	await errnoOf(t, write(on, `${bus}/drivers/ixgbevf/bind`, '0000:03:10.0'), 'ENODEV');
	await write(on, `${device('0000:03:10.0')}/driver_override`, 'ixgbevf\n');
	await write(on, `${bus}/drivers_probe`, '0000:03:10.0');
	t.is(driver(on, '0000:03:10.0'), 'ixgbevf');
});

test('removing the driver of a PF removes its VFs and keeps the name and MAC of its interface', async t => {
	const on = host('seed-82599');
	const mac = value(on, '/sys/class/net/enp3s0f1/address');
	await write(on, `${bus}/drivers/ixgbe/unbind`, '0000:03:00.1');
	t.false(on.files.exists(device('0000:03:10.1')));
	t.is(value(on, `${device('0000:03:00.1')}/sriov_numvfs`), '0');
	t.false(on.files.exists('/sys/class/net/enp3s0f1'));
	await write(on, `${bus}/drivers/ixgbe/bind`, '0000:03:00.1');
	t.is(value(on, '/sys/class/net/enp3s0f1/address'), mac);
});

// --- driver_override, bind, unbind, drivers_probe

const overrides: ReadonlyArray<readonly [string, string, string]> = [
	['a name', 'vfio-pci', 'vfio-pci'],
	['a name and a newline', 'vfio-pci\n', 'vfio-pci'],
	['a newline clears', '\n', '(null)'],
	['NUL bytes clear, as dpdk-devbind writes them', '\0', '(null)'],
	['an empty write does nothing', '', 'before'],
];
for (const [what, text, seen] of overrides) {
	test(`driver_override: ${what}`, async t => {
		const on = host('seed-82599');
		const path = `${device('0000:03:10.1')}/driver_override`;
		await write(on, path, 'before');
		await write(on, path, text);
		t.is(value(on, path), seen);
		t.is(driver(on, '0000:03:10.1'), 'ixgbevf');
	});
}

test('a page of driver_override is refused', async t => {
	await errnoOf(t, write(host('seed-82599'), `${device('0000:03:10.1')}/driver_override`, 'x'.repeat(4095)), 'EINVAL');
});

test('a VF goes to vfio-pci and back, and the host is as before', async t => {
	const on = host('seed-82599');
	const before = await captureHost(on);
	await write(on, `${device('0000:03:10.1')}/driver_override`, 'vfio-pci\n');
	await write(on, `${device('0000:03:10.1')}/driver/unbind`, '0000:03:10.1');
	t.is(driver(on, '0000:03:10.1'), undefined);
	await write(on, `${bus}/drivers_probe`, '0000:03:10.1');
	t.is(driver(on, '0000:03:10.1'), 'vfio-pci');
	t.true(on.files.exists('/dev/vfio/36'));
	t.deepEqual(on.files.list(`${device('0000:03:10.1')}/vfio-dev`), ['vfio0']);
	t.deepEqual(on.files.list(`${device('0000:03:10.1')}/net`), []);
	t.false(on.files.exists('/sys/class/net/enp3s0f1v0'));
	await write(on, `${device('0000:03:10.1')}/driver_override`, '\n');
	await write(on, `${bus}/drivers/vfio-pci/unbind`, '0000:03:10.1');
	await write(on, `${bus}/drivers_probe`, '0000:03:10.1');
	t.deepEqual(compareRecords(before, await captureHost(on)), []);
});

const bindings: ReadonlyArray<readonly [string, string, string, string]> = [
	['unbind from a driver that it is not on', 'drivers/igb/unbind', '0000:03:10.1', 'ENODEV'],
	['unbind of nothing', 'drivers/ixgbevf/unbind', '0000:77:00.0', 'ENODEV'],
	['bind to a driver that does not match', 'drivers/vfio-pci/bind', '0000:03:10.1', 'ENODEV'],
	['bind of what is bound', 'drivers/ixgbevf/bind', '0000:03:10.1', 'EBUSY'],
	['bind of nothing', 'drivers/ixgbevf/bind', 'nonsense', 'ENODEV'],
	['probe of nothing', 'drivers_probe', '0000:77:00.0', 'EINVAL'],
	['a driver that is not loaded', 'drivers/mlx5_core/bind', '0000:03:10.1', 'ENOENT'],
	['an attribute that is read-only', 'devices/0000:03:10.1/vendor', '0x1234', 'EACCES'],
	['a directory', 'devices/0000:03:10.1', 'x', 'EISDIR'],
];
for (const [what, path, text, errno] of bindings) {
	test(`${errno}: ${what}`, async t => {
		await errnoOf(t, write(host('seed-82599'), `${bus}/${path}`, text), errno);
	});
}

test('drivers_probe succeeds also when no driver takes the device', async t => {
	const on = host('seed-82599', {deadDrivers: ['vfio-pci']});
	await write(on, `${device('0000:03:10.1')}/driver_override`, 'vfio-pci');
	await write(on, `${bus}/drivers/ixgbevf/unbind`, '0000:03:10.1');
	await write(on, `${bus}/drivers_probe`, '0000:03:10.1');
	t.is(driver(on, '0000:03:10.1'), undefined);
});

test('vfio-pci refuses a device without IOMMU group', async t => {
	const on = host('no-iommu');
	await on.runner.run(['modprobe', 'vfio-pci']);
	await write(on, `${device('0000:03:10.0')}/driver_override`, 'vfio-pci');
	await write(on, `${bus}/drivers/ixgbevf/unbind`, '0000:03:10.0');
	await errnoOf(t, write(on, `${bus}/drivers/vfio-pci/bind`, '0000:03:10.0'), 'EINVAL');
});

test('new_id takes every device of the make: why vfctl never writes it', async t => {
	const on = host('seed-82599');
	for (const bdf of ['0000:03:10.1', '0000:03:10.3']) {
		await write(on, `${bus}/drivers/ixgbevf/unbind`, bdf);
	}

	await write(on, `${bus}/drivers/vfio-pci/new_id`, '8086 10ed');
	t.deepEqual(['0000:03:10.1', '0000:03:10.3'].map(bdf => driver(on, bdf)), ['vfio-pci', 'vfio-pci']);
});

// --- ip link

const settings: ReadonlyArray<readonly [string, keyof typeof sampleHosts, string, string, string, Record<string, unknown>?]> = [
	['MAC', 'seed-82599', 'enp3s0f1', '0 mac 52:54:00:01:02:03', 'ok', {address: '52:54:00:01:02:03'}],
	['zero MAC', 'seed-82599', 'enp3s0f1', '0 mac 00:00:00:00:00:00', 'ok', {address: '00:00:00:00:00:00'}],
	['multicast MAC', 'seed-82599', 'enp3s0f1', '0 mac 01:00:5e:00:00:01', '2 RTNETLINK answers: Invalid argument'],
	['malformed MAC', 'seed-82599', 'enp3s0f1', '0 mac zz', '255 "zz" is invalid lladdr.'],
	['VLAN', 'seed-82599', 'enp3s0f1', '0 vlan 42', 'ok', {vlan_list: [{vlan: 42}]}],
	['VLAN with priority', 'seed-82599', 'enp3s0f1', '0 vlan 42 qos 5', 'ok', {vlan_list: [{vlan: 42, qos: 5}]}],
	['no VLAN', 'xl710-64', 'ens2f0', '0 vlan 0', 'ok', {vlan_list: [{}]}],
	['VLAN 4096', 'seed-82599', 'enp3s0f1', '0 vlan 4096', '2 RTNETLINK answers: Invalid argument'],
	['service VLAN on ixgbe', 'seed-82599', 'enp3s0f1', '0 vlan 42 proto 802.1ad', '2 RTNETLINK answers: Protocol not supported'],
	['spoof check', 'seed-82599', 'enp3s0f1', '1 spoofchk off', 'ok', {spoofchk: false}],
	['trust', 'seed-82599', 'enp3s0f1', '1 trust on', 'ok', {trust: true}],
	['rate on ixgbe', 'seed-82599', 'enp3s0f1', '0 max_tx_rate 500', 'ok', {tx_rate: 500, rate: {max_tx: 500, min_tx: 0}}],
	['rate above the link', 'seed-82599', 'enp3s0f1', '0 max_tx_rate 10001', '2 RTNETLINK answers: Invalid argument'],
	['guaranteed rate on ixgbe', 'seed-82599', 'enp3s0f1', '0 min_tx_rate 10', '2 RTNETLINK answers: Invalid argument'],
	['rate on I350', 'i350', 'enp1s0f0', '0 max_tx_rate 100', '2 RTNETLINK answers: Operation not supported'],
	['link state on igb', 'i350', 'enp1s0f0', '0 state enable', '2 RTNETLINK answers: Operation not supported', {link_state: 'auto'}],
	['link state "enable" on ixgbe: accepted, ignored', 'seed-82599', 'enp3s0f1', '0 state enable', 'ok', {link_state: 'auto'}],
	['link state "disable" on ixgbe', 'seed-82599', 'enp3s0f1', '0 state disable', 'ok', {link_state: 'disable'}],
	['link state on i40e', 'xl710-64', 'ens1f0', '0 state enable', 'ok', {link_state: 'enable'}],
	['VF that is not there', 'seed-82599', 'enp3s0f1', '2 trust on', '2 RTNETLINK answers: Invalid argument'],
	['interface without VFs', 'seed-82599', 'br0', '0 trust on', '2 RTNETLINK answers: Operation not supported'],
	['interface that is not there', 'seed-82599', 'eth9', '0 trust on', '1 Cannot find device "eth9"'],
];
for (const [what, name, pf, words, answer, seen] of settings) {
	test(`ip link set vf: ${what}`, async t => {
		const on = host(name);
		t.is(await ip(on, `link set dev ${pf} vf ${words}`), answer);
		if (seen) {
			t.like(await vfInfo(on, pf, Number(words.split(' ')[0])), seen);
		}
	});
}

test('what a driver does not tell is absent in the JSON', async t => {
	const igb = await vfInfo(host('i350'), 'enp1s0f1', 0);
	t.false('query_rss_en' in igb);
	t.false('tx_rate' in igb);
	t.true('query_rss_en' in await vfInfo(host('seed-82599'), 'enp3s0f1', 0));
});

test('rates want a link', async t => {
	const on = host('seed-82599');
	await ip(on, 'link set dev enp3s0f1 down');
	t.is(await ip(on, 'link set dev enp3s0f1 vf 0 max_tx_rate 100'), '2 RTNETLINK answers: Invalid argument');
	await ip(on, 'link set dev enp3s0f1 up');
	t.is(await ip(on, 'link set dev enp3s0f1 vf 0 max_tx_rate 100'), 'ok');
});

test('a VF without an admin MAC makes one up at each probe; an admin MAC stays', async t => {
	const on = host('i350');
	const reprobe = async () => {
		await write(on, `${bus}/drivers/igbvf/unbind`, '0000:02:10.2');
		await write(on, `${bus}/drivers_probe`, '0000:02:10.2');
		return value(on, `/sys/class/net/enp1s0f2v0/address`);
	};

	t.is((await vfInfo(on, 'enp1s0f2', 0))['address'], value(on, '/sys/class/net/enp1s0f2v0/address'));
	await ip(on, 'link set dev enp1s0f2 vf 0 mac 52:54:00:aa:bb:cc');
	t.is(await reprobe(), '52:54:00:aa:bb:cc');
	await ip(on, 'link set dev enp1s0f2 vf 0 mac 00:00:00:00:00:00');
	t.not(await reprobe(), '52:54:00:aa:bb:cc');
	t.is(value(on, '/sys/class/net/enp1s0f2v0/addr_assign_type'), '1');
});

test('taking an interface down removes its static routes for good', async t => {
	const on = host('seed-82599');
	const routes = async () => (JSON.parse((await on.runner.run(['ip', '-j', 'route', 'show'])).stdout) as Array<{dst: string}>).map(({dst}) => dst);
	t.deepEqual(await routes(), ['10.0.0.0/24', 'default']);
	await ip(on, 'link set dev br0 down');
	t.deepEqual(await routes(), []);
	await ip(on, 'link set dev br0 up');
	t.deepEqual(await routes(), ['10.0.0.0/24']);
});

test('a cable that is out gives no carrier', async t => {
	const on = host('seed-82599', {cablesOut: ['enp3s0f0']});
	await ip(on, 'link set enp3s0f0 down');
	t.is(on.files.readText('/sys/class/net/enp3s0f0/carrier'), undefined);
	await ip(on, 'link set enp3s0f0 up');
	t.is(value(on, '/sys/class/net/enp3s0f0/carrier'), '0');
	t.is(value(on, '/sys/class/net/enp3s0f0/operstate'), 'down');
	t.is(value(on, '/sys/class/net/enp3s0f0/flags'), '0x1003');
});

// --- programs

test('modprobe loads with what is needed and unloads when nothing is bound', async t => {
	const on = host('no-iommu');
	t.like(await on.runner.run(['modprobe', 'vfio-pci']), {code: 0});
	t.true(on.files.exists('/sys/module/vfio_iommu_type1'));
	t.true(on.files.exists(`${bus}/drivers/vfio-pci/bind`));
	t.like(await on.runner.run(['modprobe', '-r', 'vfio-pci']), {code: 0});
	t.false(on.files.exists('/sys/module/vfio'));
	t.like(await on.runner.run(['modprobe', '-r', 'ixgbevf']), {code: 1, stderr: 'modprobe: FATAL: Module ixgbevf is in use.\n'});
	t.regex((await on.runner.run(['modprobe', 'nonsense'])).stderr, /FATAL: Module nonsense not found/);
	t.is((await on.runner.run(['modprobe', '-b', '-R', value(on, `${device('0000:03:10.0')}/modalias`) ?? ''])).stdout, 'ixgbevf\n');
});

test('unknown programs are not installed, recorded ones answer', async t => {
	const on = simHost(hostBuilder('x').command(['lspci'], 'recorded\n').record(), {missingTools: ['modprobe']});
	t.is((await on.runner.run(['lspci'])).stdout, 'recorded\n');
	for (const argv of [['frobnicate'], ['lspci', '-v'], ['modprobe', 'vfio-pci']] as Array<[string, ...string[]]>) {
		const error = await t.throwsAsync(on.runner.run(argv), {instanceOf: AppError});
		t.is(error?.code, 'TOOL_MISSING');
	}
});

// --- libvirt

const vfXml = '<source><address domain=\'0x0000\' bus=\'0x03\' slot=\'0x10\' function=\'0x1\'/></source>';
const hostdev = `<hostdev mode='subsystem' type='pci' managed='yes'>${vfXml}</hostdev>`;
const unmanaged = hostdev.replace("'yes'", "'no'");
const netdev = `<interface type='hostdev' managed='yes'><mac address='52:54:00:12:34:56'/>${vfXml.replace('<address', "<address type='pci'")}<vlan><tag id='7'/></vlan></interface>`;
const pool = "<interface type='network'><mac address='52:54:00:12:34:57'/><source network='vfpool'/></interface>";

async function libvirtOf(on: SimHost): Promise<{libvirt: Libvirt; uuid: (name: string) => Promise<string>}> {
	const libvirt = await on.openLibvirt(uri);
	return {libvirt, uuid: async name => (await libvirt.findDomain(name)).uuid};
}

async function libvirtCode(t: ExecutionContext, promise: Promise<unknown>, code: number, message: RegExp): Promise<void> {
	const error = await t.throwsAsync(promise, {instanceOf: AppError});
	t.is(error?.details['libvirtCode'], code, error?.why);
	t.regex(error?.why ?? '', message);
}

for (const [what, xml] of [['hostdev', hostdev], ['interface', netdev], ['pool', pool]] as const) {
	test(`attach and detach leave the host as it was: ${what}`, async t => {
		const on = host('seed-82599');
		const before = await captureHost(on);
		const {libvirt, uuid} = await libvirtOf(on);
		const vm0 = await uuid('vm0');
		for (const target of ['live', 'config'] as const) {
			await libvirt.attachDevice(vm0, xml, target);
		}

		t.is(driver(on, '0000:03:10.1'), 'vfio-pci');
		t.deepEqual(on.files.list('/proc/2000/fd').map(fd => on.files.readLink(`/proc/2000/fd/${fd}`)), ['/dev/vfio/36']);
		const {liveXml = '', inactiveXml = '', migratableXml} = await libvirt.findDomain('vm0');
		t.truthy(parseXml(liveXml));
		t.regex(liveXml, /bus='0x04' slot='0x00'/);
		t.regex(inactiveXml, /bus='0x04' slot='0x00'/);
		t.is(liveXml.includes("network='vfpool'"), false);
		t.is(migratableXml?.includes("network='vfpool'") ?? false, what === 'pool');
		for (const target of ['live', 'config'] as const) {
			await libvirt.detachDevice(vm0, xml, target);
		}

		t.deepEqual(compareRecords(before, await captureHost(on)), []);
		await libvirt.close();
	});
}

test('an interface sets MAC and VLAN on the PF, a VLAN that was there is reset and restored', async t => {
	const on = host('seed-82599');
	const {libvirt, uuid} = await libvirtOf(on);
	await ip(on, 'link set dev enp3s0f1 vf 0 vlan 99');
	await libvirt.attachDevice(await uuid('vm0'), netdev.replace(/<vlan>.*<\/vlan>/, ''), 'live');
	t.like(await vfInfo(on, 'enp3s0f1', 0), {address: '52:54:00:12:34:56', vlan_list: [{}]});
	await libvirt.detachDevice(await uuid('vm0'), netdev, 'live');
	t.like(await vfInfo(on, 'enp3s0f1', 0), {vlan_list: [{vlan: 99}]});
	t.not((await vfInfo(on, 'enp3s0f1', 0))['address'], '52:54:00:12:34:56');
});

type Attempt = (given: {libvirt: Libvirt; uuid: (name: string) => Promise<string>; on: SimHost}) => Promise<unknown>;
const refusals: ReadonlyArray<readonly [string, keyof typeof sampleHosts, SimOptions, Attempt, number, RegExp]> = [
	['a guest that is not there', 'seed-82599', {}, ({libvirt}) => libvirt.findDomain('nobody'), 42, /no domain with matching name/],
	['live to a guest that is off', 'seed-82599', {}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm1'), hostdev, 'live'), 55, /domain is not running/],
	['the saved definition twice', 'seed-82599', {}, async ({libvirt, uuid}) => {
		await libvirt.attachDevice(await uuid('vm1'), hostdev, 'config');
		await libvirt.attachDevice(await uuid('vm1'), hostdev, 'config');
	}, 55, /already in the domain configuration/],
	['a VF that another guest has', 'seed-82599', {}, async ({libvirt, uuid}) => {
		await libvirt.attachDevice(await uuid('vm2'), hostdev, 'live');
		await libvirt.attachDevice(await uuid('vm0'), hostdev, 'live');
	}, 55, /PCI device 0000:03:10.1 is in use by driver QEMU, domain vm2/],
	['unmanaged on a host driver', 'seed-82599', {}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), unmanaged, 'live'), 55, /must be manually detached/],
	['text that is no XML', 'seed-82599', {}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), 'garbage', 'config'), 35, /Start tag expected/],
	['an interface without source', 'seed-82599', {}, async ({libvirt, uuid}) => libvirt.detachDevice(await uuid('vm0'), "<interface type='hostdev'><mac address='52:54:00:12:34:56'/></interface>", 'config'), 67, /source address/],
	['detach of what is not there', 'seed-82599', {}, async ({libvirt, uuid}) => libvirt.detachDevice(await uuid('vm1'), hostdev, 'config'), 99, /device not found/],
	['an interface on a PF', 'seed-82599', {}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), netdev.replace("slot='0x10' function='0x1'", "slot='0x00' function='0x1'"), 'live'), 67, /SR-IOV Virtual Functions only/],
	['a PF that is down', 'seed-82599', {}, async ({libvirt, uuid, on}) => {
		await ip(on, 'link set enp3s0f1 down');
		await libvirt.attachDevice(await uuid('vm0'), netdev, 'live');
	}, 1, /PF is not online/],
	['a group that is not viable', 'shared-group', {}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), hostdev.replace('0x03', '0x05').replace("'0x1'/>", "'0x0'/>"), 'live'), 1, /group 12 is not viable/],
	['no IOMMU', 'no-iommu', {}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), hostdev.replace("'0x1'/>", "'0x0'/>"), 'live'), 67, /host doesn't support passthrough/],
	['no interrupt remapping', 'no-intremap', {}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), hostdev.replace('0x03', '0x04').replace("'0x1'/>", "'0x0'/>"), 'live'), 1, /Operation not permitted/],
	['a driver that does not bind', 'seed-82599', {deadDrivers: ['vfio-pci']}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), hostdev, 'live'), 1, /failed to open \/dev\/vfio\/36/],
	['a failure that the test wants', 'seed-82599', {libvirtFailures: [{call: 'attachDevice', target: 'config', libvirtCode: 38, message: 'disk full'}]}, async ({libvirt, uuid}) => libvirt.attachDevice(await uuid('vm0'), hostdev, 'config'), 38, /disk full/],
];
for (const [what, name, options, attempt, code, message] of refusals) {
	test(`libvirt refuses: ${what}`, async t => {
		const on = host(name, options);
		await libvirtCode(t, attempt({...await libvirtOf(on), on}), code, message);
	});
}

test('a refused live attach puts the VF back', async t => {
	const on = simHost(hostBuilder('full').pf({card: '82599', bdf: '0000:03:00.0', name: 'p', vfs: 1}).guest({name: 'vm0', sparePorts: 0}).record());
	const before = await captureHost(on);
	const {libvirt, uuid} = await libvirtOf(on);
	await libvirtCode(t, libvirt.attachDevice(await uuid('vm0'), netdev.replace("'0x1'/>", "'0x0'/>"), 'live'), 1, /No more available PCI slots/);
	t.deepEqual(compareRecords(before, await captureHost(on)), []);
});

test('a saved definition without a free port gets one more, which stays until it is taken away', async t => {
	const on = simHost(hostBuilder('full').pf({card: '82599', bdf: '0000:03:00.0', name: 'p', vfs: 1}).guest({name: 'vm0', sparePorts: 0}).record());
	const {libvirt, uuid} = await libvirtOf(on);
	const xml = hostdev.replace("'0x1'/>", "'0x0'/>");
	const vm0 = await uuid('vm0');
	const saved = async () => (await libvirt.findDomain('vm0')).inactiveXml ?? '';
	const before = await saved();
	const port = (index: number) => `<controller type='pci' index='${index}' model='pcie-root-port'/>`;
	await libvirt.attachDevice(vm0, xml, 'config');
	t.regex(await saved(), /<controller type='pci' index='4' model='pcie-root-port'>/);
	await libvirt.detachDevice(vm0, xml, 'config');
	const extended = await saved();
	t.regex(extended, /<controller type='pci' index='4' model='pcie-root-port'>/);
	t.notRegex(extended, /<hostdev/);
	// libvirt fills a gap in the indexes again.
	await libvirt.detachDevice(vm0, port(2), 'config');
	t.is(await saved(), extended);
	await libvirtCode(t, libvirt.detachDevice(vm0, port(9), 'config'), 99, /controller pci:9 not found/);
	await libvirt.detachDevice(vm0, port(4), 'config');
	t.is(await saved(), before);
});

test('a pool gives its VFs one after the other, then none', async t => {
	const on = host('seed-82599');
	const {libvirt, uuid} = await libvirtOf(on);
	const attach = async (guest: string, last: string) => libvirt.attachDevice(await uuid(guest), pool.replace('57', last), 'live');
	await attach('vm0', '57');
	await attach('vm2', '58');
	t.deepEqual(['0000:03:10.1', '0000:03:10.3'].map(bdf => driver(on, bdf)), ['vfio-pci', 'vfio-pci']);
	await libvirtCode(t, attach('vm0', '59'), 1, /none are available/);
});

test('a guest that takes its time, and one that keeps the device', async t => {
	const on = host('seed-82599', {unplugDelayMs: 8000});
	const {libvirt, uuid} = await libvirtOf(on);
	await libvirt.attachDevice(await uuid('vm0'), hostdev, 'live');
	await libvirt.detachDevice(await uuid('vm0'), hostdev, 'live');
	t.is(driver(on, '0000:03:10.1'), 'vfio-pci');
	await on.clock.sleep(3000);
	t.is(driver(on, '0000:03:10.1'), 'ixgbevf');
	on.set({unplugDelayMs: 0, guestsKeepDevices: ['vm0']});
	await libvirt.attachDevice(await uuid('vm0'), hostdev, 'live');
	await libvirt.detachDevice(await uuid('vm0'), hostdev, 'live');
	await on.clock.sleep(100_000);
	t.is(driver(on, '0000:03:10.1'), 'vfio-pci');
});

test('the guest agent shows the new interface, late, or never', async t => {
	const on = host('seed-82599', {guestDelayMs: 5000});
	const {libvirt, uuid} = await libvirtOf(on);
	const vm0 = await uuid('vm0');
	const macs = async () => (await libvirt.guestInterfaces(vm0))?.map(({mac}) => mac);
	await libvirt.attachDevice(vm0, netdev, 'live');
	t.false((await macs())?.includes('52:54:00:12:34:56'));
	await on.clock.sleep(5000);
	t.true((await macs())?.includes('52:54:00:12:34:56'));
	on.set({guestsWithoutDriver: ['vm0']});
	t.false((await macs())?.includes('52:54:00:12:34:56'));
	t.is(await libvirt.guestInterfaces(await uuid('vm1')), undefined);
	t.is(await libvirt.guestInterfaces(await uuid('vm2')), undefined);
});

test('sriov_numvfs = 0 takes a VF out of a running guest: pci_vfs_assigned does not see VFIO', async t => {
	const on = host('seed-82599');
	const {libvirt, uuid} = await libvirtOf(on);
	await libvirt.attachDevice(await uuid('vm0'), hostdev, 'live');
	await write(on, `${device('0000:03:00.1')}/sriov_numvfs`, '0');
	t.notRegex((await libvirt.findDomain('vm0')).liveXml ?? '', /<hostdev/);
	t.regex((await on.runner.run(['dmesg'])).stdout, /vfio-pci 0000:03:10.1: Relaying device request to user/);
});

test('a guest stops and starts with its VF', async t => {
	const on = host('i350');
	const before = await captureHost(on);
	t.is(driver(on, '0000:02:10.0'), 'vfio-pci');
	on.daemon.stopGuest('vm3');
	t.is(driver(on, '0000:02:10.0'), 'igbvf');
	on.daemon.startGuest('vm3');
	t.is(driver(on, '0000:02:10.0'), 'vfio-pci');
	t.like(await vfInfo(on, 'enp1s0f0', 0), {address: '52:54:00:c0:00:01', vlan_list: [{vlan: 100}]});
	t.deepEqual(compareRecords(before, await captureHost(on)).filter(({path}) => path.startsWith('/sys/devices')), []);
});

test('node devices are as sysfs is', async t => {
	const on = host('seed-82599');
	const {libvirt} = await libvirtOf(on);
	t.true((await libvirt.listPciNodeDevices()).includes('pci_0000_03_10_1'));
	t.regex(await libvirt.nodeDeviceXml('pci_0000_03_00_1'), /<capability type='virt_functions' maxCount='63'>\n {6}<address domain='0x0000' bus='0x03' slot='0x10' function='0x1'\/>/);
	t.regex(await libvirt.nodeDeviceXml('pci_0000_03_10_1'), /<capability type='phys_function'>/);
	await t.throwsAsync(libvirt.nodeDeviceXml('pci_0000_77_00_0'), {instanceOf: AppError});
});

test('libvirt that is not there', async t => {
	for (const [libvirt, code] of [['missing', 'LIBVIRT_MISSING'], ['unreachable', 'LIBVIRT_UNREACHABLE']] as const) {
		const error = await t.throwsAsync(host('seed-82599', {libvirt}).openLibvirt(uri), {instanceOf: AppError});
		t.is(error?.code, code);
	}
});

test('changing XML by position touches nothing else', t => {
	const xml = "<d>\n  <!-- <x/> -->\n  <a q:b='1>2'/>\n  <x><![CDATA[<x/>]]></x>\n</d>\n";
	const root = parseXml(xml)!;
	t.deepEqual(root.children.map(({name}) => name), ['a', 'x']);
	t.is(root.children[1]?.text, '<x/>');
	t.is(removeElement(xml, root.children[1]!), "<d>\n  <!-- <x/> -->\n  <a q:b='1>2'/>\n</d>\n");
	for (const broken of ['', 'x', '<a>', '<a></b>', '<a/><b/>', '<a b=c/>', '<a']) {
		t.is(parseXml(broken), undefined, broken);
	}
});

// --- what tests use

test('failures happen when and as often as told', async t => {
	const on = host('seed-82599', {
		writeFailures: [{path: /sriov_numvfs$/, value: /^4$/, errno: 'ENOMEM', times: 1}],
		commandFailures: [{command: /^ip link set .* mac/, result: {code: 2, stderr: 'RTNETLINK answers: Device or resource busy\n'}, skip: 1}],
	});
	const path = `${device('0000:03:00.0')}/sriov_numvfs`;
	await errnoOf(t, write(on, path, '4'), 'ENOMEM');
	await write(on, path, '4');
	t.is(await ip(on, 'link set dev enp3s0f1 vf 0 mac 52:54:00:00:00:01'), 'ok');
	t.is(await ip(on, 'link set dev enp3s0f1 vf 0 mac 52:54:00:00:00:02'), '2 RTNETLINK answers: Device or resource busy');
});

test('late interfaces and lost VFs', async t => {
	const on = host('seed-82599', {netdevDelayMs: 2000, lostVfs: ['0000:03:10.2']});
	await write(on, `${device('0000:03:00.0')}/sriov_numvfs`, '3');
	t.is(value(on, `${device('0000:03:00.0')}/sriov_numvfs`), '3');
	t.false(on.files.exists(device('0000:03:10.2')));
	t.deepEqual(on.files.list(`${device('0000:03:10.0')}/net`), []);
	await on.clock.sleep(2000);
	t.deepEqual(on.files.list(`${device('0000:03:10.0')}/net`), ['enp3s0f0v0']);
});

test('a crash before a change leaves the state, and frees the locks', async t => {
	const on = host('seed-82599');
	await on.files.lock('/run/lock/vfctl', {timeoutMs: 0, holder: 'first'});
	on.set({beforeChange(what) {
		if (what.includes('sriov_numvfs')) {
			throw new Error('crash');
		}
	}});
	await t.throwsAsync(write(on, `${device('0000:03:00.0')}/sriov_numvfs`, '1'), {message: 'crash'});
	t.is(value(on, `${device('0000:03:00.0')}/sriov_numvfs`), '0');
	const error = await t.throwsAsync(on.besides().files.lock('/run/lock/vfctl', {timeoutMs: 50, holder: 'second'}), {instanceOf: AppError});
	t.is(error?.code, 'LOCKED');
	const again = on.afterCrash({beforeChange: () => {}});
	await (await again.files.lock('/run/lock/vfctl', {timeoutMs: 0, holder: 'second'}))();
	await write(again, `${device('0000:03:00.0')}/sriov_numvfs`, '1');
	t.is(value(on, `${device('0000:03:00.0')}/sriov_numvfs`), '1');
});

test('files of vfctl itself', async t => {
	const {files} = host('seed-82599');
	await files.writeFile('/var/lib/vfctl/1.json', 'a');
	await files.appendDurably('/var/lib/vfctl/1.json', 'b');
	t.is(files.readText('/var/lib/vfctl/1.json'), 'ab');
	await files.removeFile('/var/lib/vfctl/1.json');
	await files.removeFile('/var/lib/vfctl/1.json');
	t.false(files.exists('/var/lib/vfctl/1.json'));
});

for (const count of [52, 560]) {
	test(`a host of ${count} functions has ${count}`, t => {
		t.is(simHost(hostOfFunctions(count)).files.list(`${bus}/devices`).length, count);
	});
}
