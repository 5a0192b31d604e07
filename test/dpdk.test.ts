// Binding for DPDK, huge pages and VPP's configuration on simulated hosts.
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {formatRecord} from '../lib/record/format.ts';
import {parseRecord} from '../lib/record/parse.ts';
import {readHugepages} from '../lib/sysfs/read-hugepages.ts';
import {fitsAlias, moduleFinder} from '../lib/sysfs/read-module-aliases.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {useHugepages} from '../lib/sim/hugepages.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {hosts, recoversEverywhere, vfctl, withAddress, withFile} from './helpers/plan-world.ts';

const small = () => hostBuilder('dpdk').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4});
const twoNodes = () => hostBuilder('nodes', {cpus: {count: 8, nodes: 2}}).pf({card: 'xl710', bdf: '0000:03:00.0', name: 'pf0', vfs: 2, numaNode: 1});
const vf = (n: number) => `0000:03:10.${2 * n}`;
const driverOf = (host: SimHost, bdf: string) => host.files.readLink(`/sys/bus/pci/devices/${bdf}/driver`)?.split('/').at(-1);
const hostPages = (host: SimHost, size = 2048) => host.files.readText(`/sys/kernel/mm/hugepages/hugepages-${size}kB/nr_hugepages`)?.trim();
const nodePages = (host: SimHost, node: number) => host.files.readText(`/sys/devices/system/node/node${node}/hugepages/hugepages-2048kB/nr_hugepages`)?.trim();

async function unchangedAfter(host: SimHost, lines: readonly string[]): Promise<string> {
	const before = await captureHost(host);
	for (const line of lines) {
		const {error} = await vfctl(host, line.split(' '));
		if (error) {
			throw new Error(`${line}: ${error.message}: ${error.why}`);
		}
	}

	return compareRecords(before, await captureHost(host)).map(({path}) => path).join('\n');
}

test('several VFs are bound as one operation, and given back', async t => {
	const host = simHost(small().record());
	const {json} = await vfctl(host, ['dpdk', 'bind', 'pf0#0', vf(1), '--driver', 'vfio_pci']);
	t.is((json['plan'] as {actions: unknown[]}).actions.length, 2);
	t.deepEqual([0, 1, 2].map(n => driverOf(host, vf(n))), ['vfio-pci', 'vfio-pci', 'ixgbevf']);
	const {error} = await vfctl(host, ['dpdk', 'unbind', 'pf0#0', 'pf0#1']);
	t.is(error, undefined);
	t.deepEqual([0, 1].map(n => driverOf(host, vf(n))), ['ixgbevf', 'ixgbevf']);
});

test('bound and given back, or undone, the host is as before', async t => {
	t.is(await unchangedAfter(simHost(small().record()), ['dpdk bind pf0#0 pf0#1', 'dpdk unbind pf0#0 pf0#1']), '');
	t.is(await unchangedAfter(simHost(small().record()), ['dpdk bind pf0#0 pf0#1', 'undo --yes']), '');
	t.is(await unchangedAfter(simHost(small().record()), ['dpdk bind pf0#0 --driver uio_pci_generic --accept-risk uio', 'undo --yes']), '');
});

const refusals: ReadonlyArray<readonly [what: string, host: () => SimHost, line: string, code: string, says: RegExp]> = [
	['a PF', () => simHost(small().record()), 'bind pf0', 'PF_IN_USE', /VFs/],
	['a PF without VFs and without its risk', () => simHost(hosts['usual']!()), 'bind pf1', 'PF_NOT_VF', /PF/],
	['one VF twice', () => simHost(small().record()), `bind pf0#0 ${vf(0)}`, 'USAGE', /named twice/],
	['a VF of the host', () => simHost(hosts['vf-address']!()), 'bind pf0#1 pf0#0', 'HOST_NETWORK', /10\.1\.0\.1/],
	['the VF of the connection', () => simHost(hosts['vf-ssh']!()), 'bind pf0#0', 'MANAGEMENT_INTERFACE', /connection/],
	['a VF of a guest', () => simHost(hosts['taken']!()), 'bind pf0#0', 'VF_HELD', /vm0/],
	['a VF in a namespace', () => simHost(hosts['taken']!()), 'bind pf0#2', 'VF_HELD', /namespace/],
	['vfio-pci without an IOMMU', () => simHost(hosts['no-iommu']!()), 'bind enp3s0f0#0', 'IOMMU_OFF', /no-IOMMU mode/],
	['uio without its risk', () => simHost(hosts['no-iommu']!()), 'bind enp3s0f0#0 --driver uio_pci_generic', 'RISK_NOT_ACCEPTED', /uio/],
	['a network driver', () => simHost(small().record()), 'bind pf0#0 --driver ixgbevf', 'USAGE', /ixgbevf/],
	['an injection', () => simHost(small().record()), 'bind pf0#0 --driver ../../x', 'USAGE', /is not a driver/],
	['a group with the PF in it', () => simHost(hosts['shared-group']!()), 'bind enp5s0f0#0', 'GROUP_NOT_VIABLE', /group 12/],
];

for (const [what, make, line, code, says] of refusals) {
	test(`refused: ${what}`, async t => {
		const host = make();
		const before = await captureHost(host);
		const {error} = await vfctl(host, ['dpdk', ...line.split(' ')]);
		t.is(error?.code, code as never, error?.message);
		t.regex(`${error?.message} ${error?.why} ${error?.fix}`, says);
		t.is(compareRecords(before, await captureHost(host)).length, 0);
	});
}

test('without an IOMMU uio_pci_generic takes a VF when the risk is named, and a program keeps it', async t => {
	const host = simHost(hosts['no-iommu']!());
	const {error, json} = await vfctl(host, ['dpdk', 'bind', 'enp3s0f0#0', '--driver', 'uio_pci_generic', '--accept-risk', 'uio']);
	t.is(error, undefined, error?.why);
	t.deepEqual((json['plan'] as {risks: string[]}).risks, ['uio']);
	t.is(driverOf(host, vf(0)), 'uio_pci_generic');
	host.machine.tree.put('/proc/77/fd/5', {kind: 'link', target: '/dev/uio0'});
	host.machine.tree.put('/proc/77/comm', {kind: 'text', text: 'l3fwd\n'});
	const {error: held} = await vfctl(host, ['dpdk', 'unbind', 'enp3s0f0#0']);
	t.is(held?.code, 'VF_HELD');
	t.regex(held?.why ?? '', /process l3fwd \(77\)/);
	const {json: list} = await vfctl(simHost(parseRecord(formatRecord(await captureHost(host)))), ['list']);
	t.regex(JSON.stringify(list), /process l3fwd \(77\)/);
});

test('VFs of one IOMMU group are bound together, and not one alone', async t => {
	const make = () => simHost(hostBuilder('group').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2, vfGroup: 40}).record());
	const {error: alone} = await vfctl(make(), ['dpdk', 'bind', 'pf0#0']);
	t.is(alone?.code, 'GROUP_NOT_VIABLE');
	const host = make();
	const {error} = await vfctl(host, ['dpdk', 'bind', 'pf0#0', 'pf0#1']);
	t.is(error, undefined, error?.why);
	t.deepEqual([0, 1].map(n => driverOf(host, vf(n))), ['vfio-pci', 'vfio-pci']);
});

test('VFs of NVIDIA cards stay where DPDK finds them', async t => {
	const record = small().record();
	const host = simHost({...record, entries: new Map([...record.entries].map(([path, entry]) => [path, path.endsWith('/0000:03:00.0/uevent') && entry.kind === 'text' ? {kind: 'text' as const, text: entry.text.replace('ixgbe', 'mlx5_core')} : path.endsWith('/0000:03:00.0/driver') ? {kind: 'link' as const, target: '../../../../bus/pci/drivers/mlx5_core'} : entry]))});
	const {error} = await vfctl(host, ['dpdk', 'bind', 'pf0#0']);
	t.is(error?.code, 'UNSUPPORTED');
	t.regex(error?.why ?? '', /mlx5_core/);
});

// Huge pages

test('pages are set, kept at boot, shown and undone', async t => {
	const host = simHost(small().record());
	const before = await captureHost(host);
	await vfctl(host, ['dpdk', 'hugepages', 'set', '64', '--persist']);
	t.is(hostPages(host), '64');
	t.regex(host.files.readText('/etc/tmpfiles.d/vfctl-hugepages.conf') ?? '', /^w \/sys\/kernel\/mm\/hugepages\/hugepages-2048kB\/nr_hugepages - - - - 64$/m);
	await vfctl(host, ['dpdk', 'hugepages', 'set', '2', '--size', '1G', '--persist']);
	t.is(hostPages(host, 1_048_576), '2');
	const {text} = await vfctl(host, ['dpdk', 'hugepages']);
	t.regex(text, /^2 MiB +all +64 +64 +0 +0 +64$/m);
	t.regex(text, /^1 GiB +all +2 +2 +0 +0 +2$/m);
	const {notes} = await vfctl(host, ['dpdk', 'hugepages', 'set', '32']);
	t.true(notes.some(note => /it will be 64 again/.test(note)));
	for (let undone = 0; undone < 3; undone++) {
		t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	}

	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('with several nodes they are spread, and each can be set', async t => {
	const host = simHost(twoNodes().record());
	await vfctl(host, ['dpdk', 'hugepages', 'set', '101']);
	t.deepEqual([nodePages(host, 0), nodePages(host, 1), hostPages(host)], ['51', '50', '101']);
	await vfctl(host, ['dpdk', 'hugepages', 'set', '10', '--node', '1', '--persist']);
	t.deepEqual([nodePages(host, 0), nodePages(host, 1), hostPages(host)], ['51', '10', '61']);
	t.regex(host.files.readText('/etc/tmpfiles.d/vfctl-hugepages.conf') ?? '', /^w \/sys\/devices\/system\/node\/node1\/hugepages\/hugepages-2048kB\/nr_hugepages - - - - 10$/m);
	const {text} = await vfctl(host, ['dpdk', 'hugepages']);
	t.regex(text, /^2 MiB +1 +10 +10 +- +0 +10$/m);
});

const pageRefusals: ReadonlyArray<readonly [line: string, code: string, says: RegExp]> = [
	['set', 'USAGE', /number/],
	['set many', 'BAD_COUNT', /many/],
	['set 1e3', 'BAD_COUNT', /1e3/],
	['set 8 --size 2', 'USAGE', /size/],
	['set 8 --size 16M', 'UNSUPPORTED', /2M and 1G/],
	['set 8 --node 7', 'USAGE', /node 7/],
	['set 8000000', 'NO_MEMORY', /at most/],
	['show 5', 'USAGE', /set/],
	['show --persist', 'USAGE', /set/],
];

for (const [line, code, says] of pageRefusals) {
	test(`hugepages ${line} is refused`, async t => {
		const host = simHost(small().record());
		const {error} = await vfctl(host, ['dpdk', 'hugepages', ...line.split(' ')]);
		t.is(error?.code, code as never);
		t.regex(`${error?.message} ${error?.why} ${error?.fix}`, says);
		t.is(hostPages(host), '0');
	});
}

test('fewer pages than asked for: all is put back, with the number and the cure', async t => {
	for (const [size, kiB, cure] of [['2M', 2048, /compact_memory/], ['1G', 1_048_576, /hugepagesz=1G hugepages=8/]] as const) {
		const host = simHost(small().record(), {scatteredMemory: [{sizeKiB: kiB, pages: 3}]});
		await vfctl(host, ['dpdk', 'hugepages', 'set', '1', '--size', size]);
		const {error} = await vfctl(host, ['dpdk', 'hugepages', 'set', '8', '--size', size]);
		t.is(error?.code, 'STEP_FAILED');
		t.true(error?.details['rolledBack']);
		t.regex(error?.why ?? '', /found 3/);
		t.regex(error?.fix ?? '', cure);
		t.is(hostPages(host, kiB), '1');
	}
});

test('pages in use are not taken away, nor by undo', async t => {
	const host = simHost(small().record());
	await vfctl(host, ['dpdk', 'hugepages', 'set', '64']);
	useHugepages(host.machine, {sizeKiB: 2048, node: 0, count: 20});
	host.machine.tree.put('/proc/88/status', {kind: 'text', text: 'Name:\tvpp_main\nHugetlbPages:\t   40960 kB\n'});
	host.machine.tree.put('/proc/88/comm', {kind: 'text', text: 'vpp_main\n'});
	const {error} = await vfctl(host, ['dpdk', 'hugepages', 'set', '19']);
	t.is(error?.code, 'MEMORY_IN_USE');
	t.regex(error?.why ?? '', /vpp_main \(88\)/);
	const {error: undo} = await vfctl(host, ['undo', '--yes']);
	t.is(undo?.code, 'MEMORY_IN_USE');
	t.is(hostPages(host), '64');
	t.is((await vfctl(host, ['dpdk', 'hugepages', 'set', '20'])).error, undefined);
	t.is(hostPages(host), '20');
});

test('killed anywhere while pages are set, recovery puts them back', async t => {
	t.true(await recoversEverywhere(t, () => simHost(twoNodes().record()), async host => vfctl(host, ['dpdk', 'hugepages', 'set', '40', '--persist'])) > 4);
});

test('what a DPDK program left in a mount is told', async t => {
	const record = withFile(small().record(), '/proc/self/mountinfo', '45 30 0:33 / /dev/huge\\040pages rw shared:9 - hugetlbfs none rw,pagesize=2M\n');
	const host = simHost(record);
	for (const name of ['rtemap_0', 'rtemap_1', 'libvirt']) {
		host.machine.tree.put(`/dev/huge pages/${name}`, {kind: 'unreadable'});
	}

	t.deepEqual(readHugepages(host.files).mounts, [{path: '/dev/huge pages', sizeKiB: 2048, files: [{owner: 'libvirt', count: 1}, {owner: 'DPDK, file prefix rte', count: 2}]}]);
	const {text} = await vfctl(simHost(parseRecord(formatRecord(await captureHost(host)))), ['dpdk', 'hugepages']);
	t.regex(text, /left over +\/dev\/huge pages\/rtemap_\*/);
});

// Module aliases

test('aliases of modules: patterns, order, and what is built in', t => {
	const files = simHost(withFile(withFile(small().record(), '/lib/modules/6.12.57+deb13-amd64/modules.alias',
		'# Aliases\nalias pci:v00008086d000010FBsv*sd*bc*sc*i* ixgbe\nalias pci:v*d*sv*sd*bc02sc00i* any-net\nalias usb:v1 x\nalias pci:v00008086d000010FBsv*sd*bc*sc*i* ixgbe\n'),
	'/lib/modules/6.12.57+deb13-amd64/modules.builtin.modinfo', 'a.license=GPL\0virtio_pci.alias=pci:v00001AF4d*sv*sd*bc*sc*i*\0')).files;
	const find = moduleFinder(files);
	t.deepEqual(find('pci:v00008086d000010FBsv00008086sd00000003bc02sc00i00'), ['ixgbe', 'any_net']);
	t.deepEqual(find('pci:v00001AF4d00001041sv00001AF4sd00000001bc01sc00i00'), ['virtio_pci']);
	t.deepEqual(find('pci:v00001234d00001041sv00001AF4sd00000001bc01sc00i00'), []);
	t.true(fitsAlias('pci:v[!0]?x*', 'pci:v12xyz'));
	t.false(fitsAlias('pci:v(', 'pci:v1'));
});

// VPP

test('VPP gets exactly the VFs, and is told what bites', async t => {
	const host = simHost(withAddress(hostBuilder('vpp', {modules: ['kvm']}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).pf({card: '82599', bdf: '0000:04:00.0', name: 'pf1', up: false}).record(), 'pf0', '10.1.0.1/24'));
	const {text, notes, json} = await vfctl(host, ['dpdk', 'vpp', 'pf0#0', 'pf0#2']);
	t.deepEqual([...text.matchAll(/^ {2}dev (\S+) \{\n {4}name (\S+)\n {2}\}$/gm)].map(([, bdf, name]) => [bdf, name]), [[vf(0), 'pf0v0'], [vf(2), 'pf0v2']]);
	t.is(text.split('{').length, text.split('}').length);
	t.notRegex(text, /&|undefined|null/);
	t.is((json['devices'] as unknown[]).length, 2);
	for (const said of [/dpdk bind 0000:03:10\.0/, /vfio-pci is not loaded/, /no huge pages are free: vfctl dpdk hugepages set 32/, /10\.1\.0\.1\/24 on pf0/, /without any dev entry VPP would take .*pf1/, /spoof checking/]) {
		t.true(notes.some(note => said.test(note)), `${said}: ${notes.join('\n')}`);
	}
});

test('VPP on a prepared host needs to be told little', async t => {
	const host = simHost(small().record());
	await vfctl(host, ['dpdk', 'hugepages', 'set', '64']);
	await vfctl(host, ['dpdk', 'bind', 'pf0#0']);
	await vfctl(host, ['vf', 'set', 'pf0#0', '--trust', 'on', '--spoofchk', 'off']);
	const {notes} = await vfctl(host, ['dpdk', 'vpp', 'pf0#0']);
	t.deepEqual(notes.filter(note => !/without any dev entry/.test(note)), []);
});

test('VPP gets no PF, nothing of the host, and no file is overwritten', async t => {
	const {error: pf} = await vfctl(simHost(hosts['usual']!()), ['dpdk', 'vpp', 'pf1']);
	t.is(pf?.code, 'PF_NOT_VF');
	const {error: meant, notes, text} = await vfctl(simHost(hosts['usual']!()), ['dpdk', 'vpp', 'pf1', '--accept-risk', 'bind-pf']);
	t.is(meant, undefined);
	t.true(notes.some(note => /no VFs can be made/.test(note)));
	t.regex(text, /dev 0000:03:00\.1 \{/);
	t.is((await vfctl(simHost(hosts['vf-ssh']!()), ['dpdk', 'vpp', 'pf0#0'])).error?.code, 'MANAGEMENT_INTERFACE');
	t.is((await vfctl(simHost(hosts['vf-address']!()), ['dpdk', 'vpp', 'pf0#0'])).error?.code, 'HOST_NETWORK');
	t.is((await vfctl(simHost(small().record()), ['dpdk', 'vpp', 'pf0#0', vf(0)])).error?.code, 'USAGE');

	const directory = mkdtempSync(join(tmpdir(), 'vfctl-vpp-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const file = join(directory, 'startup.conf');
	t.is((await vfctl(simHost(small().record()), ['dpdk', 'vpp', 'pf0#0', '--output', file])).error, undefined);
	const written = readFileSync(file, 'utf8');
	t.regex(written, /dev 0000:03:10\.0/);
	t.is((await vfctl(simHost(small().record()), ['dpdk', 'vpp', 'pf0#1', '--output', file])).error?.code, 'USAGE');
	t.is(readFileSync(file, 'utf8'), written);
});
