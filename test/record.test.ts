// Host records: format, hostile input, capture, masking, comparison.
import {readdirSync, readFileSync} from 'node:fs';
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {captureHost} from '../lib/record/capture.ts';
import {withoutInterruptCounts} from '../lib/record/capture-files.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {formatRecord} from '../lib/record/format.ts';
import {maskRecord} from '../lib/record/mask.ts';
import {parseRecord} from '../lib/record/parse.ts';
import type {HostRecord, RecordEntry} from '../lib/record/record.ts';
import type {ListView, PfView} from '../lib/render/list-view.ts';
import {sampleHosts} from '../lib/sim/sample-hosts.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {vfctl} from './helpers/plan-world.ts';

const fixtures = 'test/fixtures/hosts';
const head = 'vfctl-record 1\nE: uid = 0\n';

const recordOf = (entries: Record<string, RecordEntry>, rest: Partial<HostRecord> = {}): HostRecord =>
	({name: 'test', caller: {uid: 0, env: {}}, entries: new Map(Object.entries(entries)), commands: [], libvirt: null, ...rest});

const text = (value: string): RecordEntry => ({kind: 'text', text: value});

test('the fixtures are what the script makes, and parse to the same text', t => {
	// lab*.rec are captures from the lab; no script makes them.
	const files = readdirSync(fixtures).filter(name => !name.startsWith('lab')).toSorted();
	t.deepEqual(files, Object.keys(sampleHosts).map(name => `${name}.rec`).toSorted());
	for (const [name, make] of Object.entries(sampleHosts)) {
		const written = readFileSync(`${fixtures}/${name}.rec`, 'utf8');
		t.is(formatRecord(make()), written, `${name}.rec is stale: node dist/scripts/make-records.js`);
		t.is(formatRecord(parseRecord(written, name)), written, name);
	}
});

test('every kind of content comes back as it was', t => {
	const strange = 'a\\b \u0007 \u001B[31m \u202Egnp.exe\u00A0\ttab \n\n\\c\n last without newline\\';
	const record = recordOf({
		'/etc/empty': text(''),
		'/etc/newline': text('\n'),
		'/etc/open': text('no newline'),
		'/etc/strange': text(strange),
		'/etc/blank at end': text('x \n'),
		'/etc/backslash-c': text('\\c\n'),
		'/sys/config': {kind: 'bytes', bytes: new Uint8Array([0x86, 0x80, ...Array.from({length: 62}, () => 0)])},
		'/sys/short': {kind: 'bytes', bytes: new Uint8Array([0, 0])},
		'/sys/none': {kind: 'bytes', bytes: new Uint8Array()},
		'/sys/link': {kind: 'link', target: '../etc/open'},
		'/sys/bind': {kind: 'unreadable'},
		'/sys/net': {kind: 'directory'},
	}, {
		caller: {uid: 1000, env: {SSH_CONNECTION: '198.51.100.7 51022 10.0.0.5 22'}},
		commands: [{argv: ['ip', '-j', 'a"b'], code: 2, stdout: '[]\n', stderr: 'RTNETLINK answers: x\n'}, {argv: ['true'], code: 0, stdout: '', stderr: ''}],
		libvirt: {
			uri: 'qemu:///system',
			version: '11.3.0',
			domains: [{name: 'a b', uuid: '5a3c1d70-94e2-4b7f-8f10-000000000001', state: 'running', active: true, persistent: false, liveXml: '<domain>\n\t<x/>\n</domain>\n', inactiveXml: undefined, migratableXml: '<domain/>', guestInterfaces: [{name: 'lo', mac: undefined, addresses: []}]}],
			networks: [{name: 'n', uuid: '5a3c1d70-94e2-4b7f-8f10-000000000002', active: true, persistent: true, autostart: false, xml: '<network/>\n', inactiveXml: '<network>\n</network>\n'}],
			nodeDevices: new Map([['pci_0000_01_00_0', '<device/>\n']]),
		},
	});
	const written = formatRecord(record);
	t.deepEqual(sorted(parseRecord(written, 'test')), sorted(record));
	// eslint-disable-next-line no-control-regex
	t.notRegex(written, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/);
	t.regex(written, /config = 8680 00\*62/);
});

const sorted = (record: HostRecord) => ({...record, entries: [...record.entries].toSorted()});

const hostile: ReadonlyArray<readonly [string, string, number]> = [
	['an empty file', '', 1],
	['something else', 'PK\u0003\u0004\n', 1],
	['another version', 'vfctl-record 2\nE: uid = 0\n', 1],
	['a file that was cut off', `${head}P: /sys\nA: x = 1`, 4],
	['a line without a letter', `${head}nonsense\n`, 3],
	['an unknown letter', `${head}Z: x\n`, 3],
	['a block without a head', `${head}P: /sys\n\tx\n`, 4],
	['no uid', 'vfctl-record 1\nP: /sys\n', 2],
	['two uids', `${head}E: uid = 1\n`, 3],
	['a uid that is no number', 'vfctl-record 1\nE: uid = root\n', 2],
	['a variable twice', `${head}E: A = 1\nE: A = 2\n`, 4],
	['a path with ..', `${head}P: /sys/../etc\n`, 3],
	['a path with .', `${head}P: /sys/./x\n`, 3],
	['a path with an empty part', `${head}P: /sys//x\n`, 3],
	['a relative path', `${head}P: sys\n`, 3],
	['an escaped .. in a path', `${head}P: /sys/\\x2e\\x2e\n`, 3],
	['an escaped slash in a name', `${head}P: /sys\nA: a\\x2fb = 1\n`, 4],
	['the name ..', `${head}P: /sys\nA: .. = 1\n`, 4],
	['a NUL in a name', `${head}P: /sys\nU: a\\x00b\n`, 4],
	['a directory twice', `${head}P: /sys\nP: /sys\n`, 4],
	['a name twice', `${head}P: /sys\nA: x = 1\nL: x -> y\n`, 5],
	['an attribute before any directory', `${head}A: x = 1\n`, 3],
	['a file with a child', `${head}P: /sys\nA: x = 1\nP: /sys/x\nA: y = 1\n`, 5],
	['a link with a child', `${head}P: /sys\nL: x -> y\nP: /sys/x/z\nA: y = 1\n`, 6],
	['a link to itself', `${head}P: /sys\nL: x -> x\n`, 4],
	['two links in a circle', `${head}P: /sys\nL: x -> y\nL: y -> x\n`, 4],
	['a link out of the root', `${head}P: /sys\nL: x -> ../../etc\n`, 4],
	['a raw escape character', `${head}P: /sys\nA: x = \u001B[2J\n`, 4],
	['a carriage return', `${head}P: /sys\r\n`, 3],
	['a damaged escape', `${head}P: /sys\nA: x = \\xZZ\n`, 4],
	['a damaged escape in a block', `${head}P: /sys\nA: x\n\tgood\n\t\\q\n`, 6],
	['odd hexadecimal digits', `${head}P: /sys\nB: config = 868\n`, 4],
	['a run of too many zeros', `${head}P: /sys\nB: config = 86 00*9999999\n`, 4],
	['a link without target', `${head}P: /sys\nL: x ->\n`, 4],
	['a command that is no list', `${head}C: "ip" exit 0\n`, 3],
	['a command of numbers', `${head}C: [1] exit 0\n`, 3],
	['stderr of nothing', `${head}S: stderr\n\tx\n`, 3],
	['a guest without libvirt', `${head}D: {}\n`, 3],
	['a guest without facts', `${head}V: qemu:///system 11.3.0\nD: {"name":"x"}\n`, 4],
	['a guest in an unknown state', `${head}V: qemu:///system 11.3.0\nD: {"name":"x","uuid":"5a3c1d70-94e2-4b7f-8f10-000000000001","state":"sleepy","active":true,"persistent":true}\n`, 4],
	['a definition of no guest', `${head}V: qemu:///system 11.3.0\nX: live\n\t<domain/>\n`, 4],
	['a prototype as guest', `${head}V: qemu:///system 11.3.0\nD: {"__proto__":{"name":"x"},"uuid":"","state":"","active":true,"persistent":true}\n`, 4],
	['a node device with a path', `${head}V: qemu:///system 11.3.0\nO: ../x\n`, 4],
	['a line of five megabytes', `${head}P: /sys\nA: x = ${'x'.repeat(5_000_000)}\n`, 4],
];

for (const [what, damaged, line] of hostile) {
	test(`refused with the line: ${what}`, t => {
		const error = t.throws(() => parseRecord(damaged, 'hostile'), {instanceOf: AppError});
		t.is(error?.code, 'BAD_RECORD');
		t.is(error?.details['line'], line, error?.why);
		t.truthy(error?.why);
	});
}

test('no cut of a real record is taken for a whole one, save between lines', t => {
	const whole = readFileSync(`${fixtures}/i350.rec`, 'utf8');
	for (let cut = 1; cut < whole.length; cut += 997) {
		if (whole[cut - 1] !== '\n') {
			t.throws(() => parseRecord(whole.slice(0, cut), 'cut'), {instanceOf: AppError}, `at ${cut}`);
		}
	}
});

for (const name of Object.keys(sampleHosts)) {
	test(`a capture of the played record tells the same: ${name}`, async t => {
		const record = parseRecord(readFileSync(`${fixtures}/${name}.rec`, 'utf8'), name);
		const captured = await captureHost(simHost(record));
		t.deepEqual(compareRecords(record, captured), []);
		t.is(formatRecord(await captureHost(simHost(parseRecord(formatRecord(captured))))), formatRecord(captured));
	});
}

test('capture keeps the address that the admin came in on', async t => {
	const host = simHost(sampleHosts['management']!(), {env: {SSH_CONNECTION: '203.0.113.9 4 10.10.0.5 22', PASSWORD: 'secret'}});
	t.deepEqual((await captureHost(host)).caller.env, {SSH_CONNECTION: '203.0.113.9 4 10.10.0.5 22'});
});

test('capture does without libvirt and without dmesg', async t => {
	const record = await captureHost(simHost(sampleHosts['i350']!(), {libvirt: 'missing', missingTools: ['dmesg']}));
	t.is(record.libvirt, null);
	t.false(record.commands.some(({argv}) => argv[0] === 'dmesg'));
});

test('interrupts are kept without counts', t => {
	t.is(withoutInterruptCounts('           CPU0       CPU1\n 24:      10422          0  IR-PCI-MSI-0000:00:1f.2    0-edge      ahci\nNMI:   1   2   Non-maskable interrupts\n'), ' 24:  IR-PCI-MSI-0000:00:1f.2    0-edge      ahci\nNMI:   Non-maskable interrupts\n');
});

test('masking hides every MAC, the same one the same way everywhere', t => {
	const mac = '0c:c4:7a:12:34:56';
	const record = recordOf({
		'/sys/devices/a/net/enx0cc47a123456/address': text(`${mac}\n`),
		'/sys/devices/a/net/enx0cc47a123456/phys_switch_id': text('0cc47a123456\n'),
		'/sys/class/net/enx0cc47a123456': {kind: 'link', target: '../../devices/a/net/enx0cc47a123456'},
		'/sys/devices/b/net/x/address': text('00:00:00:00:00:00\n'),
		'/sys/devices/b/net/x/broadcast': text('ff:ff:ff:ff:ff:ff\n'),
		'/proc/cmdline': text('rd.net=01:00:5e:00:00:fb 0000:0c:c4.7 aa:bb:cc:dd:ee:ff:00:11:22:33\n'),
		'/sys/config': {kind: 'bytes', bytes: configWithSerial()},
	}, {
		commands: [{argv: ['ip', '-j', 'addr', 'show'], code: 0, stdout: `[{"address":"${mac}","addr_info":[{"local":"fe80::ec4:7aff:fe12:3456"}]}]\n`, stderr: ''}],
		libvirt: {uri: 'qemu:///system', version: '11.3.0', networks: [], nodeDevices: new Map([['net_x_0c_c4_7a_12_34_56', '<x/>']]), domains: [
			{name: 'a', uuid: '5a3c1d70-94e2-4b7f-8f10-000000000001', state: 'running', active: true, persistent: false, liveXml: "<mac address='0C:C4:7A:12:34:56'/>", inactiveXml: undefined, guestInterfaces: [{name: 'e', mac, addresses: []}]},
		]},
	});
	const masked = maskRecord(record);
	const written = formatRecord(masked);
	t.notRegex(written, /12[:_-]?34[:_-]?56/i);
	t.regex(written, /"address":"0c:c4:7a:00:00:01"/);
	t.regex(written, /fe80::ec4:7aff:fe00:1"/);
	t.regex(written, /address='0C:C4:7A:00:00:01'/);
	t.regex(written, /net_x_0c_c4_7a_00_00_01/);
	t.regex(written, /\/sys\/devices\/a\/net\/enx0cc47a000001/);
	t.regex(written, /rd.net=01:00:5e:00:00:fb 0000:0c:c4.7 aa:bb:cc:dd:ee:ff:00:11:22:33/);
	t.regex(written, /00:00:00:00:00:00/);
	t.regex(written, /ff:ff:ff:ff:ff:ff/);
	t.notRegex(written, /deadbeef/);
	t.notThrows(() => parseRecord(written));
	t.is(formatRecord(maskRecord(record)), written);
});

function configWithSerial(): Uint8Array {
	const bytes = new Uint8Array(0x110);
	const view = new DataView(bytes.buffer);
	view.setUint32(0x100, 0x0001_0003, true);
	view.setUint32(0x104, 0xef_be_ad_de, true);
	return bytes;
}

test('a masked record plays like the plain one', async t => {
	const plain = sampleHosts['seed-82599']!();
	const host = simHost(parseRecord(formatRecord(maskRecord(plain))));
	t.deepEqual(host.files.list('/sys/bus/pci/devices/0000:03:10.1/net'), ['enp3s0f1v0']);
	t.is(host.files.readText('/sys/class/net/eno1/address'), host.files.readText('/sys/class/net/br0/address'));
});

const vf = '/sys/devices/pci0000:00/0000:00:01.0/0000:03:10.1';

const compared: ReadonlyArray<readonly [string, (record: Map<string, RecordEntry>) => void, readonly string[]]> = [
	['nothing', () => {}, []],
	['uptime, boot id, interface numbers', entries => {
		entries.set('/proc/uptime', text('99 0\n'));
		entries.set('/proc/sys/kernel/random/boot_id', text('x\n'));
		entries.set('/sys/devices/pci0000:00/0000:00:01.1/0000:09:00.0/net/eno1/ifindex', text('77\n'));
	}, []],
	['another driver_override spelling', entries => entries.set(`${vf}/driver_override`, text('\n')), []],
	['a pinned driver', entries => entries.set(`${vf}/driver_override`, text('vfio-pci\n')), [`${vf}/driver_override`]],
	['another driver', entries => entries.set(`${vf}/driver`, {kind: 'link', target: '../../../../bus/pci/drivers/vfio-pci'}), [`${vf}/driver`]],
	['an attribute more', entries => entries.set(`${vf}/new`, text('1\n')), [`${vf}/new`]],
	['a link less', entries => entries.delete('/sys/class/net/eno1'), ['/sys/class/net/eno1']],
	['a random MAC', entries => entries.set(`${vf}/net/enp3s0f1v0/address`, text('02:00:00:00:00:09\n')), []],
	['a MAC that is not random', entries => {
		entries.set(`${vf}/net/enp3s0f1v0/addr_assign_type`, text('0\n'));
		entries.set(`${vf}/net/enp3s0f1v0/address`, text('02:00:00:00:00:09\n'));
	}, [`${vf}/net/enp3s0f1v0/address`]],
	['interrupts that are not remapped', entries => entries.set('/proc/interrupts', text(' 24:  PCI-MSI 0-edge x\n')), ['/proc/interrupts']],
];
for (const [what, change, paths] of compared) {
	test(`comparing: ${what}`, t => {
		const record = sampleHosts['seed-82599']!();
		const entries = new Map(record.entries);
		change(entries);
		t.deepEqual(compareRecords(record, {...record, entries}).map(({path}) => path), paths);
	});
}

test('comparing leaves out what a bridge counts by itself', t => {
	const record = sampleHosts['seed-82599']!();
	const show = (data: string): HostRecord => ({...record, commands: [{argv: ['ip', '-j', '-d', 'link', 'show'], code: 0, stdout: `[{"ifname":"br0","linkinfo":{"info_kind":"bridge","info_data":{"ageing_time":30000,${data}}}}]`, stderr: ''}]});
	t.deepEqual(compareRecords(show('"gc_timer":275.47,"fdb_n_learned":0,"stp_state":0'), show('"gc_timer":2.1,"fdb_n_learned":3,"stp_state":0')), []);
	t.is(compareRecords(show('"gc_timer":1.5,"stp_state":0'), show('"gc_timer":1.5,"stp_state":1')).length, 1);
});

test('comparing leaves out that an IPv6 address is still checked for duplicates', t => {
	const record = sampleHosts['seed-82599']!();
	const show = (info: string): HostRecord => ({...record, commands: [{argv: ['ip', '-j', 'addr', 'show'], code: 0, stdout: `[{"ifname":"eno1","addr_info":[{"family":"inet6","local":"fe80::1","prefixlen":64${info}}]}]`, stderr: ''}]});
	t.deepEqual(compareRecords(show(',"tentative":true,"protocol":"kernel_ll"'), show(',"protocol":"kernel_ll"')), []);
	t.is(compareRecords(show(',"dadfailed":true'), show('')).length, 1, 'an address that another host has is no passing state');
});

test('comparing libvirt tells the lines that differ and leaves numbers of a run out', t => {
	const record = sampleHosts['seed-82599']!();
	const change = (edit: (xml: string) => string): HostRecord => ({...record, libvirt: {...record.libvirt!, domains: record.libvirt!.domains.map(domain => ({...domain, liveXml: domain.liveXml && edit(domain.liveXml)}))}});
	t.deepEqual(compareRecords(record, change(xml => xml.replace("id='1'", "id='9'").replaceAll('vnet0', 'vnet7').replaceAll('channel/1-', 'channel/9-'))), []);
	t.deepEqual(compareRecords(record, change(xml => xml.replace("<vcpu placement='static'>2", "<vcpu placement='static'>4"))).map(({path, before, after}) => [path, before, after]), [
		['libvirt guest vm0 live', "  <vcpu placement='static'>2</vcpu>", "  <vcpu placement='static'>4</vcpu>"],
		['libvirt guest vm2 live', "  <vcpu placement='static'>2</vcpu>", "  <vcpu placement='static'>4</vcpu>"],
	]);
});

// The real thing: Linux 6.12 and libvirt 11.3 in the lab, captured with --mask-macs.
const lab = parseRecord(readFileSync(`${fixtures}/lab.rec`, 'utf8'), 'lab');

test('a record of the lab is written as it was read, and nothing of it is left to mask', t => {
	t.is(formatRecord(lab), readFileSync(`${fixtures}/lab.rec`, 'utf8'));
	t.deepEqual(compareRecords(lab, maskRecord(lab)), []);
});

test('a record of the lab plays list', async t => {
	const {json, notes} = await vfctl(simHost(lab), ['list']);
	const view = json as unknown as ListView;
	t.deepEqual(notes, []);
	t.deepEqual(view.pfs.map(({name, bdf, driver, numVfs, totalVfs, usedVfs, link}) => ({name, bdf, driver, numVfs, totalVfs, usedVfs, link})), [
		{name: 'eth1', bdf: '0000:01:00.0', driver: 'igb', numVfs: 3, totalVfs: 7, usedVfs: 1, link: 'up'},
		{name: 'eth2', bdf: '0000:02:00.0', driver: 'igb', numVfs: 2, totalVfs: 7, usedVfs: 0, link: 'up'},
	]);
	t.deepEqual(view.pfs.flatMap(({vfs}) => vfs).map(({name, driver, iommuGroup, vlan, holder}) => [name, driver, iommuGroup, vlan, holder.text]), [
		['eth1#0', 'vfio-pci', 9, 100, 'guest vm0'],
		['eth1#1', 'igbvf', 10, 42, 'nobody'],
		['eth1#2', 'igbvf', 11, 0, 'nobody'],
		['eth2#0', 'igbvf', 12, 0, 'nobody'],
		['eth2#1', 'vfio-pci', 13, 0, 'its driver is pinned to vfio-pci'],
	]);
	const {mac: _, ...settings} = view.pfs[0]!.vfs[1]!.settings!;
	t.deepEqual(settings, {vlan: 42, qos: 3, vlanProto: '802.1q', spoofchk: false, trust: false, minTxRateMbps: 0, maxTxRateMbps: 200, linkState: 'auto'});
});

for (const [what, attach] of [
	['a running guest', ['attach', 'vm1', 'eth2', '--vlan', '7', '--trust', 'on']],
	['a running guest, as a plain hostdev', ['attach', 'vm1', 'eth1#1', '--method', 'hostdev']],
	['a saved definition without any PCIe port', ['attach', 'full', 'eth1#2']],
] as const) {
	test(`a record of the lab plays attach and detach: ${what}`, async t => {
		const host = simHost(lab);
		// The kernel gives an interface the lowest free number (net.ifnames=0): first all VFs are here.
		await vfctl(host, ['detach', 'vm0', 'eth1']);
		const before = await captureHost(host);
		const {error, json} = await vfctl(host, attach);
		t.is(error, undefined, error?.why);
		t.not(compareRecords(before, await captureHost(host)).length, 0);
		const {subject} = json['plan'] as Plan;
		t.is((await vfctl(host, ['detach', attach[1], subject.vf!])).error, undefined);
		t.deepEqual(compareRecords(before, await captureHost(host)), []);
	});
}

test('a record of the lab plays the detach of what its guest has', async t => {
	const host = simHost(lab);
	t.is((await vfctl(host, ['detach', 'vm0', 'eth1'])).error, undefined);
	const [{vfs: [vf]}] = ((await vfctl(host, ['list'])).json as unknown as ListView).pfs as [PfView];
	t.like(vf, {driver: 'igbvf', driverOverride: null, holder: {held: false}});
	t.notRegex((await captureHost(host)).libvirt!.domains.find(({name}) => name === 'vm0')!.inactiveXml!, /hostdev/);
});
