// Reading a host and saying what is on it: readers, holders, groups, names, and the commands
// that only look, on simulated hosts and on damaged ones.
import test from 'ava';
import {run as runIommu} from '../lib/cli/commands/iommu.ts';
import {run as runList} from '../lib/cli/commands/list.ts';
import {run as runShow} from '../lib/cli/commands/show.ts';
import {run as runXml, type XmlOptions} from '../lib/cli/commands/xml.ts';
import type {CommandContext} from '../lib/cli/context.ts';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import {readInventory} from '../lib/exec/read-inventory.ts';
import type {FileReader, Host, Runner} from '../lib/host/host.ts';
import {acsOfPath, judgeByGroup, type AcsFact, type PortType} from '../lib/model/acs.ts';
import {toBdf, type Bdf} from '../lib/model/bdf.ts';
import {groupBlockers} from '../lib/model/group.ts';
import {groupVerdict} from '../lib/model/group-verdict.ts';
import {holderOf, holderText, isHeld} from '../lib/model/holder.ts';
import {findHostUses} from '../lib/model/host-use.ts';
import type {Inventory} from '../lib/model/inventory.ts';
import type {Netdev} from '../lib/model/netdev.ts';
import {isInterfaceName, spareName} from '../lib/model/netns.ts';
import type {Vf} from '../lib/model/pci.ts';
import {select, selectPf, selectVf} from '../lib/model/select.ts';
import type {RecordEntry} from '../lib/record/record.ts';
import type {IommuView} from '../lib/render/iommu-view.ts';
import type {ListView} from '../lib/render/list-view.ts';
import type {ShowView} from '../lib/render/show-view.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {sampleHosts} from '../lib/sim/sample-hosts.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {treeOf} from '../lib/sim/tree.ts';
import {functionNetdevs} from '../lib/sysfs/function-netdevs.ts';
import {readAcs} from '../lib/sysfs/read-acs.ts';
import {readConnection} from '../lib/sysfs/read-caller.ts';
import {readDeviceDetails, readSpeedMbps} from '../lib/sysfs/read-device-details.ts';
import {readDiskUses} from '../lib/sysfs/read-disks.ts';
import {readIommu} from '../lib/sysfs/read-iommu.ts';
import {readKernel} from '../lib/sysfs/read-kernel.ts';
import {parseNetdevs} from '../lib/sysfs/read-netdevs.ts';
import {readNamespacedNetdevs} from '../lib/sysfs/read-namespaces.ts';
import {pciNames} from '../lib/sysfs/read-pci-names.ts';
import {readIommuGroups} from '../lib/sysfs/read-pci.ts';
import {readVfioUsers} from '../lib/sysfs/read-vfio-users.ts';

const pci = '/sys/bus/pci/devices';

/** A reader of texts, links and directories given as paths. */
function reader(texts: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): FileReader {
	const tree = treeOf(new Map<string, RecordEntry>([
		...Object.entries(texts).map(([path, text]) => [path, {kind: 'text', text}] as const),
		...Object.entries(links).map(([path, target]) => [path, {kind: 'link', target}] as const),
	]));
	return {readText: path => tree.text(path), readBytes: () => undefined, readLink: path => tree.link(path), list: path => tree.list(path), exists: path => tree.exists(path)};
}

async function inventoryOf(host: Host): Promise<Inventory> {
	const libvirt = await host.openLibvirt('qemu:///system').catch((error: AppError) => error);
	return readInventory(host, libvirt);
}

interface Ran {
	text: string;
	notes: string[];
	json: unknown;
}

async function look(host: Host, command: (context: CommandContext) => Promise<void>): Promise<Ran> {
	const ran: Ran = {text: '', notes: [], json: undefined};
	const out: CommandContext['out'] = {
		json: false,
		fancy: false,
		result(text, value) {
			ran.text = text;
			ran.json = JSON.parse(JSON.stringify(value));
		},
		note(text) {
			ran.notes.push(text);
		},
	};
	await command({host, out, signal: new AbortController().signal, commandLine: ['vfctl'], options: {connect: 'qemu:///system', dryRun: false, yes: false, acceptedRisks: [], lockTimeoutMs: 0}});
	return ran;
}

const list = async (host: Host, options: Partial<{tree: boolean; pf: string}> = {}) => look(host, context => runList(context, {tree: false, pf: undefined, ...options}));
const listJson = async (host: Host) => (await list(host)).json as ListView;
const sample = (name: string) => simHost(sampleHosts[name]!());

// --- whole hosts

// PF: VFs made/possible, used, group, host uses.
const hosts: Readonly<Record<string, readonly string[]>> = {
	'seed-82599': ['enp3s0f0 0/63 used 0 group 30', 'enp3s0f1 2/63 used 0 group 31'],
	i350: ['enp1s0f0 7/7 used 1 group 5', 'enp1s0f1 7/7 used 1 group 6', 'enp1s0f2 7/7 used 0 group 7', 'enp1s0f3 7/7 used 0 group 8'],
	'xl710-64': ['ens1f0 64/64 used 0 group 9', 'ens2f0 64/64 used 1 group 11'],
	'shared-group': ['enp5s0f0 4/7 used 0 group 12', 'enp6s0f0 2/7 used 0 group 13'],
	'no-iommu': ['enp3s0f0 4/63 used 0 group null'],
	'no-intremap': ['enp4s0f0 4/63 used 0 group 1'],
	management: ['eno1 2/7 used 0 group 3, host', 'eno2 2/7 used 0 group 4, host', 'eno3 2/7 used 0 group 5, host', 'eno4 2/7 used 0 group 6'],
	disk: ['enp7s0f0 2/7 used 0 group 9', 'enp8s0f0 2/7 used 0 group 10'],
};
for (const [name, expected] of Object.entries(hosts)) {
	test(`list: ${name}`, async t => {
		const {pfs, libvirtAnswers} = await listJson(sample(name));
		t.deepEqual(pfs.map(pf => `${pf.name} ${pf.numVfs}/${pf.totalVfs} used ${pf.usedVfs} group ${pf.iommuGroup}${pf.hostUses.length > 0 ? ', host' : ''}`), [...expected]);
		t.true(libvirtAnswers);
		t.true(pfs.every(pf => pf.vfs.length === pf.numVfs && pf.vfs.every((vf, index) => vf.index === index && vf.name === `${pf.name}#${index}`)));
	});
}

test('list: a table of columns, holder last', async t => {
	const {text, notes} = await list(sample('i350'));
	const [heading, pf, vf] = text.split('\n').map(line => line.split(/ {2,}/));
	t.deepEqual(heading, ['NAME', 'ADDRESS', 'VFS', 'DRIVER', 'NETDEV', 'MAC', 'VLAN', 'LINK', 'NUMA', 'GROUP', 'HOLDER']);
	t.deepEqual(pf, ['enp1s0f0', '0000:01:00.0', '7/7', 'igb', 'enp1s0f0', 'a0:36:9f:01:00:00', '-', 'up', '0', '5', '1 of 7 VFs in use']);
	t.deepEqual(vf, ['enp1s0f0#0', '0000:02:10.0', '-', 'vfio-pci', '-', '52:54:00:c0:00:01', '100', '-', '0', '11', 'guest vm3']);
	t.deepEqual(notes, []);
});

test('list: one PF, and as a tree below its port', async t => {
	const {text} = await list(sample('seed-82599'), {tree: true, pf: 'enp3s0f1'});
	t.is(text, ['pci 0000:00', ' +- 0000:00:01.0', '     +- 0000:03:00.1  enp3s0f1  ixgbe  2/63  0 of 2 VFs in use', '         +- 0000:03:10.1  enp3s0f1#0  ixgbevf  pool vfpool hands it out', '         +- 0000:03:10.3  enp3s0f1#1  ixgbevf  pool vfpool hands it out'].join('\n'));
});

test('list: without libvirt everything but the guests', async t => {
	const {json, notes} = await list(simHost(sampleHosts['i350']!(), {libvirt: 'unreachable'}));
	const {libvirtAnswers, pfs} = json as ListView;
	t.false(libvirtAnswers);
	t.is(pfs.length, 4);
	t.is(notes.length, 1);
	t.regex(notes[0]!, /unknown which guests/);
});

test('list: a host without SR-IOV says so', async t => {
	const {text, json} = await list(simHost(hostBuilder('plain').nic({bdf: '0000:09:00.0', name: 'eno1'}).record()));
	t.regex(text, /no network card/);
	t.deepEqual((json as ListView).pfs, []);
});

test('list: a VF in a namespace has the name of it', async t => {
	const {pfs} = await listJson(sample('xl710-64'));
	const {text, kind, namespace, namespaceNetdev} = pfs[1]!.vfs[5]!.holder;
	t.deepEqual({text, kind, namespace, namespaceNetdev}, {text: 'namespace web (ens2f0v5)', kind: 'namespace', namespace: 'web', namespaceNetdev: 'ens2f0v5'});
});

test('show: settings, group, port and names of a VF', async t => {
	const record = sampleHosts['xl710-64']!();
	const ids = '# ids\n8086  Intel Corporation\n\t154c  Virtual Function 700\n\t\t8086 0001  A Sub\n';
	const {json, text} = await look(simHost({...record, entries: new Map([...record.entries, ['/usr/share/misc/pci.ids', {kind: 'text', text: ids}]])}), context => runShow(context, {what: 'ens2f0#0'}));
	const {vf, pf, device, group, portSpeedMbps, pcieLink} = json as ShowView;
	t.deepEqual({...vf!.settings, mac: 'any'}, {mac: 'any', vlan: 42, qos: 3, vlanProto: '802.1q', spoofchk: true, trust: true, minTxRateMbps: 0, maxTxRateMbps: 0, linkState: 'auto'});
	t.deepEqual([device.vendor, device.device, device.subsystem, device.revision], ['Intel Corporation', 'Virtual Function 700', 'A Sub', '02']);
	t.deepEqual([pf.name, pf.vfs, group!.viable, group!.members.length, portSpeedMbps, pcieLink!.speedGTs, pcieLink!.width], ['ens2f0', [], true, 1, 40_000, 8, 8]);
	t.regex(text, /^VLAN +42, priority 3, 802\.1q$/m);
	t.regex(text, /^trust +on$/m);
});

test('show: a PF with all its VFs, and why its group cannot be given away', async t => {
	const {json, text} = await look(sample('shared-group'), context => runShow(context, {what: '0000:05:00.0'}));
	const {kind, vf, pf, group} = json as ShowView;
	t.deepEqual([kind, vf, pf.vfs.length, group!.viable, group!.members.length], ['pf', null, 4, false, 7]);
	t.regex(text, /group blocked +0000:00:1c\.1 is on the host's driver ahci/);
});

const iommuRows: ReadonlyArray<readonly [string, boolean, string, string[]]> = [
	['i350', false, 'on Intel VT-d remapping on', ['5 true quirk', '11 true on', '10 false on']],
	['shared-group', false, 'on Intel VT-d remapping on', ['12 false off', '16 true on']],
	['disk', true, 'on Intel VT-d remapping on', ['9 false on', '13 true on']],
	['no-intremap', false, 'on Intel VT-d remapping off', []],
	['no-iommu', true, 'off none remapping off', []],
];
for (const [name, all, expected, some] of iommuRows) {
	test(`iommu: ${name}`, async t => {
		const view = (await look(sample(name), context => runIommu(context, {all}))).json as IommuView;
		t.is(`${view.iommu} ${view.kind} remapping ${view.interruptRemapping}`, expected);
		const groups = view.groups.map(({number, viable, acs}) => `${number} ${viable} ${acs}`);
		t.deepEqual(some.filter(row => !groups.includes(row)), []);
		t.true(all || view.groups.every(group => group.members.some(({classCode}) => classCode.startsWith('02'))));
	});
}

const xml = async (options: Partial<XmlOptions> & Pick<XmlOptions, 'kind' | 'names'>) => (await look(sample('seed-82599'), context => runXml(context, {mac: undefined, vlan: undefined, managed: true, ...options}))).text;

test('xml: what attach would use, and a pool', async t => {
	t.regex(await xml({kind: 'hostdev', names: ['enp3s0f1#1']}), /<hostdev mode='subsystem' type='pci' managed='yes'>[^]*bus='0x03' slot='0x10' function='0x3'/);
	const text = await xml({kind: 'interface', names: ['0000:03:10.1'], mac: '52:54:00:00:00:07', vlan: '42', managed: false});
	t.regex(text, /<interface type='hostdev' managed='no'>[^]*52:54:00:00:00:07[^]*<tag id='42'\/>/);
	t.notRegex(await xml({kind: 'interface', names: ['0000:03:10.1'], vlan: '0'}), /<vlan>/);
	t.regex(await xml({kind: 'network', names: ['pool', 'enp3s0f1']}), /<name>pool<\/name>[^]*<pf dev='enp3s0f1'\/>/);
	t.regex(await xml({kind: 'network', names: ['pool', 'enp3s0f1#0', 'enp3s0f1#1']}), /function='0x1'[^]*function='0x3'/);
});

const badXml: ReadonlyArray<readonly [string, Parameters<typeof xml>[0], ErrorCode]> = [
	['a PF as a device', {kind: 'hostdev', names: ['enp3s0f1']}, 'PF_NOT_VF'],
	['two devices', {kind: 'hostdev', names: ['enp3s0f1#0', 'enp3s0f1#1']}, 'USAGE'],
	['a MAC in a hostdev', {kind: 'hostdev', names: ['enp3s0f1#0'], mac: '52:54:00:00:00:07'}, 'USAGE'],
	['a pool of nothing', {kind: 'network', names: ['pool']}, 'USAGE'],
	['a pool of two PFs', {kind: 'network', names: ['pool', 'enp3s0f0', 'enp3s0f1']}, 'USAGE'],
	['a multicast MAC', {kind: 'interface', names: ['enp3s0f1#0'], mac: '01:00:5e:00:00:01'}, 'BAD_MAC'],
];
for (const [what, options, code] of badXml) {
	test(`xml refuses ${what}`, async t => {
		t.is((await t.throwsAsync(xml(options), {instanceOf: AppError})).code, code);
	});
}

// --- damaged hosts

const vf = `${pci}/0000:03:10.1`;
const pf = '/sys/devices/pci0000:00/0000:00:01.0/0000:03:00.1';
const real = '/sys/devices/pci0000:00/0000:00:01.0/0000:03:10.1';
const text = (content: string): RecordEntry => ({kind: 'text', text: content});
const link = (target: string): RecordEntry => ({kind: 'link', target});
const huge = 'A'.repeat(10 * 1024 * 1024);

// What is put over the record (null: taken away), and what the list says of the second PF's VFs.
const damages: ReadonlyArray<readonly [string, Readonly<Record<string, RecordEntry | null>>, readonly string[] | null]> = [
	['nothing', {}, ['0 ixgbevf 36', '1 ixgbevf 37']],
	['an empty uevent', {[`${real}/uevent`]: text('')}, ['0 null 36', '1 ixgbevf 37']],
	['a uevent of 10 MB', {[`${real}/uevent`]: text(huge)}, ['0 null 36', '1 ixgbevf 37']],
	['a uevent that cannot be read', {[`${real}/uevent`]: {kind: 'unreadable'}}, ['0 ixgbevf null', '1 ixgbevf 37']],
	['a total that is no number', {[`${pf}/sriov_totalvfs`]: text('many\n')}, null],
	['a count that is no number', {[`${pf}/sriov_numvfs`]: text('0x\n')}, []],
	['an empty count', {[`${pf}/sriov_numvfs`]: text('')}, []],
	['a count of 10 MB', {[`${pf}/sriov_numvfs`]: text(huge)}, []],
	['a negative count', {[`${pf}/sriov_numvfs`]: text('-3\n')}, []],
	['a link that is missing', {[`${pf}/virtfn0`]: null}, ['1 ixgbevf 37']],
	['a link to no device', {[`${pf}/virtfn0`]: link('../0000:7f:1f.7')}, ['0 null null', '1 ixgbevf 37']],
	['a link to no address', {[`${pf}/virtfn0`]: link('../../../../etc/passwd')}, ['1 ixgbevf 37']],
	['a file instead of a link', {[`${pf}/virtfn0`]: text('x')}, ['1 ixgbevf 37']],
	['a group that is no number', {[`${real}/iommu_group`]: link('../x')}, ['0 ixgbevf null', '1 ixgbevf 37']],
	['no group', {[`${real}/iommu_group`]: null}, ['0 ixgbevf null', '1 ixgbevf 37']],
	['a NUMA node that is no number', {[`${pf}/numa_node`]: text('\u0000\u0001')}, ['0 ixgbevf 36', '1 ixgbevf 37']],
];
for (const [what, over, expected] of damages) {
	test(`damaged sysfs: ${what}`, async t => {
		const record = sampleHosts['seed-82599']!();
		const entries = new Map(record.entries);
		for (const [path, entry] of Object.entries(over)) {
			t.true(entries.has(path), `${path} is in the record`);
			if (entry === null) {
				entries.delete(path);
			} else {
				entries.set(path, entry);
			}
		}

		const ran = await list(simHost({...record, entries}));
		const {pfs} = ran.json as ListView;
		t.true(pfs.length > 0);
		const damaged = pfs.find(({bdf}) => bdf === '0000:03:00.1');
		t.deepEqual(damaged?.vfs.map(({index, driver, iommuGroup}) => `${index} ${driver} ${iommuGroup}`) ?? null, expected && [...expected]);
		t.is(ran.notes.length, damaged && damaged.vfs.length < damaged.numVfs ? 1 : 0);
		t.true(ran.text.length < 10_000);
	});
}

test('damaged sysfs: an override longer than a page is cut', async t => {
	const record = sampleHosts['seed-82599']!();
	const host = simHost({...record, entries: new Map([...record.entries, [`${real}/driver_override`, text(huge)]])});
	const {pfs} = await inventoryOf(host);
	t.is(pfs[1]!.vfs[0]!.driverOverride!.length, 4096);
	t.is(host.files.readText(`${vf}/driver_override`)!.length, huge.length);
});

const badPrograms: ReadonlyArray<readonly [string, {code?: number; stdout?: string; stderr?: string} | 'missing', ErrorCode]> = [
	['cut off', {code: 0, stdout: '[{"ifname":"enp3'}, 'STEP_FAILED'],
	['failing', {code: 2, stderr: 'Cannot open netlink socket'}, 'STEP_FAILED'],
	['not installed', 'missing', 'TOOL_MISSING'],
];
for (const [what, result, code] of badPrograms) {
	test(`ip ${what} is an error, not an empty host`, async t => {
		const host = simHost(sampleHosts['i350']!(), result === 'missing' ? {missingTools: ['ip']} : {commandFailures: [{command: /^ip -j -d link/, result}]});
		t.is((await t.throwsAsync(list(host), {instanceOf: AppError})).code, code);
	});
}

test('ip with odd answers: entries without names, VF lists that are short or out of turn', async t => {
	const record = sampleHosts['seed-82599']!();
	const answer = [{}, null, 7, {ifname: 'enp3s0f1', vfinfo_list: [{vf: 0, address: 'not a mac', vlan_list: [{}]}, {vf: 9, address: '02:00:00:00:00:09'}]}];
	const host = simHost(record, {commandFailures: [{command: /^ip -j -d link/, result: {code: 0, stdout: JSON.stringify(answer)}}]});
	const {pfs} = await inventoryOf(host);
	t.is(pfs[1]!.vfs[0]!.settings!.mac, null);
	t.is(pfs[1]!.vfs[1]!.settings, null);
});

// --- holders

const base: Inventory = {
	kernel: {release: '6.12', commandLine: '', iommu: 'on', interruptRemapping: 'on', unsafeInterrupts: false, modules: []},
	functions: new Map(), groups: new Map(), pfs: [], netdevs: new Map(), routes: [], hostUses: [], callerPeer: null, vfioUsers: [], uioUsers: [], guests: [], pools: [], networks: [], libvirtProblem: null,
};
const bdf = toBdf('0000:03:10.1');
const aVf: Vf = {bdf, index: 0, pf: toBdf('0000:03:00.1'), driver: 'ixgbevf', driverOverride: null, iommuGroup: 38, numaNode: 0, netdevs: ['v0'], inNamespace: false, ownMac: null, settings: null};
const definition = (...sources: Array<Bdf | null>) => ({devices: sources.map(source => ({method: 'hostdev' as const, source, network: null, mac: null, vlan: null, managed: true, alias: null, guestAddress: null, teaming: null})), interfaces: [], macs: [], ports: [], conventionalPci: false, sharedMemory: [], memoryIsShared: false, hugepages: [], agent: 'none' as const});
const guest = (live: boolean, config: boolean) => ({name: 'vm', uuid: 'u', active: live, persistent: true, state: 'running', live: live ? definition(null, bdf) : null, config: config ? definition(bdf) : definition()});
const netdev = (name: string, more: Partial<Netdev> = {}): Netdev => ({name, mac: null, mtuBytes: 1500, minMtuBytes: null, maxMtuBytes: null, up: false, operstate: 'down', addresses: [], kind: null, vlanFiltering: false, master: null, lowerDevices: [], bdf: null, ...more});
const vfio = {driver: 'vfio-pci', netdevs: []};
const pool = {name: 'p', active: true, persistent: true, pfNetdev: 'pf', members: [bdf], managed: true, saved: {pfNetdev: 'pf', members: []}};

const holders: ReadonlyArray<readonly [string, Partial<Vf>, Partial<Inventory>, string, boolean]> = [
	['nobody', {}, {}, 'nobody', false],
	['no driver', {driver: null, netdevs: []}, {}, 'nobody', false],
	['a running guest', vfio, {guests: [guest(true, true)]}, 'guest vm', true],
	['a running guest only', vfio, {guests: [guest(true, false)]}, 'guest vm', true],
	['a guest that does not run', {}, {guests: [guest(false, true)]}, 'guest vm (not running with it)', true],
	['a guest, before the process it is', vfio, {guests: [guest(true, true)], vfioUsers: [{group: 38, pid: 7, command: 'qemu'}]}, 'guest vm', true],
	['a process', vfio, {vfioUsers: [{group: 38, pid: 7, command: 'testpmd'}]}, 'process testpmd (7)', true],
	['a process of another group', vfio, {vfioUsers: [{group: 39, pid: 7, command: 'testpmd'}]}, 'nobody', false],
	['a process that has the group but not this one', {}, {vfioUsers: [{group: 38, pid: 7, command: 'testpmd'}]}, 'nobody', false],
	['a namespace', {netdevs: [], inNamespace: true}, {}, 'another network namespace', true],
	['the host: up', {}, {netdevs: new Map([['v0', netdev('v0', {up: true})]])}, 'host: v0 is up', true],
	['the host: in a bond', {}, {netdevs: new Map([['v0', netdev('v0', {master: 'bond0'})]])}, 'host: v0 is part of bond0', true],
	['the host: an address', {}, {hostUses: [{bdf, kind: 'network', reason: 'v0 carries 10.0.0.1/24'}]}, 'host: v0 carries 10.0.0.1/24', true],
	['a pin', {driverOverride: 'vfio-pci'}, {}, 'its driver is pinned to vfio-pci', false],
	['a pool', {}, {pools: [pool]}, 'pool p hands it out', false],
	['a pool that is not started', {}, {pools: [{...pool, active: false}]}, 'nobody', false],
	['unknown guests', vfio, {guests: null, pools: null}, 'nobody', false],
];
for (const [what, change, facts, expected, held] of holders) {
	test(`holder: ${what}`, t => {
		const holder = holderOf({...aVf, ...change}, {...base, ...facts});
		t.is(holderText(holder), expected);
		t.is(isHeld(holder), held);
	});
}

// --- groups

const groupInventory = (...members: ReadonlyArray<readonly [string, number, string | null, boolean?]>): Inventory => ({
	...base,
	functions: new Map(members.map(([address, classCode, driver, isVf]) => [toBdf(address), {bdf: toBdf(address), vendorId: 1, deviceId: 1, classCode, driver, iommuGroup: 1, physfn: isVf ? toBdf('0000:03:00.0') : null}])),
	groups: new Map([[1, {number: 1, members: members.map(([address]) => toBdf(address))}]]),
});
const port = ['0000:00:01.0', 0x06_04_00, 'pcieport'] as const;
const first = ['0000:03:10.0', 0x02_00_00, 'ixgbevf', true] as const;
const groups: ReadonlyArray<readonly [string, Inventory, boolean | null, number]> = [
	['one VF', groupInventory(first), true, 0],
	['a VF and its port', groupInventory(port, first), true, 0],
	['a VF and a VF of the host', groupInventory(first, ['0000:03:10.2', 0x02_00_00, 'ixgbevf', true]), false, 1],
	['a VF and one without driver', groupInventory(first, ['0000:03:10.2', 0x02_00_00, null, true]), true, 0],
	['a VF and one on vfio', groupInventory(first, ['0000:03:10.2', 0x02_00_00, 'mlx5_vfio_pci', true]), true, 0],
	['a VF and its PF', groupInventory(first, ['0000:03:00.0', 0x02_00_00, 'ixgbe']), false, 1],
	['a VF, and a disk that the host lives on', {...groupInventory(first, ['0000:04:00.0', 0x01_08_02, 'nvme']), hostUses: [{bdf: toBdf('0000:04:00.0'), kind: 'disk', reason: 'it carries /'}]}, false, 1],
	['a PF', groupInventory(['0000:03:00.0', 0x02_00_00, 'ixgbe']), true, 0],
	['a PF that the host lives on', {...groupInventory(['0000:03:00.0', 0x02_00_00, 'ixgbe']), hostUses: [{bdf: toBdf('0000:03:00.0'), kind: 'network', reason: 'it has an address'}]}, false, 0],
	['bridges', groupInventory(port), null, 0],
	['a member that is gone', {...groupInventory(first), groups: new Map([[1, {number: 1, members: [toBdf('0000:03:10.0'), toBdf('0000:03:10.2')]}]])}, true, 0],
];
for (const [what, inventory, viable, blockers] of groups) {
	test(`group: ${what}`, t => {
		const group = inventory.groups.get(1)!;
		const verdict = groupVerdict(group, inventory);
		t.is(verdict.viable, viable);
		t.is(verdict.reasons.length > 0, viable === false);
		t.is(groupBlockers(inventory.functions.has(toBdf('0000:03:10.0')) ? toBdf('0000:03:10.0') : group.members[0]!, 1, inventory).length, blockers);
	});
}

test('groups: members of every function, without those that vfio made up', t => {
	const files = reader({'/sys/module/vfio/refcnt': '1', '/sys/kernel/iommu_groups/7/name': 'vfio-noiommu\n', '/sys/kernel/iommu_groups/2/name': 'other\n', [`${pci}/0000:00:1f.0/uevent`]: ''},
		{[`${pci}/0000:00:01.0/iommu_group`]: '../../../kernel/iommu_groups/2', [`${pci}/0000:00:02.0/iommu_group`]: '../../kernel/iommu_groups/2', [`${pci}/0000:00:03.0/iommu_group`]: '../kernel/iommu_groups/7', [`${pci}/0000:00:04.0/iommu_group`]: '../x'});
	t.deepEqual([...readIommuGroups(files).values()], [{number: 2, members: [toBdf('0000:00:01.0'), toBdf('0000:00:02.0')]}]);
});

// --- ACS

/** Config space with a PCI Express capability of a port type, and ACS words when given. */
function configSpace({length = 4096, express = true, portType = 4, acs, circular = false}: {length?: number; express?: boolean; portType?: number; acs?: readonly [number, number]; circular?: boolean}): Uint8Array {
	const view = new DataView(new ArrayBuffer(4096));
	view.setUint8(0x34, 0x40);
	// A vendor capability first, so that the list has to be walked.
	view.setUint16(0x40, circular ? 0x40_09 : 0x60_09, true);
	view.setUint16(0x60, express ? 0x00_10 : 0x00_05, true);
	view.setUint16(0x62, (portType << 4) | 2, true);
	view.setUint32(0x100, circular ? 0x1001_0001 : 0x1401_0001, true);
	if (acs) {
		view.setUint32(0x140, 0x0001_000d, true);
		view.setUint16(0x144, acs[0], true);
		view.setUint16(0x146, acs[1], true);
	}

	return new Uint8Array(view.buffer, 0, length);
}

const acsCases: ReadonlyArray<readonly [string, Uint8Array | undefined, PortType, string]> = [
	['no config space', undefined, 'unknown', 'unknown'],
	['64 bytes: not root', configSpace({length: 64}), 'unknown', 'unknown'],
	['256 bytes: no extended space', configSpace({length: 256}), 'root-port', 'unknown'],
	['a root port with all on', configSpace({acs: [0x1f, 0x1d]}), 'root-port', 'SV,RR,CR,UF of SV,RR,CR,UF'],
	['a switch port with all off', configSpace({portType: 6, acs: [0x1d, 0]}), 'downstream-port', ' of SV,RR,CR,UF'],
	['a port that has half', configSpace({acs: [0x05, 0x05]}), 'root-port', 'SV,RR of SV,RR'],
	['an endpoint without', configSpace({portType: 0}), 'endpoint', 'absent'],
	['conventional PCI', configSpace({express: false}), 'conventional', 'absent'],
	['lists that run in circles', configSpace({circular: true}), 'conventional', 'absent'],
	['an empty device', new Uint8Array(4096).fill(0xff), 'conventional', 'absent'],
];
const short = {sourceValidation: 'SV', requestRedirect: 'RR', completionRedirect: 'CR', upstreamForwarding: 'UF'} as const;
for (const [what, config, portType, expected] of acsCases) {
	test(`ACS: ${what}`, t => {
		const {port: type, acs} = readAcs(config);
		t.is(type, portType);
		t.is(acs.kind === 'present' ? `${acs.enabled.map(flag => short[flag]).join(',')} of ${acs.capable.map(flag => short[flag]).join(',')}` : acs.kind, expected);
	});
}

const fact = (address: string, role: AcsFact['role'], verdict: AcsFact['verdict']): AcsFact => ({bdf: toBdf(address), role, port: 'root-port', acs: {kind: 'absent'}, verdict});
const ways: ReadonlyArray<readonly [string, AcsFact[], string[], ReturnType<typeof acsOfPath>]> = [
	['nothing on the way', [], [], 'none'],
	['a port that isolates', [fact('0000:00:01.0', 'bridge', 'isolates')], [], 'on'],
	['a port that leaks, in the group', [fact('0000:00:01.0', 'bridge', 'leaks')], ['0000:00:01.0'], 'off'],
	['a port that leaks, but is apart', [fact('0000:00:01.0', 'bridge', 'leaks')], ['0000:03:00.0'], 'quirk'],
	['functions that leak, apart', [fact('0000:03:00.0', 'function', 'leaks'), fact('0000:03:00.1', 'function', 'leaks')], ['0000:03:00.0'], 'quirk'],
	['functions that leak, together', [fact('0000:03:00.0', 'function', 'leaks'), fact('0000:03:00.1', 'function', 'leaks')], ['0000:03:00.0', '0000:03:00.1'], 'off'],
	['one that is unknown', [fact('0000:00:01.0', 'bridge', 'isolates'), fact('0000:01:00.0', 'bridge', 'unknown')], [], 'unknown'],
	['only what needs none', [fact('0000:00:01.0', 'bridge', 'not-needed')], [], 'none'],
];
for (const [what, facts, members, expected] of ways) {
	test(`ACS of a way: ${what}`, t => {
		t.is(acsOfPath(judgeByGroup(facts, members.map(member => toBdf(member)))), expected);
	});
}

// --- names

const names: ReadonlyArray<readonly [string, string, string]> = [
	['a PF by interface', 'enp3s0f1', 'pf 0000:03:00.1'],
	['a PF by address', '0000:03:00.1', 'pf 0000:03:00.1'],
	['a PF by short address', '03:00.1', 'pf 0000:03:00.1'],
	['a VF by address in capitals', '0000:03:10.3', 'vf 0000:03:10.3'],
	['a VF by interface', 'enp3s0f1v0', 'vf 0000:03:10.1'],
	['a VF by index', 'enp3s0f1#1', 'vf 0000:03:10.3'],
	['a VF by index of an address', '0000:03:00.1#1', 'vf 0000:03:10.3'],
	['a VF as nmstate writes it', 'sriov:enp3s0f1:0', 'vf 0000:03:10.1'],
	['an index that is not there', 'enp3s0f1#2', 'VF_NOT_FOUND'],
	['an index of a PF without VFs', 'enp3s0f0#0', 'VF_NOT_FOUND'],
	['an index of a VF', 'enp3s0f1v0#0', 'PF_NOT_FOUND'],
	['another card', 'eno1', 'NOT_SRIOV'],
	['a bridge', 'br0', 'NOT_SRIOV'],
	['a chipset function', '0000:ff:08.0', 'NOT_SRIOV'],
	['nothing', 'enp9', 'VF_NOT_FOUND'],
	['an address that is not there', '0000:7f:00.0', 'VF_NOT_FOUND'],
];
for (const [what, name, expected] of names) {
	test(`select: ${what}`, async t => {
		const inventory = await inventoryOf(sample('seed-82599'));
		const outcome = (() => {
			try {
				const found = select(inventory, name);
				return `${found.kind} ${found.kind === 'vf' ? found.vf.bdf : found.pf.bdf}`;
			} catch (error) {
				return (error as AppError).code;
			}
		})();
		t.is(outcome, expected);
	});
}

test('select: a PF is no VF, a VF no PF, a disk controller neither', async t => {
	const inventory = await inventoryOf(sample('disk'));
	t.is(t.throws(() => selectVf(inventory, 'enp7s0f0'), {instanceOf: AppError}).code, 'PF_NOT_VF');
	t.is(t.throws(() => selectPf(inventory, 'enp7s0f0#0'), {instanceOf: AppError}).code, 'PF_NOT_FOUND');
	t.is(t.throws(() => select(inventory, '0000:02:00.0'), {instanceOf: AppError}).code, 'DISK_CONTROLLER');
});

// --- what the host lives on

const eth = (name: string, address: string, more: Partial<Netdev> = {}) => netdev(name, {up: true, bdf: toBdf(address), ...more});
const below: ReadonlyArray<readonly [string, Netdev[], Partial<Parameters<typeof findHostUses>[0]>, string[]]> = [
	['an idle interface', [eth('e0', '0000:03:00.0')], {}, []],
	['an address', [eth('e0', '0000:03:00.0', {addresses: ['10.0.0.1/24']})], {}, ['0000:03:00.0 network']],
	['an ssh connection', [eth('e0', '0000:03:00.0', {addresses: ['10.0.0.1/24']})], {callerAddress: '10.0.0.1'}, ['0000:03:00.0 management']],
	['a route without an address', [eth('e0', '0000:03:00.0')], {routes: [{destination: 'default', type: 'unicast', device: 'e0', family: 4, gateway: null, metric: null, protocol: null, source: null, onlink: false, hops: 1}]}, ['0000:03:00.0 network']],
	['an ssh connection over a link-local address', [eth('e0', '0000:03:00.0'), eth('e1', '0000:03:00.1')], {callerAddress: 'fe80::2e0:4cff:fe68:1%e1'}, ['0000:03:00.1 management']],
	['a VLAN on a bond of two', [eth('e0', '0000:03:00.0', {master: 'b'}), eth('e1', '0000:03:00.1', {master: 'b'}), netdev('b'), netdev('b.1', {lowerDevices: ['b'], addresses: ['::1:2/64']})], {callerAddress: '::1:2'}, ['0000:03:00.0 management', '0000:03:00.1 management']],
	['a bridge with an address', [eth('e0', '0000:03:00.0', {master: 'br'}), eth('e1', '0000:03:00.1'), netdev('br', {addresses: ['10.0.0.1/24']})], {}, ['0000:03:00.0 network']],
	['interfaces that stand on each other', [eth('e0', '0000:03:00.0', {master: 'e1'}), eth('e1', '0000:03:00.1', {master: 'e0', addresses: ['10.0.0.1/24']})], {}, ['0000:03:00.0 network', '0000:03:00.1 network']],
	['a disk', [], {disks: [{bdf: toBdf('0000:04:00.0'), mount: '/ (sda1)'}]}, ['0000:04:00.0 disk']],
];
for (const [what, netdevs, more, expected] of below) {
	test(`host use: ${what}`, t => {
		const uses = findHostUses({netdevs: new Map(netdevs.map(one => [one.name, one])), routes: [], callerAddress: undefined, disks: [], ...more});
		t.deepEqual(uses.map(use => `${use.bdf} ${use.kind}`).sort(), expected);
	});
}

// --- small readers

test('caller: of the environment, of an ancestor when sudo has dropped it, or none', t => {
	const files = reader({'/proc/9/environ': 'A=1\0', '/proc/9/status': 'Name:\tsudo\nPPid:\t8\n', '/proc/8/environ': 'B=2\0SSH_CONNECTION=192.0.2.1 50 ::ffff:10.0.0.5 22\0', '/proc/7/status': 'PPid:\t7\n'});
	t.is(readConnection(files, {pid: 9, env: {SSH_CONNECTION: '192.0.2.1 50 10.9.9.9 22'}})?.peer, '192.0.2.1');
	t.is(readConnection(files, {pid: 9, env: {}})?.host, '10.0.0.5');
	t.is(readConnection(files, {pid: 7, env: {}}), undefined);
});

test('disks: through LVM and swap to the controller, and in circles to an end', t => {
	const controller = '/sys/devices/pci0000:00/0000:02:00.0/nvme/nvme0/nvme0n1/nvme0n1p1';
	const files = reader({'/proc/self/mountinfo': '1 0 253:0 / / rw - ext4 /dev/mapper/root rw\n2 0 0:5 / /proc rw - proc proc rw\nnonsense\n', '/proc/swaps': 'Filename\n/dev/dm-1 partition 1 0 -2\n', [`${controller}/size`]: '1', '/sys/devices/virtual/block/dm-0/size': '1', '/sys/devices/virtual/block/dm-1/size': '1'}, {
		'/sys/dev/block/253:0': '../../devices/virtual/block/dm-0', '/sys/class/block/dm-0': '../../devices/virtual/block/dm-0', '/sys/class/block/dm-1': '../../devices/virtual/block/dm-1', '/sys/class/block/nvme0n1p1': `../../devices/${controller.slice('/sys/devices/'.length)}`,
		'/sys/devices/virtual/block/dm-0/slaves/nvme0n1p1': '../../../../x', '/sys/devices/virtual/block/dm-0/slaves/dm-1': '../../dm-1', '/sys/devices/virtual/block/dm-1/slaves/dm-0': '../../dm-0',
	});
	t.deepEqual(readDiskUses(files).map(use => `${use.bdf} ${use.mount}`), ['0000:02:00.0 / (dm-0)', '0000:02:00.0 swap (dm-1)']);
});

const interrupts: ReadonlyArray<readonly [string, Inventory['kernel']['interruptRemapping']]> = [['  24:  0  IR-PCI-MSI 1  eth0', 'on'], ['  24:  0  PCI-MSI 1  eth0', 'off'], ['  1: 0 IO-APIC 1', 'off'], ['  1: 0 GICv3 1', 'unknown'], ['', 'unknown']];
for (const [line, expected] of interrupts) {
	test(`kernel: interrupts '${line.trim()}'`, t => {
		t.is(readKernel(reader({'/proc/interrupts': line}), 0).interruptRemapping, expected);
	});
}

test('kernel: what is missing is unknown, not an error', t => {
	const facts = readKernel(reader({}), 0);
	t.deepEqual(facts, {release: 'unknown', commandLine: '', iommu: 'off', interruptRemapping: 'unknown', unsafeInterrupts: false, modules: []});
});

test('VFIO users: by group and by character device, each process once', t => {
	const files = reader({'/proc/12/comm': 'testpmd\n', '/proc/13/comm': 'qemu\n'}, {'/proc/12/fd/3': '/dev/vfio/38', '/proc/12/fd/4': '/dev/vfio/38', '/proc/13/fd/5': '/dev/vfio/devices/vfio2', '/proc/13/fd/6': '/dev/vfio/vfio', '/proc/13/fd/7': '/dev/null', '/proc/self/fd/1': '/dev/vfio/9'});
	t.deepEqual(readVfioUsers(files, name => name === 'vfio2' ? 39 : undefined), [{group: 38, pid: 12, command: 'testpmd'}, {group: 39, pid: 13, command: 'qemu'}]);
});

const linkJson = '[{"ifname":"v0","parentbus":"pci","parentdev":"0000:03:10.1"},{"ifname":"lo"},null]';
const namespaces: ReadonlyArray<readonly [string, string, Readonly<Record<string, string>>, string[]]> = [
	['JSON', '[{"name":"red","id":0},{"id":1}]', {red: linkJson}, ['red v0']],
	['lines of older releases', 'red (id: 0)\nblue\n', {red: '[]', blue: linkJson}, ['blue v0']],
	['one that cannot be entered', '[{"name":"red"},{"name":"blue"}]', {blue: linkJson}, ['blue v0']],
	['an answer that is cut off', '[{"name":"red"}]', {red: '[{"ifname":'}, []],
	['none', '', {}, []],
];
for (const [what, list_, links, expected] of namespaces) {
	test(`namespaces: ${what}`, async t => {
		const runner: Runner = {
			async run(argv) {
				const name = argv.indexOf('-n') === -1 ? undefined : argv[argv.indexOf('-n') + 1]!;
				const stdout = name === undefined ? list_ : links[name];
				return {code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: ''};
			},
		};
		const found = await readNamespacedNetdevs({files: reader({}), runner}, [toBdf('0000:03:10.1')]);
		t.deepEqual([...found.values()].map(one => `${one.namespace} ${one.netdev}`), expected);
	});
}

test('device details: link and ids; what is not there is null', t => {
	const at = `${pci}/0000:03:00.0`;
	const files = reader({[`${at}/current_link_speed`]: '8.0 GT/s PCIe\n', [`${at}/current_link_width`]: '8\n', [`${at}/max_link_speed`]: 'Unknown\n', [`${at}/subsystem_vendor`]: '0x8086\n', '/sys/class/net/e0/speed': '10000\n', '/sys/class/net/e1/speed': '-1\n'});
	t.deepEqual(readDeviceDetails(files, toBdf('0000:03:00.0')), {subsystemVendorId: 0x8086, subsystemDeviceId: null, revision: null, pcieLink: {speedGTs: 8, width: 8, maxSpeedGTs: null, maxWidth: null}});
	t.is(readDeviceDetails(files, toBdf('0000:04:00.0')).pcieLink, null);
	t.deepEqual(['e0', 'e1', 'e2'].map(name => readSpeedMbps(files, name)), [10_000, null, null]);
});

const ids = ['# comment', '8086  Intel', '\t10ed  82599 VF', '# between', '\t\t103c 17d2  HP card', '\t1520  I350 VF', '8087  Other', '\t1521  Not Intel\'s', ''].join('\n');
const lookups: ReadonlyArray<readonly [string, readonly [number, number, number | null, number | null], readonly [string | null, string | null, string | null]]> = [
	['all three', [0x8086, 0x10ed, 0x103c, 0x17d2], ['Intel', '82599 VF', 'HP card']],
	['a subsystem of another device', [0x8086, 0x1520, 0x103c, 0x17d2], ['Intel', 'I350 VF', null]],
	['a device of another vendor', [0x8086, 0x1521, null, null], ['Intel', null, null]],
	['the last device', [0x8087, 0x1521, null, null], ['Other', 'Not Intel\'s', null]],
	['an unknown vendor', [0x15b3, 0x1018, null, null], [null, null, null]],
];
for (const [what, [vendorId, deviceId, subsystemVendorId, subsystemDeviceId], expected] of lookups) {
	test(`pci.ids: ${what}`, t => {
		const found = pciNames(reader({'/usr/share/hwdata/pci.ids': ids}))({vendorId, deviceId, subsystemVendorId, subsystemDeviceId});
		t.deepEqual([found.vendor, found.device, found.subsystem], [...expected]);
	});
}

const kinds: ReadonlyArray<readonly [string[], string]> = [[['dmar0', 'dmar1'], 'Intel VT-d'], [['ivhd0'], 'AMD-Vi'], [['smmu3.0x0000000009050000'], 'Arm SMMU'], [['virtio0'], 'virtio-iommu'], [['riscv'], 'other'], [[], 'none']];
for (const [units, kind] of kinds) {
	test(`IOMMU kind: ${kind}`, t => {
		const files = reader({'/sys/module/vfio/parameters/enable_unsafe_noiommu_mode': 'Y\n', ...Object.fromEntries(units.map(unit => [`/sys/class/iommu/${unit}/x`, '']))});
		t.deepEqual(readIommu(files, 'quiet pcie_acs_override=downstream'), {units, kind, noIommuMode: true, acsOverride: true} as never);
	});
}

test('representors are not the PF: its own port comes first, whatever the names are', t => {
	const pf = toBdf('0000:3b:00.0');
	const names = {eth0: 'pf0vf0', eth1: 'c1pf0vf1', eth2: 'pf0sf88', p1p1: 'p0', p1p0: ''};
	const files = reader(Object.fromEntries(Object.entries(names).flatMap(([name, port]) => [
		[`${pci}/${pf}/net/${name}/mtu`, '1500\n'], [`/sys/class/net/${name}/phys_port_name`, `${port}\n`], [`/sys/class/net/${name}/dev_port`, name === 'p1p0' ? '1\n' : '0\n'],
	])));
	t.deepEqual(functionNetdevs(files, pf), ['p1p1', 'p1p0']);
	// The port itself is in another namespace: what is left is not it.
	const away = reader({[`${pci}/${pf}/net/eth0/mtu`]: '', '/sys/class/net/eth0/phys_port_name': 'pf0vf0\n'});
	t.deepEqual(functionNetdevs(away, pf), []);
});

test('a PF is found by a further name of its interface', async t => {
	const record = hostBuilder('alt').pf({card: '82576', bdf: '10000:01:00.0', name: 'eth1', vfs: 1}).record();
	const inventory = await inventoryOf(simHost(record));
	const eth1 = inventory.netdevs.get('eth1')!;
	const named = {...inventory, netdevs: new Map([...inventory.netdevs, ['eth1', {...eth1, altnames: ['enp1s0f0', 'enx525400000001']}]])};
	t.is(selectPf(named, 'enp1s0f0').bdf, toBdf('10000:01:00.0'));
	t.throws(() => selectPf(named, 'enp1s0f1'), {message: /nothing on this host/});
	t.deepEqual(parseNetdevs({link: '[{"ifname":"eth1","altnames":["enp1s0f0"]}]', address: '', routes: '', routes6: ''}).get('eth1')?.altnames, ['enp1s0f0']);
});

test('no two functions have one spare name, and the kernel takes it', t => {
	const names = ['0000:01:10.0', '0100:01:10.0', '10000:e1:00.0', '20000:e1:00.0', 'ffffffff:ff:1f.7'].map(bdf => spareName(toBdf(bdf)));
	t.is(new Set(names).size, names.length);
	t.true(names.every(name => isInterfaceName(name)), names.join());
});

test('a number of VFs that no card can have is none: they are not looked for one by one', async t => {
	for (const count of ['99999999999', '-7', '65536']) {
		const record = hostBuilder('odd').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', vfs: 2}).record();
		const entries = new Map([...record.entries].map(([path, entry]) => [path, path.endsWith('0000:01:00.0/sriov_numvfs') ? {kind: 'text' as const, text: `${count}\n`} : entry] as const));
		const [pf] = (await inventoryOf(simHost({...record, entries}))).pfs;
		t.deepEqual([pf?.numVfs, pf?.vfs], [0, []], count);
	}
});
