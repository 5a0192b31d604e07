// vfctl dhcp and vfctl network on simulated hosts.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import type {NetworkRecord} from '../lib/libvirt/libvirt.ts';
import {parseNetwork} from '../lib/libvirt/network-xml.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {hostileName, inventoryOf, vfctl, withFile} from './helpers/plan-world.ts';
import {planLease} from '../lib/plan/plan-lease.ts';
import type {Mac} from '../lib/model/mac.ts';

const mac = '52:54:00:aa:00:01';
const otherMac = '52:54:00:aa:00:02';
const uuid = (n: number) => `5a3c1d70-94e2-4b7f-8f10-00000000000${n}`;

const network = (name: string, n: number, body: string, state: Partial<NetworkRecord> = {}): NetworkRecord => ({
	name, uuid: uuid(n), active: true, persistent: true, autostart: true, ...state,
	xml: `<network>\n  <name>${name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</name>\n  <uuid>${uuid(n)}</uuid>\n${body}</network>\n`,
});
const ip = (inner: string, address = '10.5.0.1', rest = 'netmask=\'255.255.255.0\'') => `  <ip address='${address}' ${rest}>${inner}</ip>\n`;
const range = '<dhcp><range start=\'10.5.0.100\' end=\'10.5.0.200\'/></dhcp>';
const bridge = (name: string) => `  <bridge name='${name}' stp='on' delay='0'/>\n`;

const lab = network('lab', 1, bridge('virbr5') + ip('<dhcp><range start=\'10.5.0.100\' end=\'10.5.0.200\'/><host mac=\'52:54:00:bb:00:01\' name=\'old\' ip=\'10.5.0.50\'/></dhcp>') + '  <ip family=\'ipv6\' address=\'fd00:5::1\' prefix=\'64\'/>\n');

function record(...networks: NetworkRecord[]): HostRecord {
	const built = hostBuilder('networks').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2}).guest({name: 'vm0'}).guest({name: 'off', state: 'shutoff'}).record();
	const libvirt = built.libvirt!;
	// vm0 on network lab instead of its bridge; off twice.
	const nic = (address: string) => `<interface type='network'>\n      <mac address='${address}'/>\n      <source network='lab'/>\n      <model type='virtio'/>\n    </interface>`;
	const onLab = (xml: string | undefined, ...macs: string[]) => xml?.replace(/<interface type='bridge'>[\s\S]*?<\/interface>/, () => macs.map(address => nic(address)).join('\n    '));
	return {...built, libvirt: {...libvirt, networks, domains: libvirt.domains.map(domain => domain.name === 'vm0'
		? {...domain, liveXml: onLab(domain.liveXml, mac), inactiveXml: onLab(domain.inactiveXml, mac)}
		: {...domain, inactiveXml: onLab(domain.inactiveXml, otherMac, '52:54:00:aa:00:03')})}};
}

const hostOf = (networks: NetworkRecord[] = [lab], options: SimOptions = {}): SimHost => simHost(record(...networks), options);

async function find(host: SimHost, name: string): Promise<NetworkRecord | undefined> {
	const libvirt = await host.openLibvirt('qemu:///system');
	const networks = await libvirt.listNetworks();
	return networks.find(one => one.name === name);
}

async function leases(host: SimHost, name = 'lab'): Promise<string[]> {
	return parseNetwork((await find(host, name))!).ips.flatMap(one => one.leases.map(lease => `${lease.mac} ${lease.ip} ${lease.name}`));
}

test('a lease is reserved by MAC and by guest, in both definitions; again is nothing to do', async t => {
	for (const who of [mac, 'vm0', mac.toUpperCase()]) {
		const host = hostOf();
		const first = await vfctl(host, ['dhcp', 'add', 'lab', who, '10.5.0.7', '--name', 'web1']);
		t.is(first.error, undefined);
		t.deepEqual(await leases(host), ['52:54:00:bb:00:01 10.5.0.50 old', `${mac} 10.5.0.7 web1`]);
		t.is(parseNetwork((await find(host, 'lab'))!).savedIps, undefined, 'the saved definition says the same');
		t.regex((await vfctl(host, ['dhcp', 'add', 'lab', who, '10.5.0.7', '--name', 'web1'])).text, /nothing to do/);
		t.is((await vfctl(host, ['undo', '-y'])).error, undefined);
		t.deepEqual(await leases(host), ['52:54:00:bb:00:01 10.5.0.50 old']);
	}
});

test('another address for the same MAC is a change, and its undo gives the old one back', async t => {
	const host = hostOf();
	const {text} = await vfctl(host, ['dhcp', 'add', 'lab', '52:54:00:bb:00:01', '10.5.0.51', '--dry-run']);
	t.regex(text, /change 10\.5\.0\.50 to 10\.5\.0\.51/);
	t.regex(text, /virsh net-update lab modify ip-dhcp-host/);
	t.deepEqual(await leases(host), ['52:54:00:bb:00:01 10.5.0.50 old']);
	await vfctl(host, ['dhcp', 'add', 'lab', '52:54:00:bb:00:01', '10.5.0.51']);
	t.deepEqual(await leases(host), ['52:54:00:bb:00:01 10.5.0.51 null']);
	await vfctl(host, ['undo', '-y']);
	t.deepEqual(await leases(host), ['52:54:00:bb:00:01 10.5.0.50 old']);
});

test('a lease is removed, listed, and not found', async t => {
	const host = hostOf();
	const list = await vfctl(host, ['dhcp', 'list']);
	t.deepEqual(list.json as unknown, [{network: 'lab', mac: '52:54:00:bb:00:01', ip: '10.5.0.50', hostName: 'old', guest: null, where: 'both'}]);
	t.regex(list.text, /lab +52:54:00:bb:00:01 +10\.5\.0\.50 +old +both +-/);
	t.is((await vfctl(host, ['dhcp', 'delete', 'lab', '52:54:00:bb:00:01'])).error, undefined);
	t.is((await vfctl(host, ['dhcp', 'list', 'lab'])).text, 'no static leases');
	const again = await vfctl(host, ['dhcp', 'delete', 'lab', '52:54:00:bb:00:01']);
	t.is(again.error?.code, 'LEASE_NOT_FOUND');
	await vfctl(host, ['dhcp', 'add', 'lab', 'vm0', '10.5.0.8']);
	t.like(((await vfctl(host, ['dhcp', 'list'])).json as unknown as object[])[0], {guest: 'vm0', mac, hostName: null});
});

const refused: ReadonlyArray<readonly [what: string, argv: readonly string[], code: ErrorCode, words: RegExp]> = [
	['an address outside', ['add', 'lab', mac, '10.6.0.7'], 'LEASE_CONFLICT', /10\.5\.0\.0\/24/],
	['the network address', ['add', 'lab', mac, '10.5.0.0'], 'LEASE_CONFLICT', /network itself/],
	['the broadcast address', ['add', 'lab', mac, '10.5.0.255'], 'LEASE_CONFLICT', /broadcast/],
	['the bridge\'s address', ['add', 'lab', mac, '10.5.0.1'], 'LEASE_CONFLICT', /bridge/],
	['an address of another MAC', ['add', 'lab', mac, '10.5.0.50'], 'LEASE_CONFLICT', /52:54:00:bb:00:01/],
	['a name of another MAC', ['add', 'lab', mac, '10.5.0.7', '--name', 'OLD'], 'LEASE_CONFLICT', /52:54:00:bb:00:01/],
	['an IPv6 address', ['add', 'lab', mac, 'fd00:5::7'], 'UNSUPPORTED', /DUID/],
	['no address', ['add', 'lab', mac, '10.5.0.256'], 'BAD_ADDRESS', /10\.5\.0\.256/],
	['an address with a length', ['add', 'lab', mac, '10.5.0.7/24'], 'BAD_ADDRESS', /10\.5\.0\.7\/24/],
	['a leading zero', ['add', 'lab', mac, '10.5.0.07'], 'BAD_ADDRESS', /10\.5\.0\.07/],
	['XML for an address', ['add', 'lab', mac, '10.5.0.7\'/><host'], 'BAD_ADDRESS', /host/],
	['XML for a name', ['add', 'lab', mac, '10.5.0.7', '--name', 'x\'/><host mac=\'52:54:00:00:00:99\''], 'USAGE', /host name/],
	['a name with a comma', ['add', 'lab', mac, '10.5.0.7', '--name', 'a,infinite'], 'USAGE', /host name/],
	['a name with a line end', ['add', 'lab', mac, '10.5.0.7', '--name', 'a\nb'], 'USAGE', /host name/],
	['an empty name', ['add', 'lab', mac, '10.5.0.7', '--name', ''], 'USAGE', /host name/],
	['a label of 64 letters', ['add', 'lab', mac, '10.5.0.7', '--name', 'a'.repeat(64)], 'USAGE', /host name/],
	['the zero MAC', ['add', 'lab', '00:00:00:00:00:00', '10.5.0.7'], 'BAD_MAC', /zero/],
	['a multicast MAC', ['add', 'lab', '01:00:5e:00:00:01', '10.5.0.7'], 'BAD_MAC', /multicast/],
	['an unknown network', ['add', 'nope', mac, '10.5.0.7'], 'NETWORK_NOT_FOUND', /lab/],
	['an unknown guest', ['add', 'lab', 'nope', '10.5.0.7'], 'GUEST_NOT_FOUND', /vm0/],
	['a guest with two interfaces there', ['add', 'lab', 'off', '10.5.0.7'], 'USAGE', /52:54:00:aa:00:02/],
	['a guest without an interface there', ['add', 'plain', 'vm0', '10.7.0.7'], 'UNSUPPORTED', /lab/],
	['a network without DHCP', ['add', 'plain', mac, '10.7.0.7'], 'UNSUPPORTED', /dhcp/],
	['a pool', ['add', 'pool', mac, '10.5.0.7'], 'UNSUPPORTED', /hostdev/],
	['a bridge of the host', ['add', 'out', mac, '10.5.0.7'], 'UNSUPPORTED', /bridge/],
	['no lease to remove', ['delete', 'lab', mac], 'LEASE_NOT_FOUND', /52:54:00:bb:00:01/],
	['no network to list', ['list', 'nope'], 'NETWORK_NOT_FOUND', /lab/],
];
for (const [what, argv, code, words] of refused) {
	test(`dhcp is refused and changes nothing: ${what}`, async t => {
		const others = [
			network('plain', 2, bridge('virbr6') + ip('', '10.7.0.1')),
			network('pool', 3, '  <forward mode=\'hostdev\' managed=\'yes\'>\n    <pf dev=\'pf0\'/>\n  </forward>\n'),
			network('out', 4, '  <forward mode=\'bridge\'/>\n  <bridge name=\'br0\'/>\n'),
		];
		const changes: string[] = [];
		const host = hostOf([lab, ...others], {beforeChange: change => changes.push(change)});
		const {error} = await vfctl(host, ['dhcp', ...argv]);
		t.is(error?.code, code, error?.message);
		t.regex(`${error?.message} ${error?.why} ${error?.fix}`, words);
		t.true((error?.fix ?? '') !== '');
		t.deepEqual(changes.filter(change => /network/.test(change)), []);
	});
}

test('small networks: both ends of a /31 but the bridge; the last of a /30 is the broadcast address', async t => {
	const small = (length: number, own: string) => network('small', 5, `  <ip address='${own}' prefix='${length}'><dhcp><range start='10.8.0.2' end='10.8.0.2'/></dhcp></ip>\n`);
	t.is((await vfctl(hostOf([small(31, '10.8.0.0')]), ['dhcp', 'add', 'small', mac, '10.8.0.1'])).error, undefined);
	t.is((await vfctl(hostOf([small(30, '10.8.0.1')]), ['dhcp', 'add', 'small', mac, '10.8.0.3'])).error?.code, 'LEASE_CONFLICT');
	t.is((await vfctl(hostOf([small(30, '10.8.0.1')]), ['dhcp', 'add', 'small', mac, '10.8.0.2'])).error, undefined);
	t.is((await vfctl(hostOf([small(22, '10.8.0.1')]), ['dhcp', 'add', 'small', mac, '10.8.3.255'])).error?.code, 'LEASE_CONFLICT');
	t.is((await vfctl(hostOf([small(22, '10.8.0.1')]), ['dhcp', 'add', 'small', mac, '10.8.1.255'])).error, undefined);
});

test('a network that runs otherwise than it is saved is not touched where they differ', async t => {
	const host = hostOf();
	const libvirt = await host.openLibvirt('qemu:///system');
	await libvirt.updateLease('lab', 'add', `<host mac='${mac}' ip='10.5.0.9'/>`, 'config');
	t.like(((await vfctl(host, ['dhcp', 'list'])).json as unknown as object[])[1], {mac, where: 'config'});
	const {error} = await vfctl(host, ['dhcp', 'add', 'lab', 'vm0', '10.5.0.9']);
	t.is(error?.code, 'LEASE_CONFLICT');
	t.regex(error?.fix ?? '', /virsh net-update lab delete ip-dhcp-host .*--config/);
	t.is((await vfctl(host, ['dhcp', 'add', 'lab', otherMac, '10.5.0.9'])).error?.code, 'LEASE_CONFLICT', 'an address that is only saved is taken too');
	t.is((await vfctl(host, ['dhcp', 'add', 'lab', otherMac, '10.5.0.10'])).error, undefined);
});

test('a transient network takes a lease with a warning, a stopped one in its definition', async t => {
	const transient = hostOf([{...lab, persistent: false, autostart: false}]);
	const {notes, error} = await vfctl(transient, ['dhcp', 'add', 'lab', mac, '10.5.0.7']);
	t.is(error, undefined);
	t.true(notes.some(note => /transient/.test(note)));
	const stopped = hostOf([{...lab, active: false}]);
	t.is((await vfctl(stopped, ['dhcp', 'add', 'lab', mac, '10.5.0.7'])).error, undefined);
	t.is((await leases(stopped)).length, 2);
});

test('planLease on an inventory gives one action, or none', async t => {
	const inventory = await inventoryOf(hostOf());
	const plan = planLease(inventory, {network: 'lab', mac: mac as Mac, wanted: {mac: mac as Mac, ip: '10.5.0.7', name: null}});
	t.deepEqual(plan.actions, [{kind: 'set-lease', network: 'lab', from: null, to: {mac: mac as Mac, ip: '10.5.0.7', name: null}}]);
	t.deepEqual(planLease(inventory, {network: 'lab', mac: '52:54:00:bb:00:01' as Mac, wanted: {mac: '52:54:00:bb:00:01' as Mac, ip: '10.5.0.50', name: 'old'}}).actions, []);
	t.throws(() => planLease({...inventory, networks: null}, {network: 'lab', mac: mac as Mac, wanted: null}), {code: 'LIBVIRT_UNREACHABLE'});
});

const shipped = (state: Partial<NetworkRecord> = {}, lease = '') => network('default', 9, `  <forward mode='nat'/>\n${bridge('virbr0')}${ip(`<dhcp><range start='192.168.122.2' end='192.168.122.254'/>${lease}</dhcp>`, '192.168.122.1')}`, state);
const stopped = {active: false, autostart: false};

test('the missing default network is found, made, started, and taken away by undo', async t => {
	const host = hostOf([]);
	t.deepEqual((await vfctl(host, ['network', 'check'])).json['problems'], [{name: 'missing', text: 'libvirt has no network default'}]);
	t.is((await vfctl(host, ['network', 'list'])).text, 'libvirt has no networks');
	t.is((await vfctl(host, ['dhcp', 'add', 'default', mac, '192.168.122.7'])).error?.fix, 'vfctl network repair');
	t.is((await vfctl(host, ['network', 'repair'])).error, undefined);
	t.like(await find(host, 'default'), {active: true, autostart: true, persistent: true});
	t.regex((await find(host, 'default'))!.xml, /192\.168\.122\.1/);
	t.true((await vfctl(host, ['network', 'check'])).json['ok'] as boolean);
	t.regex((await vfctl(host, ['network', 'repair'])).text, /nothing to do: network default runs and starts with the host/);
	t.is((await vfctl(host, ['undo', '-y'])).error, undefined);
	t.is(await find(host, 'default'), undefined);
});

test('a stopped default network is started and enabled, and undo stops it again', async t => {
	const host = hostOf([shipped(stopped)]);
	const before = JSON.stringify(await find(host, 'default'));
	t.regex((await vfctl(host, ['network', 'check'])).text, /it is not running\n {2}it does not start with the host\nvfctl network repair$/);
	const {text} = await vfctl(host, ['network', 'repair', '--dry-run']);
	t.regex(text, /virsh net-start default/);
	t.regex(text, /virsh net-autostart default/);
	await vfctl(host, ['network', 'repair']);
	t.like(await find(host, 'default'), {active: true, autostart: true});
	t.regex((await vfctl(host, ['network', 'list'])).text, /default +active +yes +nat +virbr0 +0 +192\.168\.122\.1\/24/);
	await vfctl(host, ['undo', '-y']);
	t.is(JSON.stringify(await find(host, 'default')), before);
});

test('a host that is itself in 192.168.122.0/24 gets the next free subnet', async t => {
	const nested = (networks: NetworkRecord[]) => {
		const base = hostBuilder('nested').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', addresses: ['192.168.122.57/24']}).pf({card: '82599', bdf: '0000:03:00.1', name: 'pf1', addresses: ['192.168.123.1/25']}).record();
		return simHost({...base, libvirt: {...base.libvirt!, networks}});
	};

	const missing = nested([]);
	const {notes, error} = await vfctl(missing, ['network', 'repair']);
	t.is(error, undefined);
	t.true(notes.some(note => note.includes('192.168.124.0/24')), notes.join());
	t.regex((await find(missing, 'default'))!.xml, /192\.168\.124\.1/);

	const there = nested([shipped(stopped)]);
	t.deepEqual(((await vfctl(there, ['network', 'check'])).json['problems'] as Array<{name: string}>).map(({name}) => name), ['subnet-in-use', 'inactive', 'no-autostart']);
	t.is((await vfctl(there, ['network', 'repair'])).error, undefined);
	const moved = (await find(there, 'default'))!;
	t.regex(moved.xml, /address='192\.168\.124\.1'[\s\S]*start='192\.168\.124\.2' end='192\.168\.124\.254'/);
	t.is(moved.uuid, uuid(9), 'it is the same network');
	await vfctl(there, ['undo', '-y']);
	t.regex((await find(there, 'default'))!.xml, /192\.168\.122\.1/);

	const used = nested([shipped(stopped, `<host mac='${mac}' ip='192.168.122.7'/>`)]);
	const refusal = (await vfctl(used, ['network', 'repair'])).error;
	t.is(refusal?.code, 'NETWORK_BROKEN');
	t.regex(refusal?.message ?? '', /pf0 has 192\.168\.122\.57\/24/);
	t.regex(refusal?.fix ?? '', /virsh net-edit default/);
});

test('other networks are repaired too, but not made from nothing', async t => {
	const host = hostOf([{...lab, active: false, autostart: false}]);
	t.is((await vfctl(host, ['network', 'repair', 'nope'])).error?.code, 'NETWORK_NOT_FOUND');
	t.is((await vfctl(host, ['network', 'repair', 'lab'])).error, undefined);
	t.like(await find(host, 'lab'), {active: true, autostart: true});
	t.deepEqual(((await vfctl(host, ['network', 'check', 'nope'])).json['problems'] as Array<{name: string}>).map(({name}) => name), ['missing']);
});

test('a transient network is told of, and left as it is', async t => {
	const host = hostOf([{...lab, persistent: false, autostart: false}]);
	const {json} = await vfctl(host, ['network', 'check', 'lab']);
	t.like(json, {ok: true, problems: [{name: 'transient', text: 'it has no saved definition and is lost when it stops'}]});
	const {text, notes} = await vfctl(host, ['network', 'repair', 'lab']);
	t.regex(text, /nothing to do/);
	t.true(notes.some(note => note.includes('net-dumpxml')));
});

test('broken by iptables: explained, nothing changed, and no rule touched', async t => {
	const message = 'internal error: Failed to apply firewall rules /sbin/iptables -w --table filter --list-rules: iptables: Protocol wrong type for socket.';
	const host = hostOf([shipped(stopped)], {libvirtFailures: [{call: 'startNetwork', message}]});
	const before = JSON.stringify(await find(host, 'default'));
	const {error, notes} = await vfctl(host, ['network', 'repair']);
	t.is(error?.code, 'NETWORK_BROKEN');
	t.true(error?.why?.includes(message));
	t.regex(error?.fix ?? '', /modprobe nf_tables.*restart libvirtd/);
	t.like(error?.details, {trouble: 'iptables-kernel', rolledBack: true, libvirtCode: 1});
	t.is(JSON.stringify(await find(host, 'default')), before);
	t.deepEqual(notes.filter(note => note.includes('once more')), [], 'this kernel has no such modules');
});

test('a module that the kernel has is loaded, and the network started then; undo takes both back', async t => {
	const base = record(shipped(stopped));
	const release = [...base.entries].find(([path]) => path === '/proc/sys/kernel/osrelease')?.[1];
	const name = release?.kind === 'text' ? release.text.trim() : '';
	t.not(name, '');
	const host = simHost(withFile(base, `/lib/modules/${name}/modules.dep`, 'kernel/net/netfilter/nf_tables.ko.xz:\nkernel/net/ipv4/netfilter/iptable_nat.ko:\nkernel/net/other.ko:\n'), {
		libvirtFailures: [{call: 'startNetwork', times: 1, message: 'internal error: Failed to apply firewall rules /usr/sbin/iptables -w --table filter --list-rules: iptables: Failed to initialize nft: Protocol not supported'}],
	});
	const {error, notes, json} = await vfctl(host, ['network', 'repair']);
	t.is(error, undefined);
	t.true(notes.some(note => /once more with nf_tables, iptable_nat$/.test(note)), notes.join());
	t.deepEqual((json['plan'] as {actions: Array<{kind: string}>}).actions.map(({kind}) => kind), ['load-module', 'load-module', 'set-network']);
	t.true(host.files.exists('/sys/module/nf_tables'));
	t.like(await find(host, 'default'), {active: true, autostart: true});
	t.is((await vfctl(host, ['undo', '-y'])).error, undefined);
	t.false(host.files.exists('/sys/module/nf_tables'));
	t.like(await find(host, 'default'), stopped);
});

test('libvirt\'s words stay when nobody knows them', async t => {
	const host = hostOf([shipped(stopped)], {libvirtFailures: [{call: 'startNetwork', message: 'internal error: the moon is full'}]});
	const {error} = await vfctl(host, ['network', 'repair']);
	t.is(error?.code, 'LIBVIRT_FAILED');
	t.is(error?.why, 'internal error: the moon is full');
});

test('a network with a hostile name is quoted wherever it is shown or typed', async t => {
	const host = hostOf([network(hostileName, 7, bridge('virbr7') + ip(range), stopped)]);
	const quoted = `'${hostileName.replaceAll('\'', '\'\\\'\'')}'`;
	t.true((await vfctl(host, ['network', 'repair', hostileName, '--dry-run'])).text.includes(`virsh net-start ${quoted}`));
	t.true((await vfctl(host, ['network', 'check', hostileName])).text.includes(`vfctl network repair ${quoted}`));
	t.is((await vfctl(host, ['dhcp', 'add', hostileName, mac, '10.5.0.7'])).error, undefined);
	t.is((await vfctl(host, ['network', 'repair', hostileName])).error, undefined);
	t.is((await vfctl(host, ['dhcp', 'delete', hostileName, otherMac])).error?.code, 'LEASE_NOT_FOUND');
});

test('without libvirt nothing is guessed', async t => {
	const host = simHost(record(), {libvirt: 'unreachable'});
	for (const argv of [['dhcp', 'list'], ['network', 'list'], ['network', 'check'], ['network', 'repair'], ['dhcp', 'add', 'default', mac, '192.168.122.7']]) {
		t.is((await vfctl(host, argv)).error?.code, 'LIBVIRT_UNREACHABLE', argv.join(' '));
	}
});
