// The real ethtool: it takes our words, we read its text, and the simulator prints the same. A card
// with rules is not to be had here, so below ethtool a table of its own takes the kernel's place
// (helpers/ethtool-table.c); what drivers refuse is in steer.test.ts.
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {flowTypes, sameRule, type SteerRule} from '../lib/model/steer-rule.ts';
import {addRuleCommand, deleteRuleCommand} from '../lib/plan/steer-command.ts';
import {fieldLines, parseSpec} from '../lib/sim/steering-spec.ts';
import {parseFeature, parseRings, parseRules, parseTotal} from '../lib/sysfs/parse-steering.ts';
import {kernelWord, readSteering} from '../lib/sysfs/read-steering.ts';
import {startPrivateNetwork} from './helpers/private-network.ts';

const directory = mkdtempSync(join(tmpdir(), 'vfctl-ethtool-'));
const library = join(directory, 'table.so');
test.before(() => {
	const source = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'test', 'helpers', 'ethtool-table.c');
	execFileSync('gcc', ['-shared', '-fPIC', '-Wall', '-o', library, source, '-ldl']);
});
test.after.always(() => {
	rmSync(directory, {recursive: true});
});

let tables = 0;

/** An ethtool on an empty table. */
function newCard() {
	const table = join(directory, `table${tables++}`);
	return (argv: readonly string[], more: Record<string, string> = {}) => {
		const {status, stdout, stderr} = spawnSync(argv[0]!, argv.slice(1), {encoding: 'utf8', env: {...process.env, LC_ALL: 'C', LD_PRELOAD: library, STEER_TABLE: table, ...more}});
		return {code: status, stdout, stderr};
	};
}

const mac = '52:54:00:aa:bb:cc' as NonNullable<SteerRule['sourceMac']>;
const ips = {4: {sourceIp: '10.1.2.3/32', destinationIp: '10.128.0.0/9'}, 6: {sourceIp: '2001:db8::5/128', destinationIp: '2001:db8:80::/41'}} as const;
const rules: SteerRule[] = [
	...flowTypes.flatMap((flow): SteerRule[] => {
		const family = flow.endsWith('6') ? 6 : 4;
		const fields = flow === 'ether' ? {sourceMac: mac, destinationMac: 'ff:ff:ff:ff:ff:fe' as typeof mac, etherType: 0x88_cc} : {...ips[family], ...flow.startsWith('ip') ? {} : {sourcePort: 0, destinationPort: 65_535}};
		return [
			{flow, ...fields, target: {kind: 'drop'}},
			{flow, ...fields, vlan: 4094, target: {kind: 'queue', queue: 7}},
			{flow, ...fields, vlanPriority: 7, target: {kind: 'vf', vf: 0, queue: 0}},
			{flow, ...flow === 'ether' ? {} : {destinationMac: mac}, vlan: 0, vlanPriority: 5, target: {kind: 'vf', vf: 62, queue: 3}},
		];
	}),
	...Array.from({length: 32}, (_, index): SteerRule => ({flow: 'ip4', sourceIp: index === 0 ? '128.0.0.0/1' : `${index < 8 ? 128 : 200}.0.0.0/${index + 1}`, target: {kind: 'drop'}})),
	...[1, 15, 16, 17, 64, 127].map((length): SteerRule => ({flow: 'ip6', destinationIp: `8000::/${length}`, target: {kind: 'drop'}})),
];

test('each rule goes through ethtool and comes back the same', t => {
	const ethtool = newCard();
	for (const [location, rule] of rules.entries()) {
		const {code, stdout, stderr} = ethtool(addRuleCommand('lo', location, rule));
		t.deepEqual([code, stdout, stderr], [0, '', ''], JSON.stringify(rule));
	}

	const {stdout} = ethtool(['ethtool', '-n', 'lo']);
	t.is(parseRings(stdout), 8);
	t.is(parseTotal(stdout), rules.length);
	const entries = parseRules(stdout);
	t.is(entries.length, rules.length);
	for (const [location, rule] of rules.entries()) {
		const seen = entries.find(entry => entry.location === location);
		t.true(seen?.rule !== undefined && seen.rule !== null && sameRule(seen.rule, rule), `${JSON.stringify(rule)}: ${seen?.lines.join('; ')}`);
	}
});

test('the simulator prints each rule as ethtool does', t => {
	const ethtool = newCard();
	const more = ['tcp4 dst-port 80 m 0xff action 1', 'tcp4 tos 0x10 action 1', 'ip4 l4proto 17 action 1', 'ip6 l4data 0x1234 m 0xffff action 1', 'udp4 user-def 0x5 action 1', 'ether dst 52:54:00:00:00:00 m 00:00:00:ff:ff:ff action 1', 'udp6 tclass 0x3 action 1', 'tcp4 vlan-etype 0x88a8 vlan 5 action 1'];
	const lines = [...rules.map(rule => addRuleCommand('lo', 1, rule).slice(4, -2)), ...more.map(line => line.split(' '))];
	for (const [location, words] of lines.entries()) {
		t.is(ethtool(['ethtool', '-N', 'lo', 'flow-type', ...words, 'loc', String(location)]).code, 0, words.join(' '));
	}

	const entries = parseRules(ethtool(['ethtool', '-n', 'lo']).stdout);
	for (const [location, words] of lines.entries()) {
		const spec = parseSpec(words);
		const real = entries.find(entry => entry.location === location)?.lines.filter(line => !line.startsWith('Action'));
		t.deepEqual('complaint' in spec ? [spec.complaint] : fieldLines(spec, {extended: spec.extended}), real ?? [], words.join(' '));
	}

	t.true(entries.slice(rules.length).every(({rule}) => rule === null), 'none of these has words of ours');
});

test('rules with an RSS context are not ours', t => {
	const ethtool = newCard();
	t.is(ethtool(['ethtool', '-N', 'lo', 'flow-type', 'tcp4', 'dst-port', '80', 'context', '1', 'loc', '1']).code, 0);
	t.is(parseRules(ethtool(['ethtool', '-n', 'lo']).stdout)[0]?.rule, null);
});

test('rules go away, and what the kernel refuses is understood whatever the exit status', t => {
	const ethtool = newCard();
	t.is(ethtool(addRuleCommand('lo', 3, rules[0]!)).code, 0);
	t.is(ethtool(deleteRuleCommand('lo', 3)).code, 0);
	t.is(parseTotal(ethtool(['ethtool', '-n', 'lo']).stdout), 0);
	t.is(kernelWord(ethtool(deleteRuleCommand('lo', 3)).stderr), 'Invalid argument');
	for (const [errno, word] of [[17, 'File exists'], [28, 'No space left on device'], [16, 'Device or resource busy'], [22, 'Invalid argument'], [95, 'Operation not supported']] as const) {
		t.is(kernelWord(ethtool(addRuleCommand('lo', 3, rules[0]!), {STEER_ERRNO: String(errno)}).stderr), word);
	}
});

for (const [words, complaint] of [
	['tcp4 dst-port 65536 action 1', /Invalid dst-port value\[65536\]/],
	['tcp4 nonsense 1', /Add rule, unrecognized option\[nonsense\]/],
	['nonsense', /Add rule, invalid syntax/],
	['tcp4 dst-ip fd00::1 action 1', /Invalid dst-ip value\[fd00::1\]/],
	['ether dst 1 action 1', /Invalid dst value\[1\]/],
	['tcp4 dst-port 1 m x action 1', /Invalid dst-port mask\[x\]/],
] as const) {
	test(`the simulator complains as ethtool does: ${words}`, t => {
		const {code, stdout, stderr} = newCard()(['ethtool', '-N', 'lo', 'flow-type', ...words.split(' ')]);
		t.is(code, 1);
		t.regex(stdout + stderr, complaint);
		const spec = parseSpec(words.split(' '));
		t.regex('complaint' in spec ? spec.complaint : '', complaint);
	});
}

test('on the kernel: an interface without rules is told as such', async t => {
	const network = await startPrivateNetwork();
	try {
		t.deepEqual(await readSteering(network.runner, 't0'), {netdev: 't0', ntuple: {on: false, fixed: true}, queues: null, entries: null, problem: 'Operation not supported'});
		t.like(await readSteering(network.runner, 'nope'), {ntuple: null, entries: null, problem: 'No such device'});
		t.deepEqual(parseFeature((await network.runner.run(['ethtool', '-k', 't0'])).stdout, 'highdma'), {on: false, fixed: true});
	} finally {
		network.stop();
	}
});
