// Host files from live hosts and from files of nmstate and the SR-IOV operator, and back.
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {parse, parseAllDocuments} from 'yaml';
import {AppError} from '../lib/errors.ts';
import {exportFile, importFile, type ImportFormat} from '../lib/formats/convert.ts';
import {exportHost, exportHostFile} from '../lib/formats/export-host-file.ts';
import {formatHostFile, parseHostFile} from '../lib/formats/host-file.ts';
import type {HostFile} from '../lib/model/host-file.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {hosts, inventoryOf, vfctl} from './helpers/plan-world.ts';

// The tests run from dist/test; fixtures are two levels up.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const fixturePath = (name: string) => join(root, 'test', 'fixtures', 'host-files', name);
const fixture = (name: string) => readFileSync(fixturePath(name), 'utf8');
const about = {hostName: 'node7', comments: []};

function refused(t: ExecutionContext, text: string, from?: ImportFormat): AppError {
	const error = t.throws(() => importFile(text, from), {instanceOf: AppError})!;
	t.is(error.code, 'BAD_HOST_FILE', error.stack);
	return error;
}

// nmstate

test('a file of nmstate comes back as it was', t => {
	const {file, notes, format} = importFile(fixture('nmstate-sriov.yml'));
	t.is(format, 'nmstate');
	t.deepEqual(notes, []);
	const through = parseHostFile(formatHostFile(file));
	t.deepEqual(through, file);
	const back = exportFile(through, 'nmstate', about);
	t.deepEqual(back.notes, []);
	t.deepEqual(parse(back.text), parse(fixture('nmstate-sriov.yml')));
});

test('a PF that nmstate names by its PCI address stays so', t => {
	const text = 'interfaces:\n- name: 0000:af:00.1\n  type: ethernet\n  identifier: pci-address\n  pci-address: 0000:af:00.1\n  ethernet: {sr-iov: {total-vfs: 2}}\n';
	const {file} = importFile(text);
	t.deepEqual(file.pfs, [{pf: '0000:af:00.1', numVfs: 2}]);
	t.deepEqual(parse(exportFile(file, 'nmstate', about).text), parse(text));
});

test('a policy of kubernetes-nmstate is its desired state', t => {
	const state = parse(fixture('nmstate-sriov.yml')) as object;
	const {file, notes} = importFile(JSON.stringify({apiVersion: 'nmstate.io/v1', kind: 'NodeNetworkConfigurationPolicy', metadata: {name: 'x'}, spec: {nodeSelector: {a: 'b'}, desiredState: state}}));
	t.deepEqual(file, importFile(fixture('nmstate-sriov.yml')).file);
	t.deepEqual(notes, ['not imported: spec.nodeSelector: it is of Kubernetes']);
});

test('what a host file cannot say of nmstate\'s is told, each with its place', t => {
	const {file, notes} = importFile(fixture('nmstate-more.yml'));
	t.deepEqual(file, {version: 1, pfs: [{pf: 'ens4f0', numVfs: 2, link: 'up'}], vfs: [], pools: [], guests: [], routes: [], leases: [], hugepages: []});
	t.deepEqual(notes.map(note => /^not imported: ([^:]+(?::[^ :]+)*): /.exec(note)?.[1]), [
		'hostname', 'dns-resolver', 'interfaces[0].ethernet.auto-negotiation', 'interfaces[0].ipv4', 'interfaces[1] (bond0)', 'interfaces[2] (sriov:ens4f0:1)',
		'interfaces[3] (ens9)', 'interfaces[4] (ens4f3)', 'routes.running', 'routes.config[0]', 'routes.config[1]', 'routes.config[2]', 'routes.config[3]',
	]);
});

test('what nmstate cannot say of a host file\'s is told', t => {
	const {text, notes} = exportFile(parseHostFile(fixture('everything.yaml')), 'nmstate', about);
	t.deepEqual(notes.map(note => note.replace(/: nmstate.*/, '')), [
		'not exported: pools.fast', 'not exported: pools.slow', 'not exported: pools.old', 'not exported: guests.vm0', 'not exported: guests.123', 'not exported: guests.__proto__',
		'not exported: dhcp.default', 'not exported: dhcp.lab', 'not exported: driver of ens1f0#0-3', 'not exported: linkState of ens1f0#0-3', 'not exported: driver of ens1f0#7',
	]);
	const {interfaces} = parse(text) as {interfaces: Array<{name: string; ethernet: {'sr-iov': {vfs?: Array<{id: number}>}}}>};
	t.deepEqual(interfaces.map(({name}) => name), ['ens1f0', 'ens1f1', '0000:af:00.1']);
	t.deepEqual(interfaces[0]!.ethernet['sr-iov'].vfs!.map(({id}) => id), [0, 1, 2, 3, 7]);
});

const badNmstate: ReadonlyArray<readonly [what: string, text: string, message: RegExp]> = [
	['a VLAN of 4095', 'interfaces: [{name: a, ethernet: {sr-iov: {vfs: [{id: 0, vlan-id: 4095}]}}}]', /^nmstate file: interfaces\[0\]\.ethernet\.sr-iov\.vfs\[0\]\.vlan-id \(line 1:67\): here is '4095'/],
	['a VF without an index', 'interfaces: [{name: a, ethernet: {sr-iov: {vfs: [{trust: true}]}}}]', /'id' is missing/],
	['a priority without a VLAN', 'interfaces: [{name: a, ethernet: {sr-iov: {vfs: [{id: 0, qos: 3}]}}}]', /qos without vlan-id/],
	['an interface without a name', 'interfaces: [{type: ethernet}]', /'name' is missing/],
	['an interface twice', 'interfaces: [{name: a, ethernet: {sr-iov: {}}}, {name: a, ethernet: {sr-iov: {}}}]', /interfaces\[1\].*a is there twice/],
	['a VF beyond the count', 'interfaces: [{name: a, ethernet: {sr-iov: {total-vfs: 1, vfs: [{id: 1, trust: true}]}}}]', /^host file made from the nmstate file: vfs\[0\]\.select: a has no VF 1/],
	['two VFs with one MAC', 'interfaces: [{name: a, ethernet: {sr-iov: {vfs: [{id: 0, mac-address: 52:54:00:00:00:01}, {id: 1, mac-address: 52:54:00:00:00:01}]}}}]', /is there twice/],
	['a route of no network', 'routes: {config: [{destination: 10.0.0.1/8, next-hop-interface: a}]}', /routes\.config\[0\]\.destination .*is an address in a network/],
	['interfaces that are no list', 'interfaces: {}', /here is a mapping/],
	['an alias', 'interfaces: *x', /is an alias/],
];

for (const [what, text, message] of badNmstate) {
	test(`nmstate refused: ${what}`, t => {
		t.regex(refused(t, text).message, message);
	});
}

// The SR-IOV operator

const spec = (text: string) => `kind: SriovNetworkNodePolicy\nmetadata: {name: p}\nspec: {resourceName: r, ${text}}\n`;

test('policies come back as they were', t => {
	const {file, notes, comments, format} = importFile(fixture('policies.yml'));
	t.is(format, 'sriov-policy');
	t.deepEqual(notes, ['not imported: policy ens4f0-host: resourceName ens4f0_host: VFs with deviceType netdevice stay with the host, and a host file has no name for them']);
	t.is(comments[0], 'policy fastpath: priority 99, for nodes with kubernetes.io/hostname=node7');
	const through = parseHostFile(formatHostFile(file));
	t.deepEqual(through, file);
	const back = exportFile(through, 'sriov-policy', about);
	t.deepEqual(back.notes, []);
	const byName = (text: string) => Object.fromEntries(parseAllDocuments(text).map(document => document.toJS() as {metadata: {name: string}}).map(policy => [policy.metadata.name, policy]));
	t.deepEqual(byName(back.text), byName(fixture('policies.yml')));
});

test('policies make pools of VFs for guests, and leave the others to the host', t => {
	const {file} = importFile(fixture('policies.yml'));
	t.deepEqual(file.pools.map(({name, source}) => [name, source]), [
		['bulk', {pf: 'ens6f0'}],
		['byaddress', {pf: '0000:af:00.1'}],
		['fastpath', {vfs: [{pf: 'ens4f0', indexes: [0, 1, 2, 3]}, {pf: 'ens4f1', indexes: [0, 1, 2, 3]}]}],
	]);
	t.deepEqual(file.vfs.find(({driver}) => driver === 'host')?.select, {pf: 'ens4f0', indexes: [4, 5, 6, 7]});
	t.deepEqual(file.pfs.find(({pf}) => pf === 'ens4f1'), {pf: 'ens4f1', numVfs: 8, mtuBytes: 9000});
});

test('a list of policies says what they say one by one', t => {
	const items = parseAllDocuments(fixture('policies.yml')).map(document => document.toJS() as object);
	for (const kind of ['List', 'SriovNetworkNodePolicyList']) {
		t.deepEqual(importFile(JSON.stringify({kind, items})), importFile(fixture('policies.yml')));
	}
});

test('of policies for the same VFs that with the lower number wins, and the loss is told', t => {
	const policy = (name: string, priority: number, more: string) => `kind: SriovNetworkNodePolicy\nmetadata: {name: ${name}}\nspec: {resourceName: ${name}, priority: ${priority}, ${more}}\n`;
	const strong = policy('strong', 10, 'numVfs: 4, nicSelector: {pfNames: [a#0-1]}, deviceType: vfio-pci');
	const weak = policy('weak', 90, 'numVfs: 8, mtu: 9000, nicSelector: {pfNames: [a#1-3]}, deviceType: vfio-pci');
	for (const text of [`${strong}---\n${weak}`, `${weak}---\n${strong}`]) {
		const {file, notes} = importFile(text);
		t.deepEqual(file.pools.map(({name}) => name), ['strong']);
		t.deepEqual(file.pfs, [{pf: 'a', numVfs: 4}]);
		t.deepEqual(notes, ['not imported: policy weak: a#1-3: policy strong has some of the same VFs and goes before']);
	}
});

test('policies for different VFs of a PF are joined, with the higher count and MTU', t => {
	const {file, notes} = importFile(`${spec('priority: 5, numVfs: 4, mtu: 1500, nicSelector: {pfNames: [a#0-1]}, deviceType: vfio-pci')}---\n${spec('priority: 9, numVfs: 8, mtu: 9000, nicSelector: {pfNames: [a#2-7]}, deviceType: vfio-pci').replace('resourceName: r', 'resourceName: q')}`);
	t.deepEqual(notes, []);
	t.deepEqual(file.pfs, [{pf: 'a', numVfs: 8, mtuBytes: 9000}]);
	t.deepEqual(file.pools.map(({name}) => name), ['q', 'r']);
});

test('VFs that somebody else makes are not counted', t => {
	const text = spec('numVfs: 4, externallyManaged: true, nicSelector: {pfNames: [a#0-3]}, deviceType: vfio-pci');
	const {file} = importFile(text);
	t.deepEqual(file.pfs, []);
	const {spec: back} = parse(exportFile(file, 'sriov-policy', about).text) as {spec: Record<string, unknown>};
	t.is(back['externallyManaged'], true);
	t.is(back['numVfs'], 4);
});

test('the state of a node is imported too', t => {
	const {file, notes} = importFile(`kind: SriovNetworkNodeState
metadata: {name: node7}
spec:
  interfaces:
    - {pciAddress: 0000:3b:00.0, name: ens4f0, numVfs: 4, mtu: 9000, linkType: eth, eSwitchMode: legacy, vfGroups: [{resourceName: fast, deviceType: vfio-pci, vfRange: 0-1, policyName: p}, {resourceName: net, vfRange: 2-3}]}
status: {syncStatus: Succeeded}
`);
	t.deepEqual(file.pfs, [{pf: '0000:3b:00.0', numVfs: 4, mtuBytes: 9000}]);
	t.deepEqual(file.pools.map(({name, source}) => [name, source]), [['fast', {vfs: [{pf: '0000:3b:00.0', indexes: [0, 1]}]}]]);
	t.deepEqual(file.vfs.map(({driver}) => driver), ['vfio-pci', 'host']);
	t.deepEqual(notes.map(note => note.replace(/^(.*resourceName net):.*/, '$1')), ['not imported: group net: resourceName net']);
});

const left: ReadonlyArray<readonly [key: string, text: string, note: RegExp]> = [
	['vendor alone', 'numVfs: 1, nicSelector: {vendor: "8086", deviceID: "158b"}', /policy p: it selects no PF by pfNames or rootDevices/],
	['vendor', 'numVfs: 1, nicSelector: {vendor: "8086", pfNames: [a]}', /spec\.nicSelector\.vendor: it only narrows down/],
	['rootDevices next to pfNames', 'numVfs: 1, nicSelector: {rootDevices: ["0000:03:00.0"], pfNames: [a]}', /rootDevices: it only narrows down/],
	['eSwitchMode', 'numVfs: 1, eSwitchMode: switchdev, nicSelector: {pfNames: [a]}', /spec\.eSwitchMode: not supported.*\(switchdev\)/],
	['linkType', 'numVfs: 1, linkType: ib, nicSelector: {pfNames: [a]}', /spec\.linkType: not supported/],
	['isRdma', 'numVfs: 1, isRdma: true, nicSelector: {pfNames: [a]}', /spec\.isRdma: not supported/],
	['needVhostNet', 'numVfs: 1, needVhostNet: true, nicSelector: {pfNames: [a]}', /spec\.needVhostNet/],
	['vdpaType', 'numVfs: 1, vdpaType: vhost, nicSelector: {pfNames: [a]}', /spec\.vdpaType: not supported/],
	['bridge', 'numVfs: 1, bridge: {ovs: {}}, nicSelector: {pfNames: [a]}', /spec\.bridge: not supported/],
	['a key of a later release', 'numVfs: 1, novelty: 1, nicSelector: {pfNames: [a]}', /spec\.novelty: a host file does not have it/],
	['a resource called default', 'numVfs: 1, deviceType: vfio-pci, nicSelector: {pfNames: [a]}, resourceName: default', /resourceName default: that is libvirt's own/],
];

for (const [key, text, note] of left) {
	test(`a policy's ${key} is told when it is left out`, t => {
		const {notes} = importFile(key === 'a resource called default' ? spec(text).replace('resourceName: r, ', '') : spec(text));
		t.true(notes.some(one => note.test(one)), notes.join('\n'));
	});
}

const badPolicies: ReadonlyArray<readonly [what: string, text: string, message: RegExp]> = [
	['no count', spec('nicSelector: {pfNames: [a]}'), /spec .*'numVfs' is missing/],
	['a range beyond the count', spec('numVfs: 2, nicSelector: {pfNames: [a#0-2]}'), /pfNames\[0\] .*a#0-2 is beyond the last VF/],
	['a range that is none', spec('numVfs: 2, nicSelector: {pfNames: [a#x]}'), /'a#x' does not name VFs/],
	['a priority of 100', spec('numVfs: 2, priority: 100, nicSelector: {pfNames: [a]}'), /spec\.priority .*here is '100'/],
	['a device type', spec('numVfs: 2, deviceType: vfio, nicSelector: {pfNames: [a]}'), /spec\.deviceType .*here is 'vfio'/],
	['another kind', 'kind: Pod\nspec: {}\n', /kind .*here is 'Pod'/],
	['no spec', 'kind: SriovNetworkNodePolicy\n', /'spec' is missing/],
	['endlessly many VFs', `${spec(`numVfs: 65535, nicSelector: {pfNames: [${Array.from({length: 3000}, (_, index) => `a${index}`).join(', ')}]}`)}`, /more than 100000 VFs are named/],
];

for (const [what, text, message] of badPolicies) {
	test(`policy refused: ${what}`, t => {
		t.regex(refused(t, text).message, message);
	});
}

test('what a policy cannot say of a host file\'s is told', t => {
	const {notes} = exportFile(parseHostFile(fixture('everything.yaml')), 'sriov-policy', about);
	for (const note of [/autoprobe of ens1f0/, /settings of ens1f0#0-3/, /pools\.old/, /guests\.vm0/, /the route to 20\.0\.0\.0\/24/, /dhcp\.default/]) {
		t.true(notes.some(one => note.test(one)), `${note}: ${notes.join('\n')}`);
	}
});

// Whose file it is

test('a file of nobody is refused, and a host file is named', t => {
	t.regex(refused(t, 'hello: 1').fix!, /--from nmstate/);
	t.regex(refused(t, 'version: 1').message, /a host file already/);
	t.regex(refused(t, '[1]').message, /no file of nmstate/);
});

// Live hosts

for (const [name, make] of Object.entries(hosts)) {
	test(`the host file of ${name} is one, whatever is there`, async t => {
		const file = exportHostFile(await inventoryOf(simHost(make())));
		t.deepEqual(parseHostFile(formatHostFile(file)), file);
	});
}

const exported = async (name: string): Promise<HostFile> => exportHostFile(await inventoryOf(simHost(hosts[name]!())));

test('settings that VFs are not born with are exported, in groups', async t => {
	const record = hostBuilder('x').pf({card: 'xl710', bdf: '0000:3b:00.0', name: 'pf0', mtu: 9000, vfs: 6, autoprobe: false, vfDrivers: {4: 'vfio-pci', 5: 'vfio-pci'},
		vfSettings: {0: {vlan: 42, qos: 3}, 1: {vlan: 42, qos: 3}, 2: {trust: true}}}).pf({card: 'xl710', bdf: '0000:3b:00.1', name: 'pf1'}).record();
	const {pfs, vfs} = exportHostFile(await inventoryOf(simHost(record)));
	t.deepEqual(pfs, [{pf: 'pf0', numVfs: 6, mtuBytes: 9000, autoprobe: false, link: 'up'}]);
	const tagged = vfs.find(({settings}) => settings.vlan === 42)!;
	t.is(tagged.settings.qos, 3);
	t.true(vfs.some(({settings}) => settings.trust === true));
	t.deepEqual(vfs.filter(({driver}) => driver === 'vfio-pci').flatMap(({select}) => select.indexes), [4, 5]);
});

test('guests, pools and static routes are exported; what comes with addresses is not', async t => {
	const {guests, vfs, routes} = await exported('i350');
	t.deepEqual(guests.map(({name, vfs: own}) => [name, own!.map(({source, method, settings}) => [source, method, settings])]), [
		['vm3', [[{pf: 'enp1s0f0', index: 0}, 'interface', {vlan: 100}], [{pf: 'enp1s0f1', index: 0}, 'hostdev', {}]]],
	]);
	t.deepEqual(vfs, []);
	t.deepEqual(routes, [{to: '0.0.0.0/0', via: '10.0.0.1', metric: null, dev: 'br0', state: 'present'}]);
	t.deepEqual((await exported('seed-82599')).pools, [{name: 'vfpool', state: 'present', autostart: true, source: {pf: 'enp3s0f1'}}]);
});

test('two guests that share a VF do not fit into a file: one of them is left out, and told', async t => {
	const device = '<hostdev mode=\'subsystem\' type=\'pci\' managed=\'yes\'><source><address domain=\'0x0000\' bus=\'0x03\' slot=\'0x10\' function=\'0x0\'/></source></hostdev>';
	const record = hostBuilder('x').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2}).guest({name: 'a', state: 'shutoff', devices: [device]}).guest({name: 'b', state: 'shutoff', devices: [device]}).record();
	const {file, notes} = exportHost(await inventoryOf(simHost(record)));
	t.deepEqual(file.guests.map(({name}) => name), ['a']);
	t.deepEqual(notes, ['guest b is left out: pf0#0 has two owners: guest a has it, and guest b']);
	t.deepEqual(parseHostFile(formatHostFile(file)), file);
});

test('without libvirt the rest is exported, and the reason told', async t => {
	const {file, notes} = exportHost(await inventoryOf(simHost(hosts['no-libvirt']!())));
	t.deepEqual(file.pfs.map(({pf}) => pf), ['pf0']);
	t.regex(notes[0]!, /guests, pools and leases are left out: libvirt was not asked/);
});

// The commands

test('vfctl export prints what vfctl import and plan read', async t => {
	const host = simHost(hosts['full']!());
	const {text, json, error} = await vfctl(host, ['export']);
	t.is(error, undefined);
	t.true(text.startsWith('# Exported by vfctl from full.\n'));
	t.deepEqual(json['hostFile'], parseHostFile(text));
	const nmstate = await vfctl(host, ['export', '--to', 'nmstate']);
	t.deepEqual(importFile(nmstate.text).file.vfs.map(({settings}) => settings), parseHostFile(text).vfs.map(({settings}) => settings));
	const policies = await vfctl(host, ['export', '--to', 'sriov-policy']);
	t.deepEqual(importFile(policies.text).file.pfs.map(({pf, numVfs}) => [pf, numVfs]), [['pf0', 4]]);
	t.true(policies.notes.some(note => note.includes('settings of pf0#0')));
});

test('vfctl import prints a host file, notes what is left out, and refuses it with --strict', async t => {
	const host = simHost(hosts['full']!());
	const path = fixturePath('nmstate-more.yml');
	const {text, notes, json} = await vfctl(host, ['import', path]);
	t.is(notes.length, 13);
	t.true(text.includes('# not imported: interfaces[0].ipv4'));
	t.deepEqual(parseHostFile(text).pfs, [{pf: 'ens4f0', numVfs: 2, link: 'up'}]);
	t.is(json['from'], 'nmstate');
	const strict = await vfctl(host, ['import', path, '--strict']);
	t.is(strict.error?.code, 'BAD_HOST_FILE');
	t.regex(strict.error!.why!, /not imported: hostname/);
	const plain = await vfctl(host, ['import', fixturePath('nmstate-sriov.yml'), '--from', 'nmstate', '--strict']);
	t.is(plain.error, undefined);
});

test('a file that is not there, too long, or no text is refused', async t => {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-import-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const host = simHost(hosts['full']!());
	const cases: ReadonlyArray<readonly [string, Buffer | undefined, RegExp]> = [
		['missing', undefined, /missing cannot be read/],
		['long', Buffer.alloc(10_000_000, 0x61), /long is too long/],
		['latin1', Buffer.from('# caf\xE9\nversion: 1\n', 'latin1'), /latin1 is not UTF-8/],
		['zeros', Buffer.alloc(1000), /control character \(U\+0000\)/],
	];
	for (const [name, bytes, message] of cases) {
		const path = join(directory, name);
		if (bytes) {
			writeFileSync(path, bytes);
		}

		const {error} = await vfctl(host, ['import', path]);
		t.is(error?.code, 'BAD_HOST_FILE', name);
		t.regex(error!.message, message);
	}

	t.is((await vfctl(host, ['import', directory])).error?.code, 'BAD_HOST_FILE');
});
