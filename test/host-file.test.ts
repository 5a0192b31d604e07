// The host file: what it says, what it must not say, and its way back to text.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {parse as parseYaml} from 'yaml';
import {AppError} from '../lib/errors.ts';
import {checkHostFile} from '../lib/formats/host-file-check.ts';
import {formatHostFile, parseHostFile} from '../lib/formats/host-file.ts';
import type {HostFile} from '../lib/model/host-file.ts';
import {compareNames} from '../lib/model/host-file-order.ts';
import type {Mac} from '../lib/model/mac.ts';

// The tests run from dist/test; fixtures and pages are two levels up.
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const fixture = (name: string) => readFileSync(join(root, 'test', 'fixtures', 'host-files', name), 'utf8');

function refused(t: ExecutionContext, text: string): AppError {
	const error = t.throws(() => parseHostFile(text), {instanceOf: AppError})!;
	t.is(error.code, 'BAD_HOST_FILE', error.stack);
	return error;
}

// What it says

test('every key is read', t => {
	const {pfs, vfs, pools, guests, routes, leases} = parseHostFile(fixture('everything.yaml'));
	t.deepEqual(pfs, [
		{pf: 'ens1f0', numVfs: 8, mtuBytes: 9000, autoprobe: true, link: 'up', driver: 'stock', forwarding: 'off'},
		{pf: 'ens1f1', numVfs: 4},
		{pf: '0000:af:00.1', numVfs: 2},
	]);
	t.deepEqual(vfs, [
		{select: {pf: 'ens1f0', indexes: [0, 1, 2, 3]}, settings: {vlan: 42, qos: 3, vlanProto: '802.1ad', spoofchk: true, trust: false, minTxRateMbps: 0, maxTxRateMbps: 1000, linkState: 'auto'}, driver: 'vfio-pci'},
		{select: {pf: 'ens1f0', indexes: [7]}, settings: {mac: '52:54:00:aa:00:07' as Mac}, driver: 'host'},
		{select: {pf: '0000:af:00.1', indexes: [0]}, settings: {vlan: 0, qos: 0}},
		{select: {pf: '0000:af:00.1', indexes: [1]}, settings: {vlan: 0, qos: 0}},
	]);
	t.deepEqual(pools, [
		{name: 'fast', state: 'present', autostart: true, source: {pf: 'ens1f1'}},
		{name: 'slow', state: 'present', autostart: false, source: {vfs: [{pf: 'ens1f0', indexes: [4]}, {pf: 'ens1f0', indexes: [5]}]}},
		{name: 'old', state: 'absent', autostart: true},
	]);
	t.deepEqual(guests, [
		{name: 'vm0', vfs: [
			{
				source: {pf: 'ens1f0', index: 6}, mac: '52:54:00:aa:00:06' as Mac, settings: {vlan: 100, trust: true}, method: 'interface', managed: true, failover: {network: 'default'},
				network: {
					addresses: ['20.0.0.3/24', 'fd00::3/64'],
					routes: [
						{to: '0.0.0.0/0', via: '20.0.0.1', metric: null},
						{to: '10.0.0.0/24', via: '20.0.0.1', metric: 100},
						{to: '10.1.0.0/24', via: null, metric: null},
						{to: '::/0', via: 'fd00::1', metric: null},
					],
					mtuBytes: 1500, nameservers: ['20.0.0.1'], file: 'netplan',
				},
			},
			{
				source: {pool: 'fast'}, mac: '52:54:00:aa:00:f0' as Mac, settings: {}, failover: {bridge: 'br0'},
				network: {addresses: ['20.1.0.3/24'], routes: [{to: '0.0.0.0/0', via: '20.1.0.1', metric: null}], nameservers: [], file: 'none'},
			},
		]},
		{name: '123', vfs: []},
		{name: '__proto__'},
	]);
	t.deepEqual(routes, [
		{to: '20.0.0.0/24', via: null, metric: null, dev: 'ens1f0', state: 'present'},
		{to: '10.0.0.0/24', via: '20.0.0.3', metric: 5, dev: 'ens1f0', state: 'present'},
		{to: 'fd00:9::/64', via: 'fd00::3', metric: null, dev: 'ens1f0', state: 'absent'},
	]);
	t.deepEqual(leases, [
		{network: 'default', mac: '52:54:00:00:00:01' as Mac, ip: '192.168.122.10', name: 'web1', state: 'present'},
		{network: 'default', mac: '52:54:00:00:00:02' as Mac, ip: null, name: null, state: 'absent'},
		{network: 'lab', mac: '52:54:00:00:00:01' as Mac, ip: '192.168.122.10', name: null, state: 'present'},
	]);
});

const same: ReadonlyArray<readonly [what: string, one: string, other: string]> = [
	['JSON', 'version: 1\npfs: {ens1f0: {numVfs: 2}}', '{"version": 1, "pfs": {"ens1f0": {"numVfs": 2}}}'],
	['Windows line ends', 'version: 1\npfs: {ens1f0: {numVfs: 2}}', 'version: 1\r\npfs: {ens1f0: {numVfs: 2}}\r\n'],
	['a byte order mark', 'version: 1', '\uFEFFversion: 1'],
	['a document start', 'version: 1', '---\nversion: 1\n'],
	['a short PCI address', 'version: 1\npfs: {"0000:03:00.0": {numVfs: 2}}', 'version: 1\npfs: {"03:00.0": {numVfs: 2}}'],
	['a MAC in capitals', 'version: 1\nvfs: [{select: a#1, mac: 52:54:00:aa:bb:cc}]', 'version: 1\nvfs: [{select: a#1, mac: 52-54-00-AA-BB-CC}]'],
	['an IPv6 address written out', 'version: 1\nroutes: [{to: fd00::/64, dev: a}]', 'version: 1\nroutes: [{to: "FD00:0:0:0::/64", dev: a}]'],
	['indexes out of order', 'version: 1\nvfs: [{select: "a#0-2,5", vlan: 1}]', 'version: 1\nvfs: [{select: "a#5,2,0-1", vlan: 1}]'],
	['one VF of a pool alone', 'version: 1\npools: {p: {vfs: [a#1]}}', 'version: 1\npools: {p: {vfs: a#1}}'],
	['a gateway as a route', 'version: 1\nguests: {v: {vfs: [{vf: a#1, network: {addresses: [10.0.0.2/24], gateway: 10.0.0.1}}]}}', 'version: 1\nguests: {v: {vfs: [{vf: a#1, network: {addresses: [10.0.0.2/24], routes: [{to: 0.0.0.0/0, via: 10.0.0.1}]}}]}}'],
];

for (const [what, one, other] of same) {
	test(`${what} says the same`, t => {
		t.deepEqual(parseHostFile(other), parseHostFile(one));
	});
}

test('a file that says nothing but its version is a host file', t => {
	t.deepEqual(parseHostFile('version: 1\n'), {version: 1, pfs: [], vfs: [], pools: [], guests: [], routes: [], leases: [], hugepages: []});
});

// What it must not say: the place and the reason

const v1 = 'version: 1\n';
const guest = (text: string) => `${v1}guests: {vm0: {vfs: [{vf: a#0, network: {${text}}}]}}`;
const mistakes: ReadonlyArray<readonly [what: string, text: string, message: RegExp, why: RegExp, fix?: RegExp]> = [
	// Keys
	['nmstate\'s name of the VF count', `${v1}pfs:\n  ens1f0:\n    total-vfs: 4\n`, /^host file: pfs\.ens1f0\.total-vfs \(line 4:5\): there is no key 'total-vfs' here$/, /did you mean 'numVfs'\?/, /write numVfs/],
	['our name with hyphens', `${v1}vfs: [{select: a#1, max-tx-rate: 5}]`, /vfs\[0\]\.max-tx-rate \(line 2:21\)/, /'maxTxRate'/],
	['a slip of the finger', `${v1}vfs: [{selct: a#1}]`, /'selct'/, /'select'/],
	['sriov_numvfs', `${v1}pfs: {a: {sriov_numvfs: 1}}`, /sriov_numvfs/, /'numVfs'/],
	['mac-address', `${v1}vfs: [{select: a#1, mac-address: 52:54:00:00:00:01}]`, /mac-address/, /'mac'/],
	['spoof-check', `${v1}vfs: [{select: a#1, spoof-check: true}]`, /spoof-check/, /'spoofchk'/],
	['vlan-id', `${v1}vfs: [{select: a#1, vlan-id: 3}]`, /vlan-id/, /'vlan'/],
	['deviceType', `${v1}vfs: [{select: a#1, deviceType: vfio-pci}]`, /deviceType/, /'driver'/],
	['pfNames', `${v1}vfs: [{pfNames: a#1}]`, /pfNames/, /'select'/],
	['next-hop-interface', `${v1}routes: [{to: 10.0.0.0/8, next-hop-interface: a}]`, /next-hop-interface/, /'dev'/],
	['a key like none', `${v1}pfs: {a: {colour: red}}`, /there is no key 'colour' here/, /the keys here are: numVfs, mtu, autoprobe, link, driver, forwarding/],
	['interfaces at the top', `${v1}interfaces: []`, /interfaces \(line 2:1\)/, /'pfs'/],
	['__proto__ at the top', `${v1}__proto__: {pfs: {}}`, /there is no key '__proto__' here/, /the keys here/],
	['constructor in a PF', `${v1}pfs: {a: {constructor: {}}}`, /there is no key 'constructor'/, /the keys here/],
	['a key twice', `${v1}pfs:\n  a: {mtu: 1500}\n  a: {mtu: 9000}\n`, /pfs \(line 4:3\): 'a' is there twice/, /only one/],
	['a section without content', `${v1}pfs:\n`, /pfs \(line 2:5\): here is nothing/, /must be a mapping/],
	['a list for a mapping', `${v1}pfs: []`, /here is a list/, /must be a mapping/],
	['a mapping for a list', `${v1}vfs: {a: 1}`, /here is a mapping/, /must be a list/],
	// Version
	['no version', 'pfs: {}', /'version' is missing/, /version: 1/],
	['another version', 'version: 2', /here is '2'/, /from 1 to 1/],
	['a version in quotes', 'version: "1"', /1 is in quotes/, /whole number/, /write 1/],
	// Numbers
	['a count in words', `${v1}pfs:\n  a:\n    numVfs: eight\n`, /pfs\.a\.numVfs \(line 4:13\): here is 'eight'/, /a number of VFs, a whole number from 0 to 65535/],
	['a hexadecimal count', `${v1}pfs: {a: {numVfs: 0x8}}`, /'0x8'/, /whole number/, /decimal digits/],
	['a count with a dot', `${v1}pfs: {a: {numVfs: 8.0}}`, /'8\.0'/, /whole number/],
	['a count with an exponent', `${v1}pfs: {a: {numVfs: 1e1}}`, /'1e1'/, /whole number/],
	['a count with a zero before', `${v1}pfs: {a: {numVfs: 010}}`, /'010'/, /whole number/],
	['a negative count', `${v1}pfs: {a: {numVfs: -1}}`, /'-1'/, /from 0 to 65535/],
	['a count above all', `${v1}pfs: {a: {numVfs: 65536}}`, /'65536'/, /from 0 to 65535/],
	['an endless count', `${v1}pfs: {a: {numVfs: .inf}}`, /'\.inf'/, /whole number/],
	['an MTU of 67', `${v1}pfs: {a: {mtu: 67}}`, /'67'/, /from 68 to 65535/],
	['VLAN 4095', `${v1}vfs: [{select: a#1, vlan: 4095}]`, /vfs\[0\]\.vlan \(line 2:27\): here is '4095'/, /from 0 to 4094/],
	['a priority of 8', `${v1}vfs: [{select: a#1, vlan: 1, qos: 8}]`, /'8'/, /from 0 to 7/],
	['a priority without a VLAN', `${v1}vfs: [{select: a#1, qos: 3}]`, /qos without vlan/, /VLAN tag/],
	['a priority with VLAN 0', `${v1}vfs: [{select: a#1, vlan: 0, qos: 3}]`, /a priority without a VLAN/, /vlan is 0/],
	['802.1ad without a VLAN', `${v1}vfs: [{select: a#1, vlanProto: 802.1ad}]`, /vlanProto without vlan/, /VLAN tag/],
	['a minimum above the maximum', `${v1}vfs: [{select: a#1, minTxRate: 200, maxTxRate: 100}]`, /a minimum of 200 Mbit\/s is above the maximum of 100/, /guaranteed more/],
	// Booleans
	['trust: on', `${v1}vfs: [{select: a#1, trust: on}]`, /vfs\[0\]\.trust .*: here is 'on'/, /true or false.*yes, no, on and off are words/, /write true/],
	['spoofchk: no', `${v1}vfs: [{select: a#1, spoofchk: no}]`, /here is 'no'/, /true or false/, /write false/],
	['a boolean in quotes', `${v1}vfs: [{select: a#1, trust: "true"}]`, /"true" is in quotes/, /true or false/],
	['autoprobe: 1', `${v1}pfs: {a: {autoprobe: 1}}`, /here is '1'/, /true or false/, /write true/],
	['a boolean with a capital', `${v1}pfs: {a: {autoprobe: True}}`, /here is 'True'/, /true or false/],
	// Words
	['a link that is down', `${v1}pfs: {a: {link: down}}`, /here is 'down'/, /not taken down: up/],
	['another driver of a PF', `${v1}pfs: {a: {driver: rebuilt}}`, /here is 'rebuilt'/, /not supported by this version: stock/],
	['forwarding', `${v1}pfs: {a: {forwarding: veb}}`, /here is 'veb'/, /passes frames between VFs of the PF on: on or off/],
	['a link state', `${v1}vfs: [{select: a#1, linkState: enabled}]`, /here is 'enabled'/, /auto or enable or disable/, /write enable/],
	['a method', `${v1}guests: {v: {vfs: [{vf: a#1, method: network}]}}`, /here is 'network'/, /hostdev or interface/],
	['a format of a file', guest('file: ifupdown'), /here is 'ifupdown'/, /auto or none or netplan/],
	// Names
	['an interface that is too long', `${v1}pfs: {abcdefghijklmnop: {}}`, /'abcdefghijklmnop' is no PF/, /1 to 15 characters/],
	['an interface with a slash', `${v1}pfs: {"a/b": {}}`, /pfs\."a\/b".*is no PF/, /no blanks, slashes/],
	['the loopback interface', `${v1}routes: [{to: 10.0.0.0/8, dev: lo}]`, /'lo' is no interface/, /reserved/],
	['a PF called all', `${v1}pfs: {all: {}}`, /'all' is no PF/, /reserved/],
	['a guest with a slash', `${v1}guests: {"../x": {}}`, /is no name of a guest/, /no slash/],
	['a guest with a line in its name', `${v1}guests: {"a\\nb": {}}`, /is no name of a guest/, /no control character/],
	['the pool default', `${v1}pools: {default: {pf: a}}`, /'default' is no name of a pool/, /libvirt's own NAT network/],
	['a driver with a slash', `${v1}vfs: [{select: a#1, driver: ../../x}]`, /is no driver/, /name of a driver/],
	['a lease for a sentence', `${v1}dhcp: {default: [{mac: 52:54:00:00:00:01, ip: 10.0.0.1, name: "a b"}]}`, /'a b' is no host name/, /letters, digits/],
	// Ranges
	['a PF for VFs', `${v1}vfs: [{select: ens1f0, vlan: 1}]`, /'ens1f0' does not name VFs/, /ens1f0#0-3/],
	['a range upside down', `${v1}vfs: [{select: a#3-0}]`, /'a#3-0' does not name VFs/, /ens1f0#0-3/],
	['nmstate\'s spelling', `${v1}vfs: [{select: 'sriov:a:3'}]`, /'sriov:a:3' does not name VFs/, /ens1f0#3/, /write a#3/],
	['an index above all', `${v1}vfs: [{select: a#70000}]`, /does not name VFs/, /ens1f0#0-3/],
	['a very long range', `${v1}vfs: [{select: "a#${'0-65534,'.repeat(50_000)}1"}]`, /a text of 400005 characters/, /no value is longer/],
	['a long range', `${v1}vfs: [{select: "a#${'0-65534,'.repeat(900)}1"}]`, /does not name VFs/, /ens1f0#0-3/],
	['no VF', `${v1}vfs: [{select: [], vlan: 1}]`, /no VF is named/, /at least one/],
	['a range for a guest', `${v1}guests: {v: {vfs: [{vf: a#0-1}]}}`, /2 VFs/, /an entry of its own/],
	['more VFs than any host has', `${v1}vfs: [${Array.from({length: 20}, (_, index) => `{select: a${index}#0-65534}`).join(', ')}]`, /more than 100000 VFs are named/, /no host has that many/],
	// Addresses
	['a MAC of five bytes', `${v1}vfs: [{select: a#1, mac: 52:54:00:00:01}]`, /vfs\[0\]\.mac .*cannot be the MAC address of a VF/, /six pairs/],
	['a multicast MAC', `${v1}vfs: [{select: a#1, mac: 01:00:5e:00:00:01}]`, /cannot be the MAC/, /multicast/],
	['a zero MAC', `${v1}vfs: [{select: a#1, mac: 00:00:00:00:00:00}]`, /cannot be the MAC/, /zero address/],
	['one MAC for many VFs', `${v1}vfs: [{select: a#0-3, mac: 52:54:00:00:00:01}]`, /vfs\[0\]\.mac .*one MAC address for 4 VFs/, /its own/],
	['an address without a length', guest('addresses: [10.0.0.3]'), /guests\.vm0\.vfs\[0\]\.network\.addresses\[0\]/, /like 20\.0\.0\.3\/24/],
	['an address with a length of 33', guest('addresses: [10.0.0.3/33]'), /10\.0\.0\.3\/33/, /like 20\.0\.0\.3\/24/],
	['an address with a zero before', guest('addresses: [10.0.0.010/24]'), /10\.0\.0\.010/, /like 20\.0\.0\.3\/24/],
	['a multicast address', guest('addresses: [224.0.0.1/24]'), /224\.0\.0\.1 is no address of an interface/, /multicast/],
	['a network for an address', guest('addresses: [10.0.0.0/24]'), /10\.0\.0\.0\/24 is the network itself/, /an address in it/],
	['a broadcast address', guest('addresses: [10.0.0.255/24]'), /10\.0\.0\.255 is the broadcast address/, /another address/],
	['a route to an address in a network', `${v1}routes: [{to: 10.0.0.3/24, dev: a}]`, /10\.0\.0\.3\/24 is an address in a network/, /without bits/, /10\.0\.0\.0\/24, or 10\.0\.0\.3\/32/],
	['a route to default', `${v1}routes: [{to: default, dev: a}]`, /'default' does not tell/, /0\.0\.0\.0\/0 for IPv4 and ::\/0 for IPv6/],
	['a gateway of another family', `${v1}routes: [{to: 10.0.0.0/24, via: "fd00::1", dev: a}]`, /of another family/, /both IPv4 or both IPv6/],
	['a route without an interface', `${v1}routes: [{to: 10.0.0.0/24}]`, /routes\[0\] \(line 2:10\): 'dev' is missing/, /leaves by an interface/],
	['a gateway outside the networks', guest('addresses: [20.0.0.3/24], gateway: 20.0.1.1'), /network\.gateway .*the gateway 20\.0\.1\.1 cannot be reached/, /20\.0\.0\.0\/24/],
	['an IPv6 gateway outside the networks', guest('addresses: ["fd00::3/64"], gateway: "fd01::1"'), /fd01::1 cannot be reached/, /fd00::\/64/],
	['a gateway that is the guest', guest('addresses: [20.0.0.3/24], gateway: 20.0.0.3'), /is the guest's own address/, /another machine/],
	['two gateways of a family', guest('addresses: [20.0.0.3/24], gateway: [20.0.0.1, 20.0.0.2]'), /two routes to 0\.0\.0\.0\/0/, /one for each metric/],
	['a small MTU with IPv6', guest('addresses: ["fd00::3/64"], mtu: 1000'), /an MTU of 1000 with an IPv6 address/, /1280/],
	['an MTU above that of the PF', `${v1}pfs: {a: {mtu: 1500}}\nguests: {v: {vfs: [{vf: a#0, network: {mtu: 9000}}]}}`, /an MTU of 9000 is above that of the PF/, /pfs says 1500/],
	['an IPv6 lease', `${v1}dhcp: {default: [{mac: 52:54:00:00:00:01, ip: "fd00::5"}]}`, /fd00::5 is an IPv6 address/, /DUID/],
	// Whole files
	['a PCI address in two spellings', `${v1}pfs: {"0000:03:00.0": {}, "03:00.0": {}}`, /0000:03:00\.0 is there twice/, /two ways/],
	['contradicting settings of a VF', `${v1}vfs: [{select: a#0-3, vlan: 1}, {select: a#2-5, vlan: 2}]`, /vfs\[1\]\.vlan .*a#2 has two values of vlan/, /vfs\[0\] says 1, and this 2/],
	['contradicting drivers of a VF', `${v1}vfs: [{select: a#0-3, driver: vfio-pci}, {select: a#3, driver: host}]`, /a#3 has two values of driver/, /vfio-pci, and this host/],
	['a setting that the guest contradicts', `${v1}vfs: [{select: a#0-3, vlan: 1}]\nguests: {v: {vfs: [{vf: a#3, vlan: 2}]}}`, /guests\.v\.vfs\[0\]\.vlan .*a#3 has two values of vlan/, /vfs\[0\] says 1/],
	['a VF of two guests', `${v1}guests: {v: {vfs: [{vf: a#3}]}, w: {vfs: [{vf: a#3}]}}`, /guests\.w\.vfs\[0\]\.vf .*a#3 has two owners/, /guest v has it, and guest w/],
	['a VF twice in a guest', `${v1}guests: {v: {vfs: [{vf: a#3}, {vf: a#3}]}}`, /a#3 has two owners/, /guest v/],
	['a VF of a guest and a pool', `${v1}pools: {p: {vfs: [a#2-4]}}\nguests: {v: {vfs: [{vf: a#3}]}}`, /a#3 has two owners/, /pool p has it, and guest v/],
	['a VF of a guest and of the pool of its PF', `${v1}pools: {p: {pf: a}}\nguests: {v: {vfs: [{vf: a#3}]}}`, /a#3 has two owners/, /pool p has it/],
	['a VF of two pools', `${v1}pools: {p: {vfs: [a#2-4]}, q: {vfs: [a#4-6]}}`, /pools\.q\.vfs\[0\] .*a#4 has two owners/, /pool p has it, and pool q/],
	['a PF of two pools', `${v1}pools: {p: {pf: a}, q: {pf: a}}`, /a is in two pools/, /pool p/],
	['a VF of a guest that stays with the host', `${v1}vfs: [{select: a#0-3, driver: host}]\nguests: {v: {vfs: [{vf: a#3}]}}`, /vfs\[0\]\.driver .*a#3 has two owners/, /guest v has it, and driver: host/],
	['a VF of a pool on a network driver', `${v1}vfs: [{select: a#0, driver: igbvf}]\npools: {p: {pf: a}}`, /a#0 has two owners/, /driver: igbvf/],
	['an index beyond numVfs', `${v1}pfs: {a: {numVfs: 4}}\nvfs: [{select: a#2-4, vlan: 1}]`, /vfs\[0\]\.select .*a has no VF 4/, /numVfs: 4, which are VFs 0 to 3/],
	['a VF of a PF that is to have none', `${v1}pfs: {a: {numVfs: 0}}\nguests: {v: {vfs: [{vf: a#0}]}}`, /a has no VF 0/, /numVfs: 0/],
	['a MAC of two VFs', `${v1}vfs: [{select: a#1, mac: 52:54:00:00:00:01}]\nguests: {v: {vfs: [{vf: a#2, mac: 52:54:00:00:00:01}]}}`, /the MAC address 52:54:00:00:00:01 is there twice/, /a#1 has it too/],
	['a MAC of two guests on a pool', `${v1}guests: {v: {vfs: [{pool: p, mac: 52:54:00:00:00:01}]}, w: {vfs: [{pool: p, mac: 52:54:00:00:00:01}]}}`, /is there twice/, /guest v/],
	['an address of two guests', `${v1}guests: {v: {vfs: [{vf: a#1, network: {addresses: [10.0.0.3/24]}}]}, w: {vfs: [{vf: a#2, network: {addresses: [10.0.0.3/16]}}]}}`, /guests\.w\..*the address 10\.0\.0\.3 is there twice/, /guest v \(VF 1\)/],
	['an address that is somebody\'s lease', `${v1}guests: {v: {vfs: [{vf: a#1, network: {addresses: [10.0.0.3/24]}}]}}\ndhcp: {default: [{mac: 52:54:00:00:00:01, ip: 10.0.0.3}]}`, /10\.0\.0\.3 is there twice/, /the DHCP lease of 52:54:00:00:00:01/],
	['two routes to one network', `${v1}routes: [{to: 10.0.0.0/8, dev: a}, {to: 10.0.0.0/8, dev: b}]`, /routes\[1\]\.to .*two routes to 10\.0\.0\.0\/8/, /a has one too/],
	['a route that is there and is not', `${v1}routes: [{to: 10.0.0.0/8, dev: a}, {to: 10.0.0.0/8, dev: a, state: absent}]`, /both present and absent/, /only one/],
	['two leases with one address', `${v1}dhcp: {default: [{mac: 52:54:00:00:00:01, ip: 10.0.0.1}, {mac: 52:54:00:00:00:02, ip: 10.0.0.1}]}`, /dhcp\.default\[1\]\.ip .*two leases with the ip 10\.0\.0\.1/, /52:54:00:00:00:01/],
	['two leases for one MAC', `${v1}dhcp: {default: [{mac: 52:54:00:00:00:01, ip: 10.0.0.1}, {mac: 52:54:00:00:00:01, state: absent}]}`, /two leases with the mac/, /its own|the other/],
	['two leases with one name', `${v1}dhcp: {default: [{mac: 52:54:00:00:00:01, ip: 10.0.0.1, name: w}, {mac: 52:54:00:00:00:02, ip: 10.0.0.2, name: w}]}`, /two leases with the name w/, /the other/],
	// Parts that belong together
	['a guest\'s VF from nowhere', `${v1}guests: {v: {vfs: [{mac: 52:54:00:00:00:01}]}}`, /neither vf nor pool is there/, /by name, or one from a pool/],
	['a guest\'s VF from two places', `${v1}guests: {v: {vfs: [{vf: a#1, pool: p}]}}`, /both vf and pool are there/, /by name, or one from a pool/],
	['trust for a VF from a pool', `${v1}guests: {v: {vfs: [{pool: p, trust: true}]}}`, /trust cannot be told for a VF from a pool/, /only its MAC and VLAN/],
	['a method for a VF from a pool', `${v1}guests: {v: {vfs: [{pool: p, method: hostdev}]}}`, /method cannot be told/, /libvirt chooses/],
	['a pool that is not to be', `${v1}pools: {p: {state: absent}}\nguests: {v: {vfs: [{pool: p}]}}`, /guests\.v\.vfs\[0\]\.pool .*the pool p is not to be/, /state: absent/],
	['a pool of nothing', `${v1}pools: {p: {}}`, /neither pf nor vfs is there/, /all VFs of one PF, or some VFs/],
	['a pool of a PF and VFs', `${v1}pools: {p: {pf: a, vfs: [a#1]}}`, /both pf and vfs are there/, /all VFs of one PF/],
	['a pool without VFs', `${v1}pools: {p: {vfs: []}}`, /no VF is named/, /could give nothing/],
	['an absent pool with a PF', `${v1}pools: {p: {pf: a, state: absent}}`, /pools\.p\.pf .*not to be has nothing/, /state is absent/],
	['a failover of nothing', `${v1}guests: {v: {vfs: [{vf: a#1, failover: {}}]}}`, /neither network nor bridge/, /stands in/],
	['a failover of both', `${v1}guests: {v: {vfs: [{vf: a#1, failover: {network: n, bridge: b}}]}}`, /both network and bridge/, /one of them/],
	// YAML
	['an anchor', `${v1}pfs: &x {}\n`, /line 2:6: '&x' is an anchor/, /not read here/],
	['an alias', `${v1}pfs: *x\n`, /'\*x' is an alias/, /not read here/],
	['a YAML bomb', `a: &a [x,x,x,x]\n${Array.from({length: 20}, (_, index) => `${String.fromCodePoint(98 + index)}: &${String.fromCodePoint(98 + index)} [${`*${String.fromCodePoint(97 + index)},`.repeat(9)}]`).join('\n')}`, /line 1:4: '&a' is an anchor/, /endlessly much/],
	['a tag', `${v1}pfs: !!map {}\n`, /'!!map' is a tag/, /one type/],
	['a JavaScript tag', 'version: !!js/function "function () {}"', /is a tag/, /one type/],
	['a directive', `%YAML 1.1\n---\n${v1}`, /'%YAML 1\.1' is a directive/, /YAML 1\.2/],
	['a merge key', `${v1}pfs: {a: {<<: {}}}`, /pfs\.a \(line 2:11\): '<<' is a merge key/, /not part of YAML 1\.2/],
	['a second document', `${v1}---\n${v1}`, /line 2:1: a second document begins/, /one thing/],
	['a tab before a key', `${v1}pfs:\n\ta: {}\n`, /line 3:1: this is not YAML/, /[Tt]abs/],
	['a bracket too many', `${v1}vfs: []]`, /']' closes what was never opened|this is not YAML/, /./],
	['a text that ends with a colon', `${v1}routes:\n  - to: fd00::\n    dev: a\n`, /this is not YAML|here is/, /./],
	['a list as a key', `${v1}? [a]\n: 1\n`, /line 2:3: a key is not a word/, /only words are keys/],
	['an empty key', `${v1}: 1\n`, /a key is not a word/, /only words/],
	['a NUL', 'version: 1\u0000', /line 1:11: there is a control character \(U\+0000\)/, /a text file has none/],
	['an escape sequence', 'version: 1 # \u001B[31m', /control character \(U\+001B\)/, /none/],
	['an empty file', '', /it is empty/, /says nothing/],
	['nothing but a comment', '# hello\n', /it is empty/, /says nothing/],
	['a sentence', 'hello', /here is 'hello'/, /must be a mapping/],
	['a list', '- a\n', /here is a list/, /must be a mapping/],
];

for (const [what, text, message, why, fix] of mistakes) {
	test(`refused: ${what}`, t => {
		const error = refused(t, text);
		t.regex(error.message, message);
		t.regex(error.why ?? '', why);
		t.regex(error.fix ?? '', fix ?? /./);
		t.true(error.message.length < 300, 'a message is a line, however long the file');
	});
}

test('every mistake is told, not only the first', t => {
	const error = refused(t, `${v1}pfs: {a: {mtu: x, numvf: 3}}\nvfs: [{select: a#1, trust: on}]\nfoo: 1\n`);
	const problems = error.details['problems'] as Array<{path: string; line: number; column: number}>;
	t.deepEqual(problems.map(({path, line}) => `${path} ${line}`), ['foo 4', 'pfs.a.numvf 2', 'pfs.a.mtu 2', 'vfs[0].trust 3']);
	t.regex(error.why!, /also pfs\.a\.mtu \(line 2:16\): here is 'x'/);
});

test('of thousands of mistakes twenty are told', t => {
	const error = refused(t, `${v1}pfs:\n${Array.from({length: 3000}, (_, index) => `  a${index}: {x: 1}\n`).join('')}`);
	t.is((error.details['problems'] as unknown[]).length, 20);
	t.is(error.details['total'], 3000);
	t.regex(error.why!, /and 2980 more$/);
});

test('a message does not carry control characters or endless text of the file', t => {
	const error = refused(t, `${v1}vfs: [{select: "${'x'.repeat(5000)}"}, {select: "a\\u001b[2Jb"}]`);
	t.notRegex(error.message + error.why!, /[\u0000-\u0008\u000E-\u001F]/);
	t.true(error.why!.length < 1000);
});

// The page

test('the example of the page is a host file, and so is every other YAML in it', t => {
	const page = readFileSync(join(root, 'docs', 'host-file.md'), 'utf8');
	const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block!);
	t.true(blocks.length > 0);
	const files = blocks.map(block => parseHostFile(block));
	const [{pfs, vfs, pools, guests, routes, leases, hugepages}] = files as [HostFile];
	t.true([pfs, vfs, pools, guests, routes, leases, hugepages].every(({length}) => length > 0), 'the example has every section');
	t.deepEqual(files.map(file => parseHostFile(formatHostFile(file))), files);
});

test('the page tells every key that is read', t => {
	const page = readFileSync(join(root, 'docs', 'host-file.md'), 'utf8');
	const told = (text: string): string[] => /: (?:the keys here are: )(.*)$/m.exec(`x: ${refused(t, text).why!.split('\n')[0]!}`)?.[1]?.split(', ') ?? [];
	const keys = [
		'a0a0a0: 1', 'pfs: {a: {a0a0a0: 1}}', 'vfs: [{select: a#1, a0a0a0: 1}]', 'pools: {p: {pf: a, a0a0a0: 1}}', 'guests: {v: {a0a0a0: 1}}', 'guests: {v: {vfs: [{vf: a#1, a0a0a0: 1}]}}',
		'guests: {v: {vfs: [{vf: a#1, network: {a0a0a0: 1}}]}}', 'routes: [{to: 10.0.0.0/8, dev: a, a0a0a0: 1}]', 'dhcp: {default: [{mac: 52:54:00:00:00:01, ip: 10.0.0.1, a0a0a0: 1}]}',
	].flatMap(text => told(v1 + text));
	t.true(keys.length > 50, keys.join(' '));
	for (const key of keys) {
		t.regex(page, new RegExp(`\\b${key}\\b`), key);
	}
});

// Allowed, although it looks like a mistake

const allowed: ReadonlyArray<readonly [what: string, text: string]> = [
	['a VF of a guest on vfio-pci', 'vfs: [{select: a#1, driver: vfio-pci}]\nguests: {v: {vfs: [{vf: a#1, managed: false}]}}'],
	['a VF of a pool on vfio-pci', 'vfs: [{select: a#1, driver: vfio-pci}]\npools: {p: {pf: a}}'],
	['the same setting twice', 'vfs: [{select: a#0-3, vlan: 1}, {select: a#2, vlan: 1, trust: true}]'],
	['a MAC told for the VF and for its guest', 'vfs: [{select: a#1, mac: 52:54:00:00:00:01}]\nguests: {v: {vfs: [{vf: a#1, mac: 52:54:00:00:00:01}]}}'],
	['a lease for the MAC of a guest with its address', 'guests: {v: {vfs: [{vf: a#1, mac: 52:54:00:00:00:01, network: {addresses: [10.0.0.3/24]}}]}}\ndhcp: {default: [{mac: 52:54:00:00:00:01, ip: 10.0.0.3}]}'],
	['a network in a network', 'routes: [{to: 10.0.0.0/8, dev: a}, {to: 10.1.0.0/16, dev: b}]'],
	['two metrics', 'routes: [{to: 10.0.0.0/8, dev: a}, {to: 10.0.0.0/8, dev: b, metric: 5}]'],
	['a route that moves', 'routes: [{to: 10.0.0.0/8, dev: a, state: absent}, {to: 10.0.0.0/8, dev: b}]'],
	['a link-local gateway', 'guests: {v: {vfs: [{vf: a#1, network: {addresses: ["fd00::3/64"], gateway: "fe80::1"}}]}}'],
	['a gateway without addresses, which come by DHCP', 'guests: {v: {vfs: [{vf: a#1, network: {gateway: 10.0.0.1}}]}}'],
	['both addresses of a /31', 'guests: {v: {vfs: [{vf: a#1, network: {addresses: [10.0.0.0/31]}}, {vf: a#2, network: {addresses: [10.0.0.1/31]}}]}}'],
	['a guest called like a number', 'guests: {007: {vfs: []}}'],
	['a guest with blanks and an exclamation mark', 'guests: {"my vm!": {vfs: []}}'],
];

for (const [what, text] of allowed) {
	test(`allowed: ${what}`, t => {
		const file = parseHostFile(v1 + text);
		t.deepEqual(parseHostFile(formatHostFile(file)), file);
	});
}

// Nonsense is answered at once

const million = 1_000_000;
const nonsense: ReadonlyArray<readonly [what: string, text: () => string]> = [
	['ten million brackets', () => '['.repeat(10 * million)],
	['a million brackets', () => '['.repeat(million)],
	['a million closing brackets', () => ']'.repeat(million)],
	['a million dashes', () => '- '.repeat(million / 2)],
	['a million question marks', () => '? '.repeat(million / 2)],
	['a thousand levels', () => Array.from({length: 1400}, (_, index) => `${' '.repeat(index)}a:`).join('\n')],
	['a hundred thousand keys', () => Array.from({length: 100_000}, (_, index) => `k${index}: 1`).join('\n')],
	['forty thousand keys', () => Array.from({length: 40_000}, (_, index) => `k${index}: 1`).join('\n')],
	['forty thousand PFs', () => `version: 1\npfs:\n${Array.from({length: 40_000}, (_, index) => `  p${index}: {}`).join('\n')}\nx: 1`],
	['a million quotes', () => '"'.repeat(million)],
	['a million colons', () => ':'.repeat(million)],
	['many documents', () => '---\n'.repeat(million / 4)],
	['many empty lines', () => '\n'.repeat(million)],
	['a million blanks', () => ' '.repeat(million)],
	['many anchors', () => '&a '.repeat(million / 3)],
	['many broken lists', () => 'a: [\n'.repeat(million / 5)],
	['a million commas', () => `[${','.repeat(million)}`],
	['deep lists in many lines', () => `${'- '.repeat(20)}a\n`.repeat(20_000)],
	['many escapes', () => `"${'\\x'.repeat(million / 2)}"`],
	['a long scalar', () => `version: ${'x'.repeat(million)}`],
	['a scalar of many lines', () => `version: ${'x\n  '.repeat(million / 4)}`],
	['many VFs in many entries', () => `version: 1\nvfs:\n${'  - {select: a#0-65534, vlan: 1}\n'.repeat(20_000)}`],
	['many VFs for many pools', () => `version: 1\npools:\n${Array.from({length: 15_000}, (_, index) => `  p${index}: {vfs: [a#0-65534]}`).join('\n')}`],
];

for (const [what, text] of nonsense) {
	test.serial(`nonsense is refused at once: ${what}`, t => {
		// What would take for ever is ended by the time limit of the test runner.
		refused(t, text());
	});
}

test('whatever the bytes are, the answer is BAD_HOST_FILE or a host file', t => {
	const pieces = ['version: 1\n', 'pfs', ': ', '\n', '  ', '- ', '{', '}', '[', ']', ',', '"', '\'', '#', '&a', '*a', '!!x', '|', '>', '?', '---\n', 'a#0-3', '1', 'true', 'vfs:\n  - ', '\t', '\r', '\u00E9', '\u{1F600}', '\uD800', '%', '~', '\\'];
	let seed = 42;
	const random = (below: number) => {
		seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
		return Math.floor(seed / 65_536) % below;
	};

	let bad = 0;
	for (let run = 0; run < 3000; run++) {
		const text = Array.from({length: random(40)}, () => pieces[random(pieces.length)]).join('');
		try {
			parseHostFile(text);
		} catch (error) {
			t.true(error instanceof AppError && error.code === 'BAD_HOST_FILE', `${JSON.stringify(text)}: ${String((error as Error).stack)}`);
			bad++;
		}
	}

	t.true(bad > 2900);
	t.is(({} as Record<string, unknown>)['pfs'], undefined);
});

// And back

test('the text of every key gives every key again', t => {
	const file = parseHostFile(fixture('everything.yaml'));
	const text = formatHostFile(file, ['a comment', '', 'two\nlines']);
	t.true(text.startsWith('# a comment\n#\n# two\n# lines\nversion: 1\n'));
	t.deepEqual(parseHostFile(text), file);
	t.is(formatHostFile(parseHostFile(text)), formatHostFile(file));
});

test('other YAML readers read the text as it is meant, those of YAML 1.1 too', t => {
	const text = formatHostFile(parseHostFile(`${v1}pfs: {a: {forwarding: off}}\nguests: {"no": {}, "12:34:56": {}, "0o7": {}}\ndhcp: {"null": [{mac: 52:54:00:00:00:01, ip: 10.0.0.1, name: "1e3"}]}`));
	for (const version of ['1.1', '1.2'] as const) {
		const value = parseYaml(text, {version}) as Record<string, Record<string, unknown>>;
		t.deepEqual(Object.keys(value['guests']!), ['no', '12:34:56', '0o7'], version);
		t.deepEqual(value['dhcp'], {null: [{mac: '52:54:00:00:00:01', ip: '10.0.0.1', name: '1e3'}]}, version);
		t.deepEqual(value['pfs'], {a: {forwarding: 'off'}}, version);
	}
});

test('comments cannot leave their lines', t => {
	const file: HostFile = {version: 1, pfs: [], vfs: [], pools: [], guests: [], routes: [], leases: [], hugepages: []};
	t.is(formatHostFile(file, ['x\nversion: 2']), '# x\n# version: 2\nversion: 1\n');
});

test('checks take a file that was not read from text', t => {
	const file = parseHostFile(`${v1}pfs: {a: {numVfs: 2}}`);
	t.deepEqual(checkHostFile({...file, vfs: [{select: {pf: 'a', indexes: [2]}, settings: {}}]}).map(({path, what}) => [path, what]), [[['vfs', 0, 'select'], 'a has no VF 2']]);
});

test('names are ordered by their numbers', t => {
	t.deepEqual(['ens10', 'ens2', 'ens1f10', 'ens1f2', 'br0', 'ens1'].toSorted(compareNames), ['br0', 'ens1', 'ens1f2', 'ens1f10', 'ens2', 'ens10']);
});
