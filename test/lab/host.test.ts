// vfctl and the other programs on one real kernel tell the same; drivers, VF counts and settings
// are changed and given back.
import test, {type ExecutionContext} from 'ava';
import {Lab} from '../../lab/lab.ts';
import {nodedevName, toBdf} from '../../lib/model/bdf.ts';
import type {ListView, PfView, VfView} from '../../lib/render/list-view.ts';
import type {ShowView} from '../../lib/render/show-view.ts';
import {dpdkFacts, driverctlFacts, lspciFacts, netNodedevs, nodedevFacts} from '../helpers/told.ts';
import {LabVfctl} from './helpers/vfctl.ts';

let lab: Lab;
let vfctl: LabVfctl;
let list: ListView;
let devices: Array<PfView | VfView>;
/** A PF, a VF of the host and one on vfio-pci; the rest is told by the list. */
const shown: ShowView[] = [];

const [vf20, vf21] = ['0000:02:10.0', '0000:02:10.2'];
const rulePath = `/etc/udev/rules.d/70-vfctl-${vf21}.rules`;

test.before(async () => {
	lab = await Lab.start({name: `host-${process.pid}`, point: 'clean'});
	vfctl = await LabVfctl.install(lab);
	await vfctl.run(['vf', 'create', 'eth1', '3']);
	// Before the next interfaces come: the lab's names are the lowest free numbers, and must come back.
	await vfctl.run(['bind', 'eth1#2', 'vfio-pci']);
	await vfctl.run(['vf', 'create', 'eth2', '2']);
	await vfctl.run(['vf', 'set', 'eth1#0', '--vlan', '100', '--qos', '3', '--trust', 'on']);
	await vfctl.run(['vf', 'set', 'eth1#1', '--mac', '52:54:00:aa:00:01', '--spoofchk', 'off', '--max-tx-rate', '200']);
	await vfctl.capture('/tmp/before.rec');
	list = (await vfctl.run(['list'])).json;
	devices = list.pfs.flatMap(pf => [pf, ...pf.vfs]);
	for (const name of ['eth1', 'eth1#2', 'eth2#0']) {
		shown.push((await vfctl.run(['show', name])).json);
	}
});

test.after.always(async () => {
	await lab?.down();
});

/** Compares what a program says of each device that `expected` names. */
function compareAll<Facts extends object, Known extends object>(t: ExecutionContext, told: ReadonlyMap<string, Facts>, from: readonly Known[], expected: (device: Known) => [bdf: string, facts: Partial<Facts>]): void {
	for (const device of from) {
		const [bdf, facts] = expected(device);
		t.like(told.get(bdf), facts as never, bdf);
	}
}

function shownBdf({vf, pf}: ShowView): string {
	return (vf ?? pf).bdf;
}

test.serial('7 devices, and show tells of them what list tells', t => {
	t.deepEqual(devices.map(({name}) => name), ['eth1', 'eth1#0', 'eth1#1', 'eth1#2', 'eth2', 'eth2#0', 'eth2#1']);
	for (const show of shown) {
		const listed = devices.find(({bdf}) => bdf === shownBdf(show));
		t.deepEqual(show.vf ?? show.pf, listed);
	}
});

test.serial('lspci: ids, names, revision, driver, IOMMU group, link', async t => {
	const told = lspciFacts((await lab.exec('lspci -Dvmmnnk')).stdout);
	const id = (text: string) => text.slice(-5, -1);
	compareAll(t, new Map([...told].map(([bdf, facts]) => [bdf, {...facts, vendorId: id(facts.vendor), deviceId: id(facts.device)}])), devices, ({bdf, vendorId, deviceId, driver, numaNode, iommuGroup}) =>
		[bdf, {vendorId, deviceId, driver, numaNode, iommuGroup}]);
	compareAll(t, told, shown, show => [shownBdf(show), {
		vendor: `${show.device.vendor} [${show.device.vendorId}]`, device: `${show.device.device} [${show.device.deviceId}]`,
		subsystemVendor: show.device.subsystemVendorId!, subsystemDevice: show.device.subsystemDeviceId!, ...(show.device.subsystem === null ? {} : {subsystem: show.device.subsystem}),
		classCode: show.device.classCode.slice(0, 4), revision: show.device.revision,
	}]);
	const [, maxSpeed, maxWidth, speed, width] = /LnkCap:.*Speed ([\d.]+)GT\/s, Width x(\d+)[^]*LnkSta:\s*Speed ([\d.]+)GT\/s.*, Width x(\d+)/.exec((await lab.exec('lspci -vvs 01:00.0')).stdout)!.map(Number);
	t.deepEqual(shown[0]!.pcieLink, {speedGTs: speed!, width: width!, maxSpeedGTs: maxSpeed!, maxWidth: maxWidth!});
});

test.serial('dpdk-devbind: name, interface, driver', async t => {
	const told = dpdkFacts((await lab.exec('dpdk-devbind.py --status-dev net', {timeoutMs: 60_000})).stdout);
	compareAll(t, told, devices, ({bdf, netdevs, driver}) => [bdf, {netdev: netdevs[0]?.name ?? null, driver}]);
	compareAll(t, told, shown, show => [shownBdf(show), {name: `${show.device.device} ${show.device.deviceId}`}]);
});

test.serial('driverctl: driver and override', async t => {
	const [drivers = '', overrides = ''] = (await lab.exec('driverctl list-devices network; echo ---; driverctl list-overrides')).stdout.split('---\n');
	compareAll(t, driverctlFacts(drivers, overrides), devices, ({bdf, driver, driverOverride}) => [bdf, {driver, override: driverOverride}]);
	t.is(devices.filter(({driverOverride}) => driverOverride === 'vfio-pci').length, 1);
});

test.serial('libvirt: driver, ids, PF and VFs, possible VFs, group with members, link, interface and MAC', async t => {
	const xml = (await lab.exec(['virsh', devices.map(({bdf}) => `nodedev-dumpxml ${nodedevName(toBdf(bdf))}`).join('; ')])).stdout.split('<device>').slice(1);
	const told = new Map(devices.map(({bdf}, index) => [bdf, nodedevFacts(xml[index]!)]));
	compareAll(t, told, devices, device => {
		const isPf = 'vfs' in device;
		const pf = isPf ? null : list.pfs.find(({vfs}) => vfs.includes(device))!.bdf;
		return [device.bdf, {
			driver: device.driver, vendorId: device.vendorId, deviceId: device.deviceId, group: device.iommuGroup!, numaNode: device.numaNode ?? -1,
			pf, vfs: isPf ? device.vfs.map(vf => vf.bdf) : [], totalVfs: isPf ? device.totalVfs : 0,
		}];
	});
	compareAll(t, told, shown, show => [shownBdf(show), {vendor: show.device.vendor!, device: show.device.device!, members: show.group!.members.map(({bdf}) => bdf).sort()}]);

	const names = (await lab.exec('virsh -q nodedev-list --cap net')).stdout.trim().split(/\s+/).filter(name => !/^net_(?:lo|eth0)_/.test(name));
	const netXml = (await lab.exec(['virsh', names.map(name => `nodedev-dumpxml ${name}`).join('; ')])).stdout;
	t.deepEqual(netNodedevs(netXml), devices.flatMap(({bdf, netdevs}) => netdevs.map(({name, mac}) => `${nodedevName(toBdf(bdf)).slice(4)} ${name} ${mac}`)).sort());
	t.is(Number(/<interface>eth1<[^]*?<link speed='(\d+)'/.exec(netXml)?.[1]), shown[0]!.portSpeedMbps!);
});

test.serial('ip: interfaces, and the settings of every VF', async t => {
	const links = await ipLinks();
	const netdevs = devices.flatMap(device => device.netdevs);
	t.is(netdevs.length, 6);
	for (const {name, mac, up, link, mtuBytes, master} of netdevs) {
		const told = links.find(({ifname}) => ifname === name);
		t.deepEqual({mac: told.address, up: told.flags.includes('UP'), link: told.operstate.toLowerCase(), mtuBytes: told.mtu, master: told.master ?? null}, {mac, up, link, mtuBytes, master}, name);
	}

	for (const pf of list.pfs) {
		const told: any[] = links.find(({ifname}) => ifname === pf.name).vfinfo_list;
		t.deepEqual(told.map(vf => settingsOf(vf)), pf.vfs.map(({settings}) => settings), pf.name);
	}
});

test.serial('bind, unbind and restore are what sysfs shows, and leave nothing behind', async t => {
	t.true((await vfctl.run(['bind', 'eth2#0', 'vfio-pci'])).json.changed);
	t.deepEqual(await binding(vf20), {driver: 'vfio-pci', override: 'vfio-pci', group: true});
	t.false((await vfctl.run(['bind', 'eth2#0', 'vfio-pci'])).json.changed, 'a second time nothing is to be done');
	await vfctl.run(['unbind', 'eth2#0']);
	t.deepEqual(await binding(vf20), {driver: '', override: 'vfio-pci', group: false});
	await vfctl.run(['restore', 'eth2#0']);
	t.deepEqual(await binding(vf20), {driver: 'igbvf', override: '(null)', group: false});
	await lab.waitFor(`ls /sys/bus/pci/devices/${vf20}/net/*`);
	await isAsBefore(t);
});

for (const [what, driver, why] of [
	['that does not exist', 'no-such-driver', /no PCI driver no-such-driver loaded/],
	['that does not take it', 'virtio-pci', /no driver took it; it is back on igbvf/],
] as const) {
	test.serial(`a driver ${what}: the VF is where it was`, async t => {
		const {json} = await vfctl.run(['bind', 'eth2#0', driver], {code: 5});
		t.is(json.error.code, 'STEP_FAILED');
		t.regex(json.error.why, why);
		t.true(json.error.details.rolledBack);
		t.deepEqual(await binding(vf20), {driver: 'igbvf', override: '(null)', group: false});
	});
}

test.serial('bind --persist: new VFs get the driver from udev, until restore', async t => {
	const {json} = await vfctl.run(['bind', 'eth2#1', 'vfio-pci', '--persist']);
	t.regex((await lab.exec(`cat ${rulePath}`)).stdout, /driver_override/);
	await recreate();
	t.deepEqual(await binding(vf21), {driver: 'vfio-pci', override: 'vfio-pci', group: true});
	t.is((await binding(vf20)).driver, 'igbvf');

	await vfctl.run(['restore', 'eth2#1']);
	t.is((await lab.exec(`test -e ${rulePath}`, {ok: 'any'})).code, 1);
	t.deepEqual(await binding(vf21), {driver: 'igbvf', override: '(null)', group: false});
	await recreate();
	await lab.exec('udevadm settle');
	t.deepEqual(await binding(vf21), {driver: 'igbvf', override: '(null)', group: false});

	// Undoing the bind means the state before the restore, which is gone.
	t.is((await vfctl.run(['undo', String(json.operation), '--yes'], {code: 3})).json.error.code, 'PLAN_STALE');
	await isAsBefore(t);
});

test.serial('undo of bind --persist: driver, override and rule', async t => {
	await vfctl.run(['bind', 'eth2#1', 'vfio-pci', '--persist']);
	await vfctl.run(['undo', '--yes']);
	t.deepEqual(await binding(vf21), {driver: 'igbvf', override: '(null)', group: false});
	t.is((await lab.exec(`test -e ${rulePath}`, {ok: 'any'})).code, 1);
	await isAsBefore(t);
});

test.serial('another VF count, through 0; undo brings the former VFs back as they were', async t => {
	t.is((await vfctl.run(['vf', 'create', 'eth1', '7'], {code: 9})).json.error.code, 'CONFIRMATION_NEEDED');
	const {json} = await vfctl.run(['vf', 'create', 'eth1', '7', '--yes']);
	t.regex(json.plan.warnings.join(), /settings are lost/);
	const vfs: any[] = (await ipLinks()).find(({ifname}) => ifname === 'eth1').vfinfo_list;
	t.deepEqual(vfs.map(vf => settingsOf(vf).vlan), [0, 0, 0, 0, 0, 0, 0]);
	t.is((await lab.exec('ls -d /sys/bus/pci/drivers/igbvf/0000:01:*| wc -l')).stdout.trim(), '7');
	await vfctl.run(['undo', '--yes']);
	t.deepEqual(await binding('0000:01:10.4'), {driver: 'vfio-pci', override: 'vfio-pci', group: true});
	await isAsBefore(t);
});

test.serial('VFs that get their driver late: vf create waits for it', async t => {
	await vfctl.run(['vf', 'destroy', 'eth2', '--yes']);
	await lab.exec('modprobe -r igbvf');
	await vfctl.run(['vf', 'create', 'eth2', '2']);
	t.deepEqual([(await binding(vf20)).driver, (await binding(vf21)).driver], ['igbvf', 'igbvf']);
	await lab.waitFor('ls /sys/bus/pci/devices/0000:01:10.0/net/* /sys/bus/pci/devices/0000:01:10.2/net/* /sys/bus/pci/devices/0000:02:10.*/net/*');
	await isAsBefore(t);
});

test.serial('every setting that the card has is read back by ip, and undone', async t => {
	await vfctl.run(['vf', 'set', 'eth2#0', '--mac', '52:54:00:aa:00:20', '--vlan', '7', '--qos', '5', '--spoofchk', 'off', '--trust', 'on', '--max-tx-rate', '100', '--link-state', 'auto']);
	t.deepEqual(await settingsOfEth2(), {
		mac: '52:54:00:aa:00:20', vlan: 7, qos: 5, vlanProto: '802.1q', spoofchk: false, trust: true, minTxRateMbps: 0, maxTxRateMbps: 100, linkState: 'auto',
	});
	// The VF's own driver has taken the MAC.
	await lab.waitFor(`grep -q 52:54:00:aa:00:20 /sys/bus/pci/devices/${vf20}/net/*/address`);
	await vfctl.run(['undo', '--yes']);
	await isAsBefore(t);
});

for (const [what, args, setting, why] of [
	['a guaranteed rate', ['--vlan', '9', '--min-tx-rate', '10'], 'min-tx-rate', /min_tx_rate 10': .*guarantee no rates\)/],
	['more than the link has', ['--vlan', '9', '--max-tx-rate', '2000'], 'max-tx-rate', /must be below its speed/],
	['802.1ad', ['--vlan', '9', '--vlan-proto', '802.1ad'], 'vlan and vlan-proto', /does not know 802\.1ad/],
	['a forced link', ['--vlan', '9', '--link-state', 'disable'], 'link-state', /does not have this setting/],
] as const) {
	test.serial(`what the card refuses is put back and explained: ${what}`, async t => {
		const before = await settingsOfEth2();
		const {json} = await vfctl.run(['vf', 'set', 'eth2#0', ...args], {code: 5});
		t.is(json.error.code, 'STEP_FAILED');
		t.is(json.error.message, `${setting} of VF 0 of eth2 cannot be set`);
		t.regex(json.error.why, why);
		t.true(json.error.details.rolledBack);
		t.deepEqual(await settingsOfEth2(), before);
	});
}

test.serial('PCIe ports that libvirt adds to a saved definition go with the VF', async t => {
	await lab.exec('/lab/guest define none --ports 0 --no-agent && /lab/guest define full --ports 0 && /lab/guest define free --ports 1 --no-agent');
	await vfctl.capture('/tmp/guests.rec');
	for (const [guest, ports] of [['none', 2], ['full', 2], ['free', 1]] as const) {
		await vfctl.run(['attach', guest, 'eth2#0', '--config']);
		t.is(await rootPorts(guest), ports, guest);
		await vfctl.run(['detach', guest, 'eth2#0']);
	}

	// The last one came into a port that was free when it came: the first detach finds all in use.
	await vfctl.run(['attach', 'none', 'eth2#0', '--config']);
	await vfctl.run(['attach', 'none', 'eth2#1', '--config']);
	await vfctl.run(['detach', 'none', 'eth2#1']);
	await vfctl.run(['detach', 'none', 'eth2#0']);
	t.deepEqual(await vfctl.changesSince('/tmp/guests.rec'), []);
});

async function rootPorts(guest: string): Promise<number> {
	return Number((await lab.exec(`virsh dumpxml ${guest} --inactive | grep -c "model='pcie-root-port'>"`)).stdout);
}

/** VFs of eth2 go and come back. */
async function recreate(): Promise<void> {
	await vfctl.run(['vf', 'destroy', 'eth2', '--yes']);
	await vfctl.run(['vf', 'create', 'eth2', '2']);
}

/** The host is as `before` left it. */
async function isAsBefore(t: ExecutionContext): Promise<void> {
	t.deepEqual(await vfctl.changesSince('/tmp/before.rec'), []);
}

async function binding(bdf: string): Promise<{driver: string; override: string; group: boolean}> {
	const path = `/sys/bus/pci/devices/${bdf}`;
	const [driver = '', override = '', group] = (await lab.exec(`basename "$(readlink ${path}/driver)"; cat ${path}/driver_override; test -e /dev/vfio/$(basename "$(readlink ${path}/iommu_group)"); echo $?`)).stdout.split('\n');
	return {driver, override, group: group === '0'};
}

async function ipLinks(): Promise<any[]> {
	return JSON.parse((await lab.exec('ip -j -d link')).stdout);
}

async function settingsOfEth2(): Promise<ReturnType<typeof settingsOf>> {
	return settingsOf((await ipLinks()).find(({ifname}) => ifname === 'eth2').vfinfo_list[0]);
}

/** One entry of ip's vfinfo_list in vfctl's words. */
function settingsOf({address, vlan_list: [tag = {}], spoofchk, trust, rate, link_state: linkState}: any) {
	return {mac: address, vlan: tag.vlan ?? 0, qos: tag.qos ?? 0, vlanProto: tag.protocol ?? '802.1q', spoofchk, trust, minTxRateMbps: rate.min_tx, maxTxRateMbps: rate.max_tx, linkState};
}
