// What CNI runtimes hand over and get back: read strictly, written as each version has it.
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import {longestCniConfig, parseCniJson, parseCniNetwork, parseCniVfConfig, requireValidAttachments} from '../lib/formats/cni-config.ts';
import {parseCniCall} from '../lib/formats/cni-environment.ts';
import {cniCodeOf, cniErrorJson} from '../lib/formats/cni-error.ts';
import {cniResultJson, parseCniResult} from '../lib/formats/cni-result.ts';
import {cniVersions, type CniResult} from '../lib/model/cni.ts';
import {parseBdf} from '../lib/model/bdf.ts';
import type {Mac} from '../lib/model/mac.ts';

const mac = '52:54:00:00:00:01' as Mac;

const result: CniResult = {
	interfaces: [{name: 'net1', mac, mtuBytes: 1500, sandbox: '/run/netns/blue', pciId: '0000:01:10.0'}],
	ips: [{address: '20.0.0.3/24', gateway: '20.0.0.1', interface: 0}, {address: 'fd00::3/64', gateway: null, interface: 0}],
	routes: [{to: '0.0.0.0/0', via: '20.0.0.1', metric: 5, more: {mtu: 1400}}, {to: 'fd01::/64', via: null, metric: null, more: {}}],
	dns: {nameservers: ['20.0.0.1'], search: ['example.org']},
};

// The documents of https://www.cni.dev/docs/spec/ and its tags, key by key.
const withVersion = {
	interfaces: [{name: 'net1', mac, sandbox: '/run/netns/blue'}],
	ips: [{version: '4', address: '20.0.0.3/24', gateway: '20.0.0.1', interface: 0}, {version: '6', address: 'fd00::3/64', interface: 0}],
	routes: [{dst: '0.0.0.0/0', gw: '20.0.0.1'}, {dst: 'fd01::/64'}],
	dns: result.dns,
};
const withoutVersion = {...withVersion, ips: withVersion.ips.map(({version: _, ...ip}) => ip)};
const documents: Readonly<Record<string, object>> = {
	'0.3.0': withVersion,
	'0.3.1': withVersion,
	'0.4.0': withVersion,
	'1.0.0': withoutVersion,
	'1.1.0': {
		...withoutVersion,
		interfaces: [{name: 'net1', mac, mtu: 1500, sandbox: '/run/netns/blue', pciID: '0000:01:10.0'}],
		routes: [{dst: '0.0.0.0/0', gw: '20.0.0.1', priority: 5, mtu: 1400}, {dst: 'fd01::/64'}],
	},
};

for (const version of cniVersions) {
	test(`a result of version ${version} has that version's keys, and is read back`, t => {
		const document = cniResultJson(result, version);
		t.deepEqual(document, {cniVersion: version, ...documents[version]});
		const read = parseCniResult(JSON.parse(JSON.stringify(document)), why => new AppError('BAD_CNI', why));
		t.deepEqual(cniResultJson(read, version), document);
	});
}

test('a result without addresses has the interface alone', t => {
	t.deepEqual(cniResultJson({...result, ips: [], routes: [], dns: {}}, '1.0.0'), {cniVersion: '1.0.0', interfaces: withoutVersion.interfaces});
});

const minimal = {cniVersion: '1.0.0', name: 'fast', type: 'vfctl', deviceID: '0000:01:10.0'};

function readAll(config: unknown): {network: ReturnType<typeof parseCniNetwork>; vf: ReturnType<typeof parseCniVfConfig>} {
	const value = parseCniJson(typeof config === 'string' ? config : JSON.stringify(config));
	return {network: parseCniNetwork(value), vf: parseCniVfConfig(value, null)};
}

test('the example of sriov-cni\'s documentation is read', t => {
	const {network, vf} = readAll({
		cniVersion: '0.3.1', name: 'sriov-dpdk', type: 'sriov', deviceID: '0000:03:02.0', mac: 'CA:FE:C0:FF:EE:00', vlan: 1000, vlanQoS: 4, vlanProto: '802.1ad',
		min_tx_rate: 100, max_tx_rate: 200, spoofchk: 'off', trust: 'on', link_state: 'enable', logLevel: 'debug', logFile: '/tmp/sriov.log',
	});
	t.deepEqual(network, {version: '0.3.1', name: 'sriov-dpdk', ipam: null, log: {level: 'debug', file: '/tmp/sriov.log'}, prevResult: null, validAttachments: null});
	t.deepEqual(vf, {
		deviceId: parseBdf('0000:03:02.0')!, pf: null, mac: 'ca:fe:c0:ff:ee:00' as Mac, dns: {}, acceptedRisks: [],
		settings: {vlan: 1000, qos: 4, vlanProto: '802.1ad', minTxRateMbps: 100, maxTxRateMbps: 200, spoofchk: false, trust: true, linkState: 'enable'},
	});
});

test('empty and null values, and keys of others, count as not there', t => {
	const {network, vf} = readAll({...minimal, mac: '', spoofchk: '', trust: null, link_state: '', vlan: null, ipam: {}, logFile: '', capabilities: {mac: true}, ibKubernetesEnabled: 3, prevResult: null});
	t.deepEqual({ipam: network.ipam, file: network.log.file, mac: vf.mac, settings: vf.settings}, {ipam: null, file: null, mac: null, settings: {}});
});

test('runtimeConfig goes before CNI_ARGS, and CNI_ARGS before the configuration', t => {
	const [low, middle, high] = ['52:54:00:00:00:0a', '52:54:00:00:00:0b', '52:54:00:00:00:0c'] as Mac[];
	t.is(parseCniVfConfig({...minimal, mac: low}, null).mac, low!);
	t.is(parseCniVfConfig({...minimal, mac: low}, middle!).mac, middle!);
	t.is(parseCniVfConfig({...minimal, mac: low, runtimeConfig: {mac: high}}, middle!).mac, high!);
	t.is(parseCniVfConfig({...minimal, runtimeConfig: {deviceID: '0000:01:10.2'}}, null).deviceId, parseBdf('0000:01:10.2')!);
	t.deepEqual(parseCniVfConfig({...minimal, vlan: 0}, null).settings, {vlan: 0, qos: 0, vlanProto: '802.1q'});
});

const long = 'x'.repeat(5000);
for (const [what, config, code] of [
	['no JSON', '{"cniVersion": ', 6],
	['a list', '[]', 6],
	['null', 'null', 6],
	['nothing', '', 6],
	['too much', `{"cniVersion":"1.0.0","name":"${'x'.repeat(longestCniConfig)}"}`, 6],
	['JSON nested without end', '['.repeat(500_000), 6],
	['no version', {name: 'fast'}, 1],
	['a version that is none', {...minimal, cniVersion: '9.9.9'}, 1],
	['a version that is a number', {...minimal, cniVersion: 1}, 1],
	['no name', {...minimal, name: undefined}, 7],
	['a name with a path', {...minimal, name: '../../etc/passwd'}, 7],
	['a name with a newline', {...minimal, name: 'a\nb'}, 7],
	['a VLAN in quotes', {...minimal, vlan: '100'}, 7],
	['a VLAN out of range', {...minimal, vlan: 4095}, 7],
	['a negative VLAN', {...minimal, vlan: -1}, 7],
	['half a VLAN', {...minimal, vlan: 1.5}, 7],
	['a priority without a VLAN', {...minimal, vlanQoS: 3}, 7],
	['a priority out of range', {...minimal, vlan: 5, vlanQoS: 8}, 7],
	['802.1ad without a VLAN', {...minimal, vlan: 0, vlanProto: '802.1ad'}, 7],
	['a protocol that is none', {...minimal, vlan: 5, vlanProto: '802.1x'}, 7],
	['spoofchk as a boolean', {...minimal, spoofchk: true}, 7],
	['a link state that is none', {...minimal, link_state: 'up'}, 7],
	['a negative rate', {...minimal, max_tx_rate: -5}, 7],
	['a multicast MAC', {...minimal, mac: '01:00:5e:00:00:01'}, 7],
	['a MAC with a command', {...minimal, mac: '$(reboot)'}, 7],
	['a device that is none', {...minimal, deviceID: 'eth1'}, 7],
	['a device in runtimeConfig that is none', {...minimal, runtimeConfig: {deviceID: '../..'}}, 7],
	['no device at all', {...minimal, deviceID: undefined}, 7],
	['runtimeConfig as text', {...minimal, runtimeConfig: 'mac'}, 7],
	['an IPAM plugin with a path', {...minimal, ipam: {type: '../bin/sh'}}, 7],
	['an IPAM plugin that looks like an option', {...minimal, ipam: {type: '--help'}}, 7],
	['IPAM as text', {...minimal, ipam: 'host-local'}, 7],
	['a log file without a path', {...minimal, logFile: 'sriov.log'}, 7],
	['a log file that climbs', {...minimal, logFile: '/var/log/../../etc/cron.d/x'}, 7],
	['a log level that is none', {...minimal, logLevel: 'loud'}, 7],
	['an address in prevResult that is none', {...minimal, prevResult: {ips: [{address: '20.0.0.3'}]}}, 7],
	['prevResult as text', {...minimal, prevResult: 'yes'}, 7],
	['DNS as text', {...minimal, dns: 'x'}, 7],
	['a risk that is none', {...minimal, acceptRisk: ['all']}, 7],
	['endless text', {...minimal, mac: long}, 7],
] as const) {
	test(`refused with code ${code}: ${what}`, t => {
		const error = t.throws(() => readAll(config), {instanceOf: AppError});
		t.is(cniCodeOf(error), code);
		t.true(JSON.stringify(cniErrorJson(error, '1.0.0')).length < 1500);
	});
}

const environment = {CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/var/run/netns/blue', CNI_IFNAME: 'net1', CNI_PATH: '/opt/cni/bin:/usr/lib/cni'};

test('the environment is read', t => {
	t.deepEqual(parseCniCall({...environment, CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web;FOO=bar;MAC=52:54:00:00:00:01'}), {
		command: 'ADD', containerId: 'c1', ifname: 'net1', netns: '/var/run/netns/blue', mac, path: ['/opt/cni/bin', '/usr/lib/cni'],
	});
	t.is(parseCniCall({...environment, CNI_ARGS: 'K8S_POD_NAME=web;K8S_POD_NAMESPACE=default'}).mac, null);
	t.is(parseCniCall({CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'net1', CNI_NETNS: ''}).netns, null);
	t.is(parseCniCall({CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'net1', CNI_NETNS: '/tmp/odd'}).netns, null);
	t.is(parseCniCall({CNI_COMMAND: 'STATUS'}).command, 'STATUS');
});

for (const [what, change] of [
	['no command', {CNI_COMMAND: undefined}],
	['a command that is none', {CNI_COMMAND: 'add'}],
	['no container', {CNI_CONTAINERID: ''}],
	['a container with a path', {CNI_CONTAINERID: '../c1'}],
	['a container that looks like an option', {CNI_CONTAINERID: '-rf'}],
	['no namespace', {CNI_NETNS: undefined}],
	['a namespace that is a name', {CNI_NETNS: 'blue'}],
	['a namespace elsewhere', {CNI_NETNS: '/etc/passwd'}],
	['a namespace that climbs', {CNI_NETNS: '/run/netns/../../etc/passwd'}],
	['no interface', {CNI_IFNAME: undefined}],
	['an interface with a slash', {CNI_IFNAME: 'a/b'}],
	['an interface that looks like an option', {CNI_IFNAME: '-n'}],
	['an interface that is too long', {CNI_IFNAME: 'abcdefghijklmnop'}],
	['an interface in two lines', {CNI_IFNAME: 'a\nb'}],
	['a relative CNI_PATH', {CNI_PATH: 'bin:/opt/cni/bin'}],
	['CNI_ARGS without values', {CNI_ARGS: 'MAC'}],
	['CNI_ARGS that nobody knows', {CNI_ARGS: 'FOO=bar'}],
	['CNI_ARGS with an IgnoreUnknown that is none', {CNI_ARGS: 'FOO=bar;IgnoreUnknown=maybe'}],
	['CNI_ARGS with a MAC that is none', {CNI_ARGS: 'MAC=ff:ff:ff:ff:ff:ff'}],
] as const) {
	test(`refused as an invalid environment: ${what}`, t => {
		const error = t.throws(() => parseCniCall({...environment, ...change}), {instanceOf: AppError});
		t.is(cniCodeOf(error), 4);
	});
}

test('errors of vfctl have a code of their own, and say what to type', t => {
	const error = new AppError('VF_HELD', 'eth1#0 is taken', {why: 'it is held by guest vm0', fix: 'vfctl detach vm0 eth1#0'});
	t.deepEqual(cniErrorJson(error, '1.1.0'), {cniVersion: '1.1.0', code: 103, msg: 'eth1#0 is taken', details: 'VF_HELD; it is held by guest vm0; fix: vfctl detach vm0 eth1#0'});
	t.is(cniCodeOf(new AppError('LOCKED', 'x')), 11);
	t.is(cniCodeOf(new AppError('NEEDS_RECOVERY', 'x')), 11);
	t.is(cniCodeOf(new AppError('BAD_RATE', 'x')), 7);
	t.is(cniCodeOf(new AppError('IPAM_FAILED', 'x')), 105);
});

test('GC needs to know what is to stay', t => {
	const list = (valid: unknown) => requireValidAttachments(parseCniNetwork({...minimal, cniVersion: '1.1.0', 'cni.dev/valid-attachments': valid}));
	t.deepEqual(list([]), []);
	t.deepEqual(list([{containerID: 'c1', ifname: 'net1'}]), [{containerId: 'c1', ifname: 'net1'}]);
	t.is(cniCodeOf(t.throws(() => list(undefined), {instanceOf: AppError})), 7);
	t.is(cniCodeOf(t.throws(() => list([{containerID: 'c1'}]), {instanceOf: AppError})), 7);
	t.is(cniCodeOf(t.throws(() => list([{containerID: '../c1', ifname: 'net1'}]), {instanceOf: AppError})), 7);
});
