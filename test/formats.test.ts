// What vfctl tells of a host is what lspci, dpdk-devbind, driverctl and libvirt tell of it: each
// runs unchanged on the same generated sysfs, in namespaces of its own.
import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {run as runList} from '../lib/cli/commands/list.ts';
import {run as runShow} from '../lib/cli/commands/show.ts';
import type {CommandContext} from '../lib/cli/context.ts';
import type {Host} from '../lib/host/host.ts';
import {realFiles} from '../lib/host/real-files.ts';
import {nodedevName, toBdf} from '../lib/model/bdf.ts';
import type {ListView} from '../lib/render/list-view.ts';
import type {ShowView} from '../lib/render/show-view.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {missingForLibvirtd, startPrivateLibvirtd, type PrivateLibvirtd} from './helpers/private-libvirtd.ts';
import {materialise, type SysfsTree} from './helpers/sysfs-tree.ts';
import {dpdkFacts, driverctlFacts, lspciFacts, netNodedevs, nodedevFacts} from './helpers/told.ts';

const execute = promisify(execFile);

const pciIds = '/usr/share/misc/pci.ids';
const tools = [['/usr/bin/lspci', 'pciutils'], ['/usr/bin/dpdk-devbind.py', 'dpdk'], ['/usr/sbin/driverctl', 'driverctl'], [pciIds, 'pci.ids']] as const;

// VFs with VLANs and rates are another test's business: these programs do not show them.
const record = hostBuilder('formats').chipset(3)
	.function({bdf: '0000:00:1c.0', device: 0x8d10, classCode: 0x06_04_00, driver: 'pcieport', group: 40, acs: false})
	.pf({card: '82599', bdf: '0000:03:00.0', name: 'enp3s0f0', vfs: 4, numaNode: 0, vfDrivers: {1: 'vfio-pci', 2: null}})
	.pf({card: 'i350', bdf: '0000:01:00.0', name: 'enp1s0f0', vfs: 2})
	.pf({card: 'i350', bdf: '0000:01:00.1', name: 'enp1s0f1'})
	.pf({card: 'xl710', bdf: '0000:af:00.0', name: 'ens2f0', vfs: 3, numaNode: 1})
	.pf({card: '82576', bdf: '0000:05:00.0', name: 'enp5s0f0', group: 40, vfGroup: 40, vfs: 2})
	.record();

/** One PF or VF in the words that the programs share. */
interface Device {
	show: ShowView;
	bdf: string;
	driver: string | null;
	driverOverride: string | null;
	netdevs: string[];
	numaNode: number | null;
	iommuGroup: number | null;
}

let tree: SysfsTree;
let daemon: PrivateLibvirtd;
let list: ListView;
const devices: Device[] = [];

test.before(async () => {
	const missing = [missingForLibvirtd(), ...tools.filter(([path]) => !existsSync(path)).map(([path, name]) => `${path} is missing: apt-get install --no-install-recommends ${name}`)].filter(text => text !== undefined);
	if (missing.length > 0) {
		throw new Error(missing.join('\n'));
	}

	// The same names of devices for vfctl as for the others.
	tree = materialise(new Map([...record.entries, [pciIds, {kind: 'link', target: pciIds}]]));
	daemon = await startPrivateLibvirtd({sysfs: tree.sysfs});
	list = await json(context => runList(context, {tree: false, pf: undefined})) as ListView;
	for (const {bdf} of list.pfs.flatMap(pf => [pf, ...pf.vfs])) {
		const show = await json(context => runShow(context, {what: bdf})) as ShowView;
		const {driver, driverOverride, netdevs, numaNode, iommuGroup} = show.vf ?? show.pf;
		devices.push({show, bdf, driver, driverOverride, netdevs: netdevs.map(({name}) => name), numaNode, iommuGroup});
	}
});

test.after.always(async () => {
	await daemon?.stop();
	tree?.remove();
});

/** The JSON of a command on the files of the tree, with the programs and the libvirt of the record. */
async function json(command: (context: CommandContext) => Promise<void>): Promise<unknown> {
	const host: Host = {...simHost(record), files: realFiles(tree.root)};
	let result: unknown;
	const out: CommandContext['out'] = {
		json: true,
		fancy: false,
		result(_text, value) {
			result = JSON.parse(JSON.stringify(value));
		},
		note() {},
	};
	await command({host, out, signal: new AbortController().signal, commandLine: ['vfctl'], options: {connect: 'qemu:///system', dryRun: false, yes: false, acceptedRisks: [], lockTimeoutMs: 0}});
	return result;
}

/** Output of a program that sees the tree as /sys. Asynchronous: libvirtd must be able to log meanwhile. */
async function inside(...argv: string[]): Promise<string> {
	const {stdout} = await execute('nsenter', ['--target', String(daemon.pid), '--mount', '--net', '--pid', ...argv], {env: {...process.env, LC_ALL: 'C'}});
	return stdout;
}

/** Compares what one program says of each device; `expected` says it from vfctl's view. */
function compareAll<Facts>(t: ExecutionContext, told: ReadonlyMap<string, Facts>, expected: (device: Device) => Facts): void {
	t.is(devices.length, 16);
	for (const device of devices) {
		t.deepEqual(told.get(device.bdf), expected(device), device.bdf);
	}
}

test('lspci: ids, names, revision, driver, NUMA node, IOMMU group', async t => {
	const told = lspciFacts(await inside('lspci', '-Dvmmnnk'));
	t.true(devices.some(({show}) => show.device.subsystem !== null));
	compareAll(t, told, ({show: {device}, driver, numaNode, iommuGroup}) => ({
		vendor: `${device.vendor} [${device.vendorId}]`, device: `${device.device} [${device.deviceId}]`, subsystemVendor: device.subsystemVendorId!, subsystemDevice: device.subsystemDeviceId!,
		// Where pci.ids knows the subsystem, lspci has its name; where not, that of the device.
		subsystem: device.subsystem ?? device.device!, classCode: device.classCode.slice(0, 4), revision: device.revision!, driver, numaNode, iommuGroup,
	}));
});

test('dpdk-devbind: name, interface, driver, NUMA node where it tells it', async t => {
	const told = dpdkFacts(await inside('dpdk-devbind.py', '--status-dev', 'net'));
	compareAll(t, told, ({bdf, show: {device}, netdevs, driver, numaNode}) => ({
		name: `${device.device} ${device.deviceId}`, netdev: netdevs[0] ?? null, driver,
		numaNode: told.get(bdf)?.numaNode === null ? null : numaNode ?? -1,
	}));
});

test('driverctl: driver and override', async t => {
	const told = driverctlFacts(await inside('driverctl', 'list-devices', 'network'), await inside('driverctl', 'list-overrides'));
	compareAll(t, told, ({driver, driverOverride}) => ({driver, override: driverOverride}));
});

test('libvirt: driver, PF and VFs, possible VFs, group with members, NUMA node, interface and MAC', async t => {
	const virsh = async (command: string) => (await execute('virsh', ['--connect', daemon.uri, command], {maxBuffer: 1 << 26})).stdout;
	const xml = (await virsh(devices.map(({bdf}) => `nodedev-dumpxml ${nodedevName(toBdf(bdf))}`).join('; '))).split('<device>').slice(1);
	compareAll(t, new Map(devices.map(({bdf}, index) => [bdf, nodedevFacts(xml[index]!)])), ({show: {kind, pf, group, device}, driver, numaNode, bdf}) => ({
		driver,
		vendorId: device.vendorId, deviceId: device.deviceId, vendor: device.vendor!, device: device.device!,
		pf: kind === 'vf' ? pf.bdf : null,
		vfs: kind === 'vf' ? [] : list.pfs.find(one => one.bdf === bdf)!.vfs.map(vf => vf.bdf),
		totalVfs: kind === 'vf' ? 0 : pf.totalVfs,
		group: group!.number, members: group!.members.map(member => member.bdf).sort(),
		numaNode: numaNode ?? -1,
	}));

	const nets = (await virsh('nodedev-list --cap net')).trim().split(/\s+/);
	const known = list.pfs.flatMap(pf => [pf, ...pf.vfs]).flatMap(({bdf, netdevs}) => netdevs.map(({name, mac}) => `${nodedevName(toBdf(bdf)).slice(4)} ${name} ${mac}`));
	t.deepEqual(netNodedevs(await virsh(nets.map(name => `nodedev-dumpxml ${name}`).join('; '))), known.sort());
	t.true(known.length > 10);
});
