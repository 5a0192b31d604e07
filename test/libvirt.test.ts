// libvirt without libvirt: its XML read and written, its errors translated. The fixtures are what
// libvirt 9.0.0 printed for definitions made for these tests.
import {readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createRequire} from 'node:module';
import test from 'ava';
import {build} from 'esbuild';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import * as deviceXml from '../lib/libvirt/device-xml.ts';
import {parseDomain} from '../lib/libvirt/domain-xml.ts';
import type {DomainRecord} from '../lib/libvirt/libvirt.ts';
import {isAgentSilence, translateLibvirtError} from '../lib/libvirt/libvirt-error.ts';
import {parsePool} from '../lib/libvirt/network-xml.ts';
import {parseNodeDevice} from '../lib/libvirt/nodedev-xml.ts';
import {escapeXml} from '../lib/libvirt/render-template.ts';
import {withoutPasswords} from '../lib/libvirt/without-passwords.ts';
import {attribute, child, readXml} from '../lib/libvirt/xml-tree.ts';
import {toBdf} from '../lib/model/bdf.ts';
import type {Mac} from '../lib/model/mac.ts';
import {templatesInside} from '../scripts/templates-inside.ts';

const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/xml/${name}.xml`, import.meta.url), 'utf8');
const saved = fixture('domain-q35-inactive');
const vf = toBdf('0000:01:10.0');
const mac = '52:54:00:00:00:20' as Mac;

function recordOf(xml: Partial<Pick<DomainRecord, 'liveXml' | 'inactiveXml' | 'migratableXml'>>): DomainRecord {
	return {
		name: 'web1', uuid: '11111111-1111-4111-8111-111111111111', state: 'running',
		active: xml.liveXml !== undefined, persistent: xml.inactiveXml !== undefined,
		liveXml: undefined, inactiveXml: undefined, ...xml,
	};
}

/** The saved definition of the fixture as live XML with the pool's VF filled in, the way
 * virDomainNetDefFormat writes it (publicActual; the same in 9.0.0 and 11.3.0). */
const livePool = saved.replace(
	/<interface type='network'>(\s+<mac address='52:54:00:00:00:30'\/>)\s+<source network='vfpool'\/>/,
	'<interface type=\'hostdev\' managed=\'yes\'>$1<driver name=\'vfio\'/><source><address type=\'pci\' domain=\'0x0000\' bus=\'0x01\' slot=\'0x10\' function=\'0x4\'/></source><alias name=\'hostdev2\'/>',
);

test('a saved q35 guest: devices by all three methods, MACs, ports, agent', t => {
	const {live, config} = parseDomain(recordOf({inactiveXml: saved}), ['vfpool']);
	t.is(live, null);
	t.deepEqual(config?.devices, [
		{method: 'hostdev', source: vf, network: null, mac: null, vlan: null, managed: true, alias: null, guestAddress: '07:00.0', teaming: null},
		{method: 'interface', source: toBdf('0000:01:10.2'), network: null, mac, vlan: 42, managed: true, alias: null, guestAddress: '08:00.0', teaming: null},
		{method: 'network', source: null, network: 'vfpool', mac: '52:54:00:00:00:30' as Mac, vlan: 43, managed: false, alias: null, guestAddress: '09:00.0', teaming: null},
	]);
	t.deepEqual(config?.macs, ['52:54:00:00:00:10', mac, '52:54:00:00:00:30'] as Mac[]);
	t.deepEqual(config?.ports.map(({index, model, occupied}) => `${index} ${model} ${occupied ? 'used' : 'free'}`), [
		'1 pcie-root-port used',
		'3 pcie-switch-downstream-port used',
		'4 pcie-switch-downstream-port used',
		'5 pcie-root-port used',
		'6 pcie-root-port used',
		'7 pcie-root-port used',
		'8 pcie-root-port used',
		'9 pcie-root-port used',
	]);
	t.false(config?.conventionalPci);
	t.is(config?.agent, 'disconnected');
});

test('a network that is no pool gives no device', t => {
	const {config} = parseDomain(recordOf({inactiveXml: saved}));
	t.deepEqual(config?.devices.map(({method}) => method), ['hostdev', 'interface']);
});

test('a running guest: agent silent, one port free, and no device although metadata speaks of one', t => {
	const {live} = parseDomain(recordOf({liveXml: fixture('domain-q35-live')}), ['vfpool']);
	t.deepEqual(live?.devices, []);
	t.is(live?.agent, 'disconnected');
	t.deepEqual(live?.ports.filter(({occupied}) => !occupied).length, 1);
	const connected = fixture('domain-q35-live').replace('state=\'disconnected\'', 'state=\'connected\'');
	t.is(parseDomain(recordOf({liveXml: connected})).live?.agent, 'connected');
});

test('an i440fx guest has slots instead of ports', t => {
	const {config} = parseDomain(recordOf({inactiveXml: fixture('domain-i440fx-inactive')}));
	t.deepEqual(config?.devices.map(({source, managed}) => [source, managed]), [[vf, false]]);
	t.true(config?.conventionalPci);
	t.deepEqual(config?.ports, []);
	t.is(config?.agent, 'none');
});

test('live XML hides the pool of a VF; migratable XML tells it', t => {
	t.not(livePool, saved);
	const found = (migratableXml?: string) => parseDomain(recordOf({liveXml: livePool, ...(migratableXml === undefined ? {} : {migratableXml})}), ['vfpool']).live?.devices.at(-1);
	t.like(found(saved), {method: 'network', network: 'vfpool', source: '0000:01:10.4', alias: 'hostdev2', managed: true});
	t.like(found(), {method: 'interface', network: null, source: '0000:01:10.4'});
});

// https://libvirt.org/formatdomain.html#teaming-a-virtio-hostdev-nic-pair
const pairXml = `<domain><devices>
	<interface type="network"><mac address="52:54:00:00:00:50"/><source network="default" portid="1" bridge="virbr0"/><model type="virtio"/><teaming type="persistent"/><alias name="ua-pair0"/><address type="pci" bus="3" slot="0"/></interface>
	<interface type="hostdev" managed="yes"><mac address="52:54:00:00:00:50"/><source><address type="pci" bus="3" slot="16" function="1"/></source><teaming type="transient" persistent="ua-pair0"/><alias name="ua-vf0"/></interface>
	<interface type="bridge"><mac address="52:54:00:00:00:51"/><source bridge="br0"/><model type="e1000e"/><teaming type="nonsense"/></interface>
	<interface type="user"/>
	<hostdev mode="subsystem" type="pci"><source><address bus="3" slot="16" function="3"/></source><teaming type="transient" persistent="ua-pair1"/></hostdev>
</devices></domain>`;

test('interfaces of all kinds, and the halves of failover pairs', t => {
	const definition = parseDomain(recordOf({liveXml: pairXml, migratableXml: pairXml}), ['fast']).live!;
	t.deepEqual(definition.interfaces, [
		{mac: '52:54:00:00:00:50' as Mac, type: 'network', source: 'default', mode: null, vlan: null, model: 'virtio', alias: 'ua-pair0', guestAddress: '03:00.0', teaming: {type: 'persistent', persistent: null}},
		{mac: '52:54:00:00:00:50' as Mac, type: 'hostdev', source: null, mode: null, vlan: null, model: null, alias: 'ua-vf0', guestAddress: null, teaming: {type: 'transient', persistent: 'ua-pair0'}},
		{mac: '52:54:00:00:00:51' as Mac, type: 'bridge', source: 'br0', mode: null, vlan: null, model: 'e1000e', alias: null, guestAddress: null, teaming: null},
		{mac: null, type: 'user', source: null, mode: null, vlan: null, model: null, alias: null, guestAddress: null, teaming: null},
	]);
	t.deepEqual(definition.macs, ['52:54:00:00:00:50', '52:54:00:00:00:50', '52:54:00:00:00:51'] as Mac[]);
	t.deepEqual(definition.devices.map(({method, network, teaming}) => [method, network, teaming]), [['hostdev', null, 'ua-pair1'], ['interface', null, 'ua-pair0']], 'the network of the standby is no pool of the VF');
});

test('addresses in decimal and of wide domains, other hostdevs left out', t => {
	const inactiveXml = `<domain><devices>
		<hostdev mode="subsystem" type="pci"><source><address domain="65536" bus="3" slot="16" function="1"/></source></hostdev>
		<hostdev mode="subsystem" type="usb" managed="yes"><source><vendor id="0x1234"/></source></hostdev>
		<hostdev mode="subsystem" type="mdev"/><hostdev mode="capabilities" type="net"/>
	</devices></domain>`;
	t.deepEqual(parseDomain(recordOf({inactiveXml})).config?.devices.map(({source}) => source), [toBdf('10000:03:10.1')]);
});

test('a definition can be copied, compared and written as JSON', t => {
	const config = parseDomain(recordOf({inactiveXml: saved}), ['vfpool']).config;
	t.is((JSON.parse(JSON.stringify(config)) as {devices: unknown[]}).devices.length, 3);
	t.is({...config}.macs?.length, 3);
});

const hostile: Record<string, [xml: string, why: RegExp]> = {
	'cut off': [saved.slice(0, -20), /Unclosed root tag|Unexpected end/],
	'no XML at all': ['hostdev', /Non-whitespace before first tag|Text data outside/],
	empty: ['', /not a <domain>/],
	'another document': ['<network>hostdev</network>', /not a <domain>/],
	'an entity bomb': ['<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><domain><name>&b;</name><devices><hostdev/></devices></domain>', /document type/],
	'an unknown entity': ['<domain><name>&b;</name><devices><hostdev/></devices></domain>', /Invalid character entity/],
	'ten megabytes': [`<domain><devices><hostdev/></devices><description>${'x'.repeat(10_000_000)}</description></domain>`, /limit/],
};
for (const [title, [inactiveXml, why]] of Object.entries(hostile)) {
	test(`domain XML that is ${title} gives a clear error`, t => {
		const error = t.throws(() => parseDomain(recordOf({inactiveXml})).config?.macs, {instanceOf: AppError});
		t.is(error?.code, 'LIBVIRT_FAILED');
		t.regex(error?.why ?? '', why);
		t.regex(error?.message ?? '', /guest web1/);
	});
}

test('element names of JavaScript objects are only names', t => {
	const {config} = parseDomain(recordOf({inactiveXml: '<domain><devices><__proto__><constructor/></__proto__><toString/><hostdev mode="subsystem" type="pci"/></devices></domain>'}));
	t.deepEqual(config?.devices.map(({source}) => source), [null]);
	t.deepEqual(config?.macs, []);
	t.deepEqual(config?.ports, []);
	t.is(({} as Record<string, unknown>)['constructor'], Object);
});

test('pools: active with members, inactive without, other networks none', t => {
	const network = (name: string, active: boolean) => parsePool({name: 'vfpool', uuid: '', active, persistent: true, autostart: false, xml: fixture(name)});
	t.deepEqual(network('network-pool-active', true), {name: 'vfpool', active: true, persistent: true, pfNetdev: 'ens1f0', members: [vf, toBdf('0000:01:10.2')], managed: true, saved: {pfNetdev: 'ens1f0', members: []}});
	t.deepEqual(network('network-pool-inactive', false)?.members, []);
	t.is(network('network-nat', true), null);
});

test('node devices: PF and VF', t => {
	t.like(parseNodeDevice(fixture('nodedev-pf')), {name: 'pci_0000_01_00_0', bdf: '0000:01:00.0', driver: 'igb', vendorId: 0x8086, deviceId: 0x10C9, classCode: 0x02_00_00, iommuGroup: 1, numaNode: 0, maxVfs: 7, vfs: ['0000:01:10.0', '0000:01:10.2'], physfn: null});
	t.like(parseNodeDevice(fixture('nodedev-vf')), {bdf: '0000:01:10.2', driver: 'igbvf', iommuGroup: 3, groupMembers: ['0000:01:10.2'], maxVfs: null, vfs: [], physfn: '0000:01:00.0'});
});

const spec = {network: null, mac: null, vlan: null, managed: true};
const written: Record<string, string> = {
	'device-hostdev': deviceXml.renderDeviceXml({...spec, method: 'hostdev', source: vf}),
	'device-hostdev-everything': deviceXml.hostdevXml({source: toBdf('10000:03:1f.7'), managed: false, driver: 'vfio', alias: 'ua-vf', guestAddress: '06:00.0'}),
	'device-interface': deviceXml.renderDeviceXml({...spec, method: 'interface', source: vf, mac, vlan: 42}),
	'device-network': deviceXml.renderDeviceXml({...spec, method: 'network', source: null, network: 'vfpool', mac, vlan: 42}),
	'device-standby': deviceXml.renderDeviceXml({...spec, method: 'virtio', source: null, network: 'br0', bridge: true, mac, alias: 'ua-standby'}),
	'device-standby-network': deviceXml.renderDeviceXml({...spec, method: 'virtio', source: null, network: 'default', mac, alias: 'ua-standby', guestAddress: '06:00.0'}),
	'device-pair-vf': deviceXml.renderDeviceXml({...spec, method: 'interface', source: vf, mac, alias: 'ua-vf', teaming: 'ua-standby'}),
	'device-controller': deviceXml.pciControllerXml({index: 7, model: 'pcie-root-port'}),
	'pool-of-pf': deviceXml.hostdevNetworkXml({name: 'vfpool', managed: true, pf: 'ens1f0'}),
	'pool-of-vfs': deviceXml.hostdevNetworkXml({name: 'vfpool', managed: true, pf: [vf, toBdf('0000:01:10.2')]}),
};
for (const [name, text] of Object.entries(written)) {
	test(`XML is written as in ${name}.xml`, t => {
		t.is(text, fixture(name));
	});
}

for (const name of ['a\'b"c<d>&e', '$(reboot); `id` | x > /dev/null', '</source><address/>', 'tab\tline\nreturn\r', '<%= it %> ]]> &amp;', 'ünïcödé 日本 🖧', '../../etc/passwd']) {
	test(`a name is text whatever it contains: ${JSON.stringify(name)}`, t => {
		const device = readXml(deviceXml.interfaceNetworkXml({network: name, mac: null, vlan: null, alias: name}), {root: 'interface', what: 'test'});
		t.is(attribute(child(device, 'source'), 'network'), name);
		t.is(attribute(child(device, 'alias'), 'name'), name);
		t.is(Object.keys(device).join(' '), '$ source model alias');
		const network = readXml(deviceXml.hostdevNetworkXml({name, managed: true, pf: name}), {root: 'network', what: 'test'});
		t.is(attribute(child(child(network, 'forward'), 'pf'), 'dev'), name);
	});
}

test('what XML forbids is refused', t => {
	for (const text of ['\0', 'a\u0001', '\uFFFF', '\uD800', '\uDC00x']) {
		t.is(t.throws(() => escapeXml(text), {instanceOf: AppError})?.code, 'USAGE', JSON.stringify(text));
	}
});

// libvirt's numbers and words, as 9.0.0 gave them unless the version is named.
const translations: Array<[code: ErrorCode, number: number, domain: number, message: string, detaching?: boolean]> = [
	['GUEST_NOT_FOUND', 42, 10, 'Domain not found: no domain with matching name \'nope\''],
	['NOT_ATTACHED', 99, 10, 'device not found: device not present in domain configuration', true],
	['NOT_ATTACHED', 99, 10, 'device not found: host pci device 0000:03:11.1 not found', true],
	['NOT_ATTACHED', 9, 20, 'operation failed: host pci device 0000:03:11.1 not found', true],
	['LIBVIRT_FAILED', 9, 20, 'operation failed: multiple devices matching MAC address 52:54:00:00:00:30 found', true],
	['LIBVIRT_FAILED', 99, 10, 'device not found: mediated device not found'],
	['LIBVIRT_UNREACHABLE', 38, 7, 'Failed to connect socket to \'/run/libvirt/libvirt-sock\': No such file or directory'],
	['LIBVIRT_UNREACHABLE', 38, 7, 'Failed to connect socket to \'/run/libvirt/virtqemud-sock\': Permission denied'],
	['LIBVIRT_UNREACHABLE', 38, 7, 'Cannot recv data: Connection reset by peer'],
	['LIBVIRT_UNREACHABLE', 1, 7, 'internal error: client socket is closed'],
	['LIBVIRT_UNREACHABLE', 94, 60, 'authentication unavailable: no polkit agent available to authenticate action \'org.libvirt.unix.manage\''],
	['LIBVIRT_UNREACHABLE', 29, 20, 'operation forbidden: read only access prevents virDomainAttachDeviceFlags'],
	['LIBVIRT_FAILED', 38, 0, 'Unable to write to \'/sys/bus/pci/drivers_probe\': Permission denied'],
	['LIBVIRT_FAILED', 67, 10, 'unsupported configuration: host doesn\'t support passthrough of host PCI devices'],
	['LIBVIRT_FAILED', 39, 7, 'Unable to encode message payload'],
	['LIBVIRT_FAILED', 55, 10, 'Requested operation is not valid: device is already in the domain configuration'],
];
for (const [code, number, domain, message, detaching = false] of translations) {
	test(`libvirt error ${number} of domain ${domain} '${message}' is ${code}${detaching ? ' (detaching)' : ''}`, t => {
		const error = translateLibvirtError({code: number, domain, message}, {doing: 'do it', uri: 'qemu:///system', detaching});
		t.is(error.code, code);
		t.is(error.why, message);
		t.like(error.details, {libvirtCode: number, libvirtDomain: domain});
		t.is(error.fix !== undefined, code !== 'LIBVIRT_FAILED');
		t.is(/root|group/.test(error.fix ?? ''), /denied|polkit|forbidden/.test(message) && code === 'LIBVIRT_UNREACHABLE');
	});
}

// What helps on another machine is not what helps here.
for (const [code, message, fix] of [
	[45, 'authentication failed: access denied by policy', /^log in there as root, or as someone of the group libvirt/],
	[45, 'authentication failed: Failed to verify peer\'s certificate', /^look at the certificates of both sides/],
	[38, 'Unable to read TLS confirmation: Input/output error', /^look at the certificates of both sides/],
	[38, 'unable to connect to server at \'kvm2:16514\': Connection refused', /^see whether libvirt's own client gets there/],
] as const) {
	test(`another machine's libvirt says '${message}'`, t => {
		const error = translateLibvirtError({code, domain: 7, message}, {doing: 'open the connection', uri: 'qemu+tls://root@kvm2/system'});
		t.is(error.code, 'LIBVIRT_UNREACHABLE');
		t.regex(error.fix!, fix);
		t.regex(error.fix!, /virsh --connect qemu\+tls:\/\/root@kvm2\/system list/);
		t.notRegex(error.fix!, /run vfctl as root/);
	});
}

test('an agent that does not answer is no error', t => {
	t.deepEqual([86, 55, 74, 97, 42, 38, undefined].map(code => isAgentSilence(code)), [true, true, true, true, false, false, false]);
});

test('the bundle carries the templates', async t => {
	const outfile = join(tmpdir(), `vfctl-bundle-test-${process.pid}.cjs`);
	const {outputFiles} = await build({
		entryPoints: ['lib/libvirt/device-xml.ts'], bundle: true, platform: 'node', target: 'node20', format: 'cjs', plugins: [templatesInside], write: false, outfile, logLevel: 'silent',
	});
	const module = {exports: {} as typeof deviceXml};
	// eslint-disable-next-line @typescript-eslint/no-implied-eval
	new Function('module', 'exports', 'require', outputFiles[0]?.text ?? '')(module, module.exports, createRequire(import.meta.url));
	t.is(module.exports.hostdevXml({source: vf, managed: true}), fixture('device-hostdev'));
});

test('passwords of displays, which come with the migratable XML, go; all else stays', t => {
	const graphics = (passwords: string) => `<domain><title>no passwd='kept' here</title><graphics type='vnc' port='5900'${passwords} keymap='de'><listen type='address'/></graphics></domain>`;
	const xml = graphics(' passwd=\'s3cr&apos;et\' passwdValidTo=\'2026-12-01T00:00:00\'').replace('no passwd=\'kept\' here', 'a title');
	t.is(withoutPasswords(xml), graphics('').replace('no passwd=\'kept\' here', 'a title'));
	t.notRegex(withoutPasswords(graphics(' passwd="s3cret"')), /s3cret/);
});
