// Steering rules: reading ethtool's text, planning on simulated cards, what is refused, and what
// undo, a failure and recovery put back.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {AppError} from '../lib/errors.ts';
import {recover} from '../lib/exec/recover.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {Runner} from '../lib/host/host.ts';
import type {SteerRule} from '../lib/model/steer-rule.ts';
import {addRuleCommand} from '../lib/plan/steer-command.ts';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {formatRecord} from '../lib/record/format.ts';
import {parseRecord} from '../lib/record/parse.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {parseFeature, parseRules} from '../lib/sysfs/parse-steering.ts';
import {kernelWord, readSteering} from '../lib/sysfs/read-steering.ts';
import {crashAt} from './helpers/crash.ts';
import {hosts, vfctl} from './helpers/plan-world.ts';

// Reading

const rest = 'TOS: 0x0 mask: 0xff';
const ipv4 = (more: readonly string[], action: string) => ['Filter: 3', '\tRule Type: TCP over IPv4', ...more.map(line => `\t${line}`), `\t${action}`, '', ''].join('\n');
const anyAddresses = ['Src IP addr: 0.0.0.0 mask: 255.255.255.255', 'Dest IP addr: 10.0.0.0 mask: 0.0.0.255', rest, 'Src port: 0 mask: 0xffff', 'Dest port: 80 mask: 0x0'];
const web = {flow: 'tcp4', destinationIp: '10.0.0.0/24', destinationPort: 80} as const;
const read: ReadonlyArray<readonly [what: string, text: string, rule: SteerRule | null]> = [
	['a VF', ipv4(anyAddresses, 'Action: Direct to VF 2 queue 1'), {...web, target: {kind: 'vf', vf: 2, queue: 1}}],
	['a queue', ipv4(anyAddresses, 'Action: Direct to queue 7'), {...web, target: {kind: 'queue', queue: 7}}],
	['a VF, of an ethtool that prints the cookie', ipv4(anyAddresses, `Action: Direct to queue ${(3n << 32n) | 1n}`), {...web, target: {kind: 'vf', vf: 2, queue: 1}}],
	['drop', ipv4(anyAddresses, 'Action: Drop'), {...web, target: {kind: 'drop'}}],
	['ixgbe\'s empty extension', ipv4([...anyAddresses, 'VLAN EtherType: 0x0 mask: 0xffff', 'VLAN: 0x0 mask: 0xffff', 'User-defined: 0x0 mask: 0xffffffffffffffff'], 'Action: Drop'), {...web, target: {kind: 'drop'}}],
	['a VLAN id', ipv4([...anyAddresses, 'VLAN EtherType: 0x0 mask: 0xffff', 'VLAN: 0x64 mask: 0xf000', 'User-defined: 0x0 mask: 0xffffffffffffffff'], 'Action: Drop'), {...web, vlan: 100, target: {kind: 'drop'}}],
	['i40e\'s whole tag', ipv4([...anyAddresses, 'VLAN EtherType: 0x8100 mask: 0x0', 'VLAN: 0x6064 mask: 0x0', 'User-defined: 0x0 mask: 0xffffffffffffffff'], 'Action: Drop'), {...web, vlan: 100, vlanPriority: 3, target: {kind: 'drop'}}],
	['a type of service', ipv4([...anyAddresses.filter(line => line !== rest), 'TOS: 0x10 mask: 0x0'], 'Action: Drop'), null],
	['part of a port', ipv4([...anyAddresses.slice(0, 4), 'Dest port: 80 mask: 0xff'], 'Action: Drop'), null],
	['a mask with a hole', ipv4(['Src IP addr: 10.0.0.1 mask: 0.255.0.255', ...anyAddresses.slice(1)], 'Action: Drop'), null],
	['user-defined data', ipv4([...anyAddresses, 'VLAN EtherType: 0x0 mask: 0xffff', 'VLAN: 0x0 mask: 0xffff', 'User-defined: 0x1 mask: 0xfffffffffffffff0'], 'Action: Drop'), null],
	['an RSS context, of ethtool 6.1', ipv4([...anyAddresses, 'RSS Context ID: 1'], 'Action: Direct to queue 0'), null],
	['an RSS context, of ethtool 6.14', ipv4(anyAddresses, 'Action: Direct to RSS Context 1'), null],
	['an RSS context, of older ones', ipv4([...anyAddresses, 'RSS context id 1'], 'Action: Direct to queue 0'), null],
	['a destination MAC beside IP, whose mask is the kernel\'s', ipv4([...anyAddresses, 'Dest MAC addr: 52:54:00:AA:BB:CC mask: FF:FF:FF:FF:FF:FF'], 'Action: Drop'), {...web, destinationMac: '52:54:00:aa:bb:cc' as never, target: {kind: 'drop'}}],
	['Wake-on-LAN', ipv4(anyAddresses, 'Action: Wake-on-LAN'), null],
	['no action', ipv4(anyAddresses, ''), null],
	['IPsec', ipv4(anyAddresses, 'Action: Drop').replace('TCP over IPv4', 'IPSEC ESP over IPv4'), null],
	['a name that every object has', ipv4([...anyAddresses, 'constructor: 0 mask: 0x0'], 'Action: Drop'), null],
	['IPv6', 'Filter: 0\n\tRule Type: UDP over IPv6\n\tSrc IP addr: fd00::1 mask: ::\n\tDest IP addr: :: mask: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n\tTraffic Class: 0x0 mask: 0xff\n\tSrc port: 53 mask: 0x0\n\tDest port: 0 mask: 0xffff\n\tAction: Direct to queue 0\n', {flow: 'udp6', sourceIp: 'fd00::1/128', sourcePort: 53, target: {kind: 'queue', queue: 0}}],
	['an IPv6 network', 'Filter: 0\n\tRule Type: Raw IPv6\n\tSrc IP addr: fd00:: mask: 0:0:0:ff:ffff:ffff:ffff:ffff\n\tDest IP addr: :: mask: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n\tTraffic Class: 0x0 mask: 0xff\n\tProtocol: 0 mask: 0xff\n\tL4 bytes: 0x0 mask: 0xffffffff\n\tAction: Drop\n', {flow: 'ip6', sourceIp: 'fd00::/56', target: {kind: 'drop'}}],
	['Ethernet', 'Filter: 0\n\tFlow Type: Raw Ethernet\n\tSrc MAC addr: 00:00:00:00:00:00 mask: FF:FF:FF:FF:FF:FF\n\tDest MAC addr: 52:54:00:AA:BB:CC mask: 00:00:00:00:00:00\n\tEthertype: 0x88CC mask: 0x0\n\tAction: Direct to queue 1\n', {flow: 'ether', destinationMac: '52:54:00:aa:bb:cc' as never, etherType: 0x88_cc, target: {kind: 'queue', queue: 1}}],
];
for (const [what, text, rule] of read) {
	test(`read from ethtool: ${what}`, t => {
		const [entry, ...others] = parseRules(`8 RX rings available\nTotal 1 rules\n\n${text}`);
		t.deepEqual(entry?.rule, rule);
		t.deepEqual(others, []);
	});
}

test('feature flags as ethtool shows them', t => {
	t.deepEqual(parseFeature('Features for x:\nntuple-filters: off [fixed]\n', 'ntuple-filters'), {on: false, fixed: true});
	t.deepEqual(parseFeature('ntuple-filters: on\n', 'ntuple-filters'), {on: true, fixed: false});
	t.deepEqual(parseFeature('ntuple-filters: off [requested on]\n', 'ntuple-filters'), {on: false, fixed: false});
	t.is(parseFeature('tx-checksumming: on\n', 'ntuple-filters'), null);
});

test('of ethtool\'s lines the kernel\'s word is told', t => {
	t.is(kernelWord('rmgr: Cannot insert RX class rule: Operation not supported\nCannot insert classification rule\n'), 'Operation not supported');
	t.is(kernelWord('Cannot get RX rings: No such device\nrxclass: Cannot get RX class rule count: No such device\nRX classification rule retrieval failed\n'), 'No such device');
	t.is(kernelWord('Segmentation fault\n'), 'Segmentation fault');
	t.is(kernelWord(''), undefined);
});

test('a table that is not complete, and garbage, are told and not guessed at', async t => {
	const runner = (stdout: string, code = 0, stderr = ''): Runner => ({run: async argv => argv[1] === '-k' ? {code: 1, stdout: '', stderr: ''} : {code, stdout, stderr}});
	const error = await t.throwsAsync(readSteering(runner('8 RX rings available\nTotal 2 rules\n\nFilter: 0\n\tAction: Drop\n\n', 0, 'rxclass: Unknown flow type\n'), 'pf0'), {instanceOf: AppError});
	t.regex(error?.why ?? '', /counts 2 and shows 1: rxclass: Unknown flow type/);
	t.like(await readSteering(runner('\u0000garbage'), 'pf0'), {entries: null, ntuple: null, problem: 'ethtool tells no number of rules'});
	t.like(await readSteering(runner('1 RX rings available\n', 1, 'rxclass: Cannot get RX class rule count: Operation not supported\nRX classification rule retrieval failed\n'), 'pf0'), {entries: null, queues: 1, problem: 'Operation not supported'});
});

test('the words for ethtool', t => {
	const wordsOf = (rule: SteerRule) => addRuleCommand('pf0', 3, rule).slice(4).join(' ');
	t.is(wordsOf({...web, target: {kind: 'vf', vf: 2, queue: null}}), 'tcp4 dst-ip 10.0.0.0 m 0.0.0.255 dst-port 80 vf 2 queue 0 loc 3');
	t.is(wordsOf({flow: 'ip6', sourceIp: 'fd00::/56', vlanPriority: 3, target: {kind: 'drop'}}), 'ip6 src-ip fd00:: m 0:0:0:ff:ffff:ffff:ffff:ffff vlan 0x6000 m 0x1fff action -1 loc 3');
	t.is(wordsOf({flow: 'udp4', sourceIp: '10.0.0.1/32', vlan: 100, vlanPriority: 0, target: {kind: 'queue', queue: 5}}), 'udp4 src-ip 10.0.0.1 vlan 0x0064 action 5 loc 3');
	t.is(wordsOf({flow: 'ether', destinationMac: '52:54:00:aa:bb:cc' as never, etherType: 0x08_06, vlan: 5, target: {kind: 'queue', queue: 1}}), 'ether dst 52:54:00:aa:bb:cc proto 0x0806 vlan 0x0005 m 0xf000 action 1 loc 3');
});

// Planning

const pf = (card: '82599' | '82576' | 'i350' | 'xl710' | 'e810', more: object = {}) => hostBuilder('steer').pf({card, bdf: '0000:03:00.0', name: 'pf0', vfs: 4, ...more}).pf({card, bdf: '0000:03:00.1', name: 'pf1', vfs: 2});
const worlds: Readonly<Record<string, () => HostRecord>> = {
	...hosts,
	ixgbe: () => pf('82599').guest({name: 'vm0'}).record(),
	admin: () => pf('82599', {addresses: ['10.1.0.1/24', 'fd00::1/64']}).ssh('10.1.0.1').record(),
	address: () => pf('82599', {addresses: ['10.1.0.1/24']}).record(),
	vlan: () => pf('82599').vlan({name: 'pf0.7', parent: 'pf0', id: 7, addresses: ['10.1.0.1/24']}).ssh('10.1.0.1').record(),
	i350: () => hostBuilder('i350').pf({card: 'i350', bdf: '0000:03:00.0', name: 'pf0'}).record(),
	'i350-vfs': () => pf('i350').record(),
	82576: () => pf('82576').record(),
	i40e: () => pf('xl710').record(),
	ice: () => pf('e810').record(),
};
const newHost = (name: string): SimHost => simHost(worlds[name]!());
const words = (line: string): string[] => line.split(' ').map(word => word.replaceAll('~', ' '));

/** Runs lines that must work, and gives what the last one said. */
async function runAll(host: SimHost, lines: readonly string[]) {
	let answer = await vfctl(host, ['steer', 'list']);
	for (const line of lines) {
		answer = await vfctl(host, words(line));
		if (answer.error) {
			throw new Error(`${line}: ${answer.error.code} ${answer.error.message} (${answer.error.why})`);
		}
	}

	return answer;
}

const http = 'steer add pf0 --flow tcp4 --to-ip 10.9.0.1 --to-port 80';
const refusals: ReadonlyArray<readonly [what: string, world: string, before: string[], line: string, code: ErrorCode, says?: RegExp]> = [
	['a card without rules', '82576', [], 'steer add pf0 --ether-type lldp --action queue:0', 'UNSUPPORTED', /fixed.*82576/],
	['a VF of a card that knows queues', 'i350', [], 'steer add pf0 --ether-type lldp --action drop', 'UNSUPPORTED', /cannot drop/],
	['a VF on igb', 'i350-vfs', [], 'steer add pf0 --ether-type lldp --action vf:0', 'UNSUPPORTED', /cannot steer to a VF/],
	['a queue of igb that is a VF\'s', 'i350-vfs', [], 'steer add pf0 --ether-type lldp --action queue:0', 'UNSUPPORTED', /VF 0's/],
	['IP on igb', 'i350', [], 'steer add pf0 --to-ip 10.0.0.1 --action queue:0', 'UNSUPPORTED', /flows of type ether only/],
	['a MAC on igb', 'i350', [], 'steer add pf0 --to-mac 52:54:00:00:00:01 --action queue:0', 'UNSUPPORTED', /MAC/],
	['a VLAN id on igb', 'i350', [], 'steer add pf0 --vlan 5 --action queue:0', 'UNSUPPORTED', /--vlan-priority/],
	['a queue that is not there', 'ixgbe', [], `${http} --action queue:4`, 'UNSUPPORTED', /0 to 3/],
	['IPv6 on ixgbe', 'ixgbe', [], 'steer add pf0 --to-ip fd00::1 --action drop', 'UNSUPPORTED', /ip4, tcp4, udp4, sctp4 only/],
	['a VF on ice', 'ice', [], `${http} --action vf:0`, 'UNSUPPORTED', /or drop/],
	['a network on i40e', 'i40e', [], 'steer add pf0 --to-ip 10.9.0.0/24 --action drop', 'UNSUPPORTED', /whole addresses/],
	['half a tag on i40e', 'i40e', [], `${http} --vlan 5 --action drop`, 'UNSUPPORTED', /--vlan-priority/],
	['a VF of another PF', 'ixgbe', [], `${http} --action pf1#0`, 'USAGE', /VF 0 of pf1/],
	['a PF as target', 'ixgbe', [], `${http} --action pf0`, 'PF_NOT_VF'],
	['a VF that is not there', 'ixgbe', [], `${http} --action vf:4`, 'VF_NOT_FOUND', /0 to 3/],
	['an action that is none', 'ixgbe', [], `${http} --action vf:x`, 'USAGE'],
	['an action with a shell line', 'ixgbe', [], `${http} --action drop;~reboot`, 'VF_NOT_FOUND'],
	['a queue beside drop', 'ixgbe', [], `${http} --action drop --queue 1`, 'USAGE', /queue of that VF/],
	['a VF where the PF is meant', 'ixgbe', [], 'steer add pf0#0 --to-ip 10.9.0.1 --action drop', 'PF_NOT_FOUND'],
	['a port without a protocol', 'ixgbe', [], 'steer add pf0 --to-port 80 --action drop', 'USAGE', /TCP from UDP/],
	['a port that is none', 'ixgbe', [], 'steer add pf0 --flow tcp4 --to-port 65536 --action drop', 'USAGE', /65535/],
	['an address that is none', 'ixgbe', [], 'steer add pf0 --to-ip 10.9.0 --action drop', 'BAD_ADDRESS'],
	['an address with bits behind its length', 'ixgbe', [], 'steer add pf0 --to-ip 10.9.0.1/24 --action drop', 'BAD_ADDRESS', /10\.9\.0\.0\/24/],
	['two families', 'ixgbe', [], 'steer add pf0 --to-ip 10.9.0.1 --from-ip fd00::1 --action drop', 'USAGE', /family/],
	['a MAC that is none', 'ixgbe', [], 'steer add pf0 --to-mac x --action drop', 'BAD_MAC'],
	['an EtherType that is a length', 'ixgbe', [], 'steer add pf0 --ether-type 0x0100 --action drop', 'USAGE', /0x0600/],
	['everything', 'ixgbe', [], 'steer add pf0 --action drop', 'USAGE', /everything/],
	['a VLAN that is none', 'ixgbe', [], `${http} --vlan 4095 --action drop`, 'BAD_VLAN'],
	['a location that is none', 'ixgbe', [], `${http} --action drop --location -1`, 'USAGE'],
	['a location beyond the table', 'ixgbe', [], `${http} --action drop --location 2046`, 'UNSUPPORTED', /0 to 2045/],
	['the same packets elsewhere', 'ixgbe', [`${http} --action vf:0`], `${http} --action drop`, 'RULE_CONFLICT', /rule 0.*VF 0/],
	['the same packets at another location', 'ixgbe', [`${http} --action vf:0`], `${http} --action drop --location 5`, 'RULE_CONFLICT', /rule 0/],
	['a location that is taken', 'ixgbe', [`${http} --action vf:0`], 'steer add pf0 --flow udp4 --to-ip 10.9.0.2 --to-port 53 --action drop --location 0', 'RULE_CONFLICT', /TCP over IPv4/],
	['another mask on ixgbe', 'ixgbe', [`${http} --action vf:0`], 'steer add pf0 --flow udp4 --to-port 53 --action drop', 'RULE_CONFLICT', /one mask for all rules of a port: rule 0 compares protocol, to address\/32, to port, this one protocol, to port/],
	['another length on ixgbe', 'ixgbe', [`${http} --action vf:0`], 'steer add pf0 --flow tcp4 --to-ip 10.8.0.0/16 --to-port 80 --action drop', 'RULE_CONFLICT', /address\/16/],
	['another input set on i40e', 'i40e', [`${http} --action vf:0`], 'steer add pf0 --flow tcp4 --to-port 81 --action drop', 'RULE_CONFLICT', /of type tcp4/],
	['the admin\'s connection', 'admin', [], 'steer add pf0 --flow tcp4 --to-port 22 --action vf:0', 'MANAGEMENT_INTERFACE', /198\.51\.100\.7 would go to VF 0/],
	['the admin\'s connection, dropped with a network', 'admin', [], 'steer add pf0 --from-ip 198.51.100.0/24 --action drop', 'MANAGEMENT_INTERFACE', /be dropped/],
	['the admin\'s connection on a VLAN', 'vlan', [], 'steer add pf0 --flow tcp4 --to-port 22 --vlan 7 --action drop', 'MANAGEMENT_INTERFACE', /pf0\.7/],
	['another address of the host', 'admin', [], 'steer add pf0 --to-ip 10.1.0.0/24 --action drop', 'MANAGEMENT_INTERFACE'],
	['an address of the host, all of it', 'address', [], 'steer add pf0 --to-ip 10.1.0.0/24 --action vf:1', 'RULE_CONFLICT', /10\.1\.0\.1/],
	['switching the flag of the admin\'s own card', 'admin', [], 'steer add pf0 --flow udp4 --to-ip 10.9.0.1 --to-port 53 --action vf:0', 'MANAGEMENT_INTERFACE', /resets the card/],
	['a rule that is not there', 'ixgbe', [`${http} --action drop`], 'steer delete pf0 1', 'RULE_NOT_FOUND', /its rules are: 0/],
	['no rule named', 'ixgbe', [], 'steer delete pf0', 'USAGE'],
	['a rule and all', 'ixgbe', [], 'steer delete pf0 1 --all', 'USAGE'],
	['all, unconfirmed', 'ixgbe', [`${http} --action drop`], 'steer delete pf0 --all', 'CONFIRMATION_NEEDED'],
	['a card without a driver', 'no-driver', [], 'steer add 0000:03:00.0 --to-ip 10.9.0.1 --action drop', 'PF_NO_DRIVER'],
];
for (const [what, world, before, line, code, says] of refusals) {
	test(`refused, and nothing changed: ${what}`, async t => {
		const host = newHost(world);
		await runAll(host, before);
		const state = await captureHost(host);
		const {error} = await vfctl(host, words(line));
		t.is(error?.code, code, `${error?.message}: ${error?.why}`);
		t.regex(`${error?.message}: ${error?.why}`, says ?? /./);
		t.deepEqual(compareRecords(state, await captureHost(host)), []);
	});
}

/** Lines on a world, and the rules after them as `steer list` shows them. */
const done: ReadonlyArray<readonly [what: string, world: string, lines: string[], rules: string[]]> = [
	['a VF on ixgbe', 'ixgbe', [`${http} --action vf:2`], ['0 tcp4 to 10.9.0.1/32 port 80 -> VF 2 queue 0']],
	['a VF by name, and its queue', 'ixgbe', [`${http} --action pf0#1 --queue 1`], ['0 tcp4 to 10.9.0.1/32 port 80 -> VF 1 queue 1']],
	['a VF by address', 'ixgbe', [`${http} --action 0000:03:10.2`], ['0 tcp4 to 10.9.0.1/32 port 80 -> VF 1 queue 0']],
	['drop, and TCP beside UDP of the same mask', 'ixgbe', [`${http} --action drop`, 'steer add pf0 --flow udp4 --to-ip 10.9.0.2 --to-port 53 --action queue:1'], ['0 tcp4 to 10.9.0.1/32 port 80 -> drop', '1 udp4 to 10.9.0.2/32 port 53 -> queue 1']],
	['a network and a VLAN', 'ixgbe', ['steer add pf0 --from-ip 10.9.0.0/20 --vlan 100 --action vf:0'], ['0 ip4 VLAN 100 from 10.9.0.0/20 -> VF 0 queue 0']],
	['another action at its location', 'ixgbe', [`${http} --action vf:2`, `${http} --action drop --location 0`], ['0 tcp4 to 10.9.0.1/32 port 80 -> drop']],
	['a chosen location', 'ixgbe', [`${http} --action vf:2 --location 77`], ['77 tcp4 to 10.9.0.1/32 port 80 -> VF 2 queue 0']],
	['an EtherType on igb', 'i350', ['steer add pf0 --ether-type 0x88cc --action queue:3', 'steer add pf0 --vlan-priority 5 --action queue:1'], ['0 ether type 0x88cc -> queue 3', '1 ether VLAN priority 5 -> queue 1']],
	['IPv6 on i40e', 'i40e', ['steer add pf0 --flow udp6 --to-ip fd00::1 --to-port 53 --action vf:3'], ['0 udp6 to fd00::1/128 port 53 -> VF 3 queue 0']],
	['drop on ice', 'ice', [`${http} --action drop`], ['0 tcp4 to 10.9.0.1/32 port 80 -> drop']],
	['a closer flow on the admin\'s card', 'admin', ['steer list'], []],
	['rules taken away', 'ixgbe', [`${http} --action drop`, 'steer add pf0 --flow udp4 --to-ip 10.9.0.2 --to-port 53 --action queue:1', 'steer delete pf0 0'], ['1 udp4 to 10.9.0.2/32 port 53 -> queue 1']],
	['all rules taken away', 'ixgbe', [`${http} --action drop`, 'steer delete pf0 --all --yes'], []],
];
const listed = async (host: SimHost) => ((await vfctl(host, ['steer', 'list', 'pf0'])).json['pfs'] as Array<{rules: Array<{location: number; text: string}>}>)[0]!.rules.map(({location, text}) => `${location} ${text}`);
for (const [what, world, lines, rules] of done) {
	test(`done, seen in the card's table, and undone: ${what}`, async t => {
		const host = newHost(world);
		const before = await captureHost(host);
		await runAll(host, lines);
		t.deepEqual(await listed(host), rules);
		for (const {json} of await Promise.all([vfctl(host, ['history'])])) {
			for (const _ of (json['operations'] as unknown[])) {
				t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
			}
		}

		t.deepEqual(compareRecords(before, await captureHost(host)).filter(({path}) => !path.includes('/vfctl/')), []);
	});
}

test('the same rule again is nothing to do', async t => {
	const host = newHost('ixgbe');
	await runAll(host, [`${http} --action vf:2`]);
	t.false((await runAll(host, [`${http} --action pf0#2 --queue 0`])).json['changed']);
	t.false((await runAll(host, ['steer delete pf1 --all --yes'])).json['changed']);
});

test('the plan shows the flag that is switched on, and what the admin should know', async t => {
	const host = simHost(hostBuilder('told').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2, addresses: ['10.1.0.1/24']}).guest({name: 'vm0', devices: ['<hostdev mode=\'subsystem\' type=\'pci\' managed=\'yes\'><source><address domain=\'0x0000\' bus=\'0x03\' slot=\'0x10\' function=\'0x0\'/></source></hostdev>']}).record());
	const {text, error} = await vfctl(host, words('steer add pf0 --flow tcp4 --to-port 80 --action vf:0 --dry-run'));
	t.is(error, undefined);
	t.regex(text, /ethtool --features pf0 ntuple on/);
	t.regex(text, /ethtool --config-nfc pf0 flow-type tcp4 dst-port 80 vf 0 queue 0 loc 0/);
	t.regex(text, /resets the card/);
	t.regex(text, /VF 0 \(pf0#0: guest vm0\) gets this flow whatever MAC address/);
	t.regex(text, /own address 10\.1\.0\.1 \(pf0\) will go to VF 0 too/);
	t.regex(text, /when its interface is set down, when its number of VFs changes|or when its number of VFs changes/);
});

test('the flag stays on while other rules need it, and the undo puts itself back', async t => {
	const host = newHost('ixgbe');
	await runAll(host, [`${http} --action vf:2`, 'steer add pf0 --flow udp4 --to-ip 10.9.0.2 --to-port 53 --action drop']);
	const {error} = await vfctl(host, ['undo', '1', '--yes']);
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /a steering rule \(1\), which would go with it/);
	t.true(error?.details['rolledBack']);
	t.is((await listed(host)).length, 2);
});

test('rules that the card lost are not undone again', async t => {
	const host = newHost('ixgbe');
	await runAll(host, [`${http} --action vf:2`]);
	await host.runner.run(['ip', 'link', 'set', 'pf0', 'down']);
	t.deepEqual(await listed(host), []);
	t.is((await vfctl(host, ['undo', '--yes'])).error?.code, 'PLAN_STALE');
});

test('what the kernel refuses is told with its cause, and all is put back', async t => {
	for (const [said, says] of [['No space left on device', /table of the card is full/], ['File exists', /for the same packets/], ['Device or resource busy', /being reset/], ['Invalid argument', /does not take this combination/], ['Operation not supported', /cannot do this/], ['Bad thing', /Bad thing/]] as const) {
		const host = newHost('ixgbe');
		const before = await captureHost(host);
		// ethtool 6.1 ends with 0 when a rule was refused.
		host.set({commandFailures: [{command: /flow-type/, result: {code: 0, stderr: `rmgr: Cannot insert RX class rule: ${said}\n`}}]});
		const {error} = await vfctl(host, words(`${http} --action vf:2`));
		t.is(error?.code, 'STEP_FAILED');
		t.regex(error?.why ?? '', says);
		t.true(error?.details['rolledBack']);
		t.deepEqual(compareRecords(before, await captureHost(host)).filter(({path}) => !path.includes('/vfctl/')), []);
	}
});

test('a rule that the card keeps otherwise is taken away again', async t => {
	const host = newHost('ice');
	const {run} = host.runner;
	// A driver that forgets a field: the port.
	const forgetful: SimHost = {...host, runner: {run: async (argv, options) => run(argv.flatMap((word, index) => word === 'dst-port' || argv[index - 1] === 'dst-port' ? [] : [word]) as [string, ...string[]], options)}};
	const {error} = await vfctl(forgetful, words(`${http} --action drop`));
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /then showed .*Dest port: 0 mask: 0xffff.*taken away again/);
	t.deepEqual(await listed(host), []);
});

test('a rule that vfctl has no words for is shown, and left alone', async t => {
	const host = newHost('ixgbe');
	await host.runner.run(['ethtool', '-K', 'pf0', 'ntuple', 'on']);
	t.is((await host.runner.run(['ethtool', '-N', 'pf0', 'flow-type', 'tcp4', 'dst-port', '80', 'm', '0xff', 'action', '1', 'loc', '9'])).code, 0);
	t.regex((await listed(host))[0] ?? '', /^9 .*Dest port: 80 mask: 0xff/);
	for (const line of ['steer delete pf0 9', 'steer delete pf0 --all --yes']) {
		const {error} = await vfctl(host, words(line));
		t.is(error?.code, 'UNSUPPORTED');
		t.regex(error?.fix ?? '', /ethtool --config-nfc pf0 delete 9/);
	}
});

test('an interface that was renamed meanwhile is not touched', async t => {
	const host = newHost('ixgbe');
	await runAll(host, [`${http} --action vf:2`]);
	const {readLink} = host.files;
	const renamed: SimHost = {...host, files: {...host.files, readLink: path => path === '/sys/class/net/pf0/device' ? '../../../0000:03:00.1' : readLink(path)}};
	t.regex((await vfctl(renamed, ['undo', '--yes'])).error?.why ?? '', /pf0 is not an interface of 0000:03:00\.0/);
	t.is((await listed(host)).length, 1);
});

test('vfctl show says what a PF can in one line', async t => {
	t.regex((await vfctl(newHost('ixgbe'), ['show', 'pf0'])).text, /^steering +VFs, queues 0-3, drop; flows ip4 tcp4 udp4 sctp4; ntuple-filters off; 0 rules$/m);
	t.regex((await vfctl(newHost('82576'), ['show', 'pf0'])).text, /^steering +none: ntuple-filters is off and fixed/m);
	t.notRegex((await vfctl(newHost('ixgbe'), ['show', 'pf0#0'])).text, /steering/);
	t.notRegex((await vfctl(simHost(worlds['ixgbe']!(), {missingTools: ['ethtool']}), ['show', 'pf0'])).text, /steering/);
});

test('without ethtool it is told', async t => {
	const host = simHost(worlds['ixgbe']!(), {missingTools: ['ethtool']});
	t.is((await vfctl(host, ['steer', 'list'])).error?.code, 'TOOL_MISSING');
});

test('killed before any change, it is put back', async t => {
	let crashes = 0;
	for (;;) {
		const host = newHost('ixgbe');
		const before = await captureHost(host);
		const after = await crashAt(host, crashes + 1, async () => vfctl(host, words(`${http} --action vf:2`)));
		if (after === undefined) {
			break;
		}

		crashes++;
		await recover({host: after, libvirt: async () => after.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl', 'recover']});
		t.deepEqual(compareRecords(before, await captureHost(after)).filter(({path}) => !path.includes('/vfctl/')), [], `crash at change ${crashes}`);
	}

	t.true(crashes >= 6, `only ${crashes}`);
});

test('a record plays steer list', async t => {
	const host = newHost('ixgbe');
	await runAll(host, [`${http} --action vf:2`]);
	const played = simHost(parseRecord(formatRecord(await captureHost(host)), 'played'));
	t.deepEqual((await vfctl(played, ['steer', 'list'])).json, (await vfctl(host, ['steer', 'list'])).json);
	t.deepEqual(await listed(played), ['0 tcp4 to 10.9.0.1/32 port 80 -> VF 2 queue 0']);
});

// Another number of VFs

for (const line of ['vf create pf0 6 --yes', 'vf destroy pf0 --yes', 'vf create pf0 6 --yes --dry-run']) {
	test(`${line}: rules that an ixgbe drops by it are taken away before, and undo brings them back`, async t => {
		const host = newHost('ixgbe');
		await runAll(host, [`${http} --action vf:2`, `${http.replace('80', '443')} --action drop`]);
		const before = await captureHost(host);
		const {json, error} = await vfctl(host, words(line));
		t.is(error, undefined, error?.message);
		const {actions, warnings} = json['plan'] as {actions: Array<{kind: string; location?: number}>; warnings: string[]};
		t.deepEqual(actions.slice(0, 3).map(({kind, location}) => [kind, location]), [['set-steer', 0], ['set-steer', 1], ['set-numvfs', undefined]]);
		t.regex(warnings.join('\n'), /steering rules 0 and 1 of pf0 will be gone: driver ixgbe drops them.*undo brings them back/);
		if (!line.includes('dry-run')) {
			t.deepEqual(await listed(host), []);
			await runAll(host, ['undo --yes']);
		}

		t.deepEqual(compareRecords(before, await captureHost(host)).filter(({path}) => !path.includes('/vfctl/')), []);
		t.is((await listed(host)).length, 2);
	});
}

test('rules that undo cannot bring back are told before they are gone', async t => {
	const host = newHost('ixgbe');
	await host.runner.run(['ethtool', '-K', 'pf0', 'ntuple', 'on']);
	await host.runner.run(['ethtool', '-N', 'pf0', 'flow-type', 'tcp4', 'dst-port', '80', 'm', '0xff', 'action', '1', 'loc', '9']);
	const {json} = await vfctl(host, words('vf create pf0 6 --dry-run'));
	t.regex((json['plan'] as {warnings: string[]}).warnings.join('\n'), /steering rule 9 of pf0 will be gone for good/);
});

const stays: ReadonlyArray<readonly [world: string, rule: string, line: string, warning: RegExp | null]> = [
	['i40e', `${http} --action vf:2`, 'vf create pf0 6 --dry-run', /steering rule \d+ of pf0 to VFs will stay, and may lead to other VFs then/],
	['i40e', `${http} --action drop`, 'vf create pf0 6 --dry-run', null],
	['ice', `${http} --action queue:1`, 'vf destroy pf0 --dry-run', null],
	['i350', 'steer add pf0 --ether-type 0x88cc --action queue:1', 'vf create pf0 4 --dry-run', /steering rule 0 of pf0 to queues will lead to VFs/],
];
for (const [world, rule, line, warning] of stays) {
	test(`${line} on ${world} with '${rule}': the rule stays`, async t => {
		const host = newHost(world);
		await runAll(host, [rule]);
		const {actions, warnings} = (await vfctl(host, words(line))).json['plan'] as {actions: Array<{kind: string}>; warnings: string[]};
		t.false(actions.some(({kind}) => kind === 'set-steer'));
		const told = warnings.filter(text => text.includes('steering')).join('\n');
		t.is(told === '', warning === null, told);
		t.regex(told, warning ?? /^$/);
	});
}

test('a pool of a whole PF that is resized: the rules come back with undo, too', async t => {
	const host = newHost('ixgbe');
	await runAll(host, ['pool create whole pf0', `${http} --action vf:2`]);
	const {json} = await runAll(host, ['pool resize whole 6 --yes']);
	t.deepEqual((json['plan'] as {actions: Array<{kind: string}>}).actions.map(({kind}) => kind), ['set-network', 'set-steer', 'set-numvfs', 'set-numvfs', 'set-network']);
	t.deepEqual(await listed(host), []);
	await runAll(host, ['undo --yes']);
	t.is((await listed(host)).length, 1);
});

test('without ethtool the number of VFs changes all the same', async t => {
	const host = simHost(worlds['ixgbe']!(), {missingTools: ['ethtool']});
	t.is((await vfctl(host, words('vf create pf0 6 --yes'))).error, undefined);
});
