// Steering rules and huge pages in a host file: read, refused, planned, applied, exported, told by diff.
import test, {type ExecutionContext} from 'ava';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import {formatHostFile, parseHostFile} from '../lib/formats/host-file.ts';
import type {HostFile} from '../lib/model/host-file.ts';
import {captureHost} from '../lib/record/capture.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {useHugepages} from '../lib/sim/hugepages.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {crashEverywhere} from './helpers/crash.ts';
import {vfctl, type Answer} from './helpers/plan-world.ts';
import {yamlFiles} from './helpers/yaml-files.ts';

/** The text as a file. */
const fileOf = yamlFiles('version: 1\n');

const newHost = (card: '82599' | 'xl710' | 'e810' | '82576' = '82599') => simHost(hostBuilder('steer', {cpus: {count: 8, nodes: 2}}).pf({card, bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).pf({card, bdf: '0000:03:00.1', name: 'pf1', vfs: 2}).record());
const apply = async (host: SimHost, text: string): Promise<Answer> => vfctl(host, ['apply', fileOf(text), '--yes']);

/** Applies it; a second plan and a diff find nothing to do. */
async function applied(t: ExecutionContext, host: SimHost, text: string): Promise<Answer> {
	const answer = await apply(host, text);
	t.is(answer.error, undefined, answer.error?.why ?? answer.error?.message);
	t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(text)])), []);
	t.false((await vfctl(host, ['diff', fileOf(text)])).json['differs']);
	return answer;
}

const stepsOf = ({json, error}: Answer): string[] => error ? [`${error.code}: ${error.message}`] : (json['steps'] as Array<{text: string}>).map(({text}) => text);

/** The rules of a PF, by location. */
async function rules(host: SimHost, pf = 'pf0'): Promise<string[]> {
	const {json} = await vfctl(host, ['steer', 'list', pf]);
	return (json['pfs'] as Array<{rules: Array<{location: number; text: string}> | null}>)[0]!.rules!.map(({location, text}) => `${location} ${text}`);
}

// Reading

const everything = `version: 1
pfs:
  pf0:
    steering:
      - {flow: tcp4, fromIp: 10.0.0.0/24, toIp: 10.9.0.1, fromPort: 1024, toPort: 80, action: vf:2, queue: 1, location: 5}
      - {flow: ether, fromMac: '52:54:00:00:00:01', toMac: '01:80:c2:00:00:0e', etherType: lldp, vlanPriority: 3, action: queue:4}
      - {toIp: 'fd00::1', vlan: 7, action: drop}
  pf1:
    steering: []
hugepages:
  - {size: 2M, count: 512}
  - {size: 1G, count: 2, node: 0}
`;

test('all keys are read, and written so that they are read again', t => {
	const file = parseHostFile(everything);
	t.deepEqual(file.pfs, [
		{pf: 'pf0', steering: [
			{flow: 'tcp4', sourceIp: '10.0.0.0/24', destinationIp: '10.9.0.1/32', sourcePort: 1024, destinationPort: 80, target: {kind: 'vf', vf: 2, queue: 1}, location: 5},
			{flow: 'ether', sourceMac: '52:54:00:00:00:01', destinationMac: '01:80:c2:00:00:0e', etherType: 0x88_cc, vlanPriority: 3, target: {kind: 'queue', queue: 4}},
			{flow: 'ip6', destinationIp: 'fd00::1/128', vlan: 7, target: {kind: 'drop'}},
		]},
		{pf: 'pf1', steering: []},
	] as unknown as HostFile['pfs']);
	t.deepEqual(file.hugepages, [{sizeKiB: 2048, node: null, count: 512}, {sizeKiB: 1_048_576, node: 0, count: 2}]);
	t.deepEqual(parseHostFile(formatHostFile(file)), file);
});

const steering = (rule: string) => `pfs: {pf0: {numVfs: 4, steering: [${rule}]}}`;
const refused: ReadonlyArray<readonly [what: string, text: string, path: string, message: RegExp]> = [
	['an unknown key', steering('{flow: tcp4, dst-port: 80, action: drop}'), 'pfs.pf0.steering[0].dst-port', /there is no key 'dst-port'/],
	['no action', steering('{flow: tcp4, toPort: 80}'), 'pfs.pf0.steering[0]', /'action' is missing/],
	['an action that is none', steering('{flow: tcp4, toPort: 80, action: pf1#2}'), 'pfs.pf0.steering[0].action', /'pf1#2' is no action/],
	['a queue without VF', steering('{flow: tcp4, toPort: 80, action: drop, queue: 1}'), 'pfs.pf0.steering[0].queue', /a queue goes with a VF/],
	['a VF that will not be', steering('{flow: tcp4, toPort: 80, action: vf:4}'), 'pfs.pf0.steering[0].action', /pf0 has no VF 4/],
	['an unknown flow', steering('{flow: tcp, toPort: 80, action: drop}'), 'pfs.pf0.steering[0]', /'tcp' is no flow type/],
	['everything', steering('{flow: ip4, action: drop}'), 'pfs.pf0.steering[0]', /do not fit flow: ip4/],
	['a port without flow', steering('{toPort: 80, action: drop}'), 'pfs.pf0.steering[0]', /a port needs flow/],
	['a port beyond all', steering('{flow: tcp4, toPort: 65536, action: drop}'), 'pfs.pf0.steering[0].toPort', /here is '65536'/],
	['a bad address', steering('{toIp: 10.0.0.300, action: drop}'), 'pfs.pf0.steering[0].toIp', /cannot be used for toIp/],
	['bits behind the length', steering('{toIp: 10.0.0.1/24, action: drop}'), 'pfs.pf0.steering[0].toIp', /bits behind its length/],
	['a bad MAC', steering('{fromMac: 52:54, action: drop}'), 'pfs.pf0.steering[0].fromMac', /no MAC address/],
	['an EtherType that is a length', steering('{etherType: \'0x0100\', action: drop}'), 'pfs.pf0.steering[0].etherType', /no EtherType/],
	['another program in a value', steering('{flow: "tcp4; reboot", toPort: 80, action: drop}'), 'pfs.pf0.steering[0]', /no flow type/],
	['a mapping for a list', 'pfs: {pf0: {steering: {flow: tcp4}}}', 'pfs.pf0.steering', /here is a mapping/],
	['the same packets twice', steering('{flow: tcp4, toPort: 80, action: drop}, {flow: tcp4, toPort: 80, action: vf:1}'), 'pfs.pf0.steering[1]', /two rules for the same packets/],
	['one location twice', steering('{flow: tcp4, toPort: 80, action: drop, location: 1}, {flow: tcp4, toPort: 81, action: drop, location: 1}'), 'pfs.pf0.steering[1].location', /two rules at location 1/],
	['huge pages without size', 'hugepages: [{count: 4}]', 'hugepages[0]', /'size' is missing/],
	['huge pages without number', 'hugepages: [{size: 2M}]', 'hugepages[0]', /'count' is missing/],
	['no size', 'hugepages: [{size: 2X, count: 4}]', 'hugepages[0].size', /'2X' is not a size/],
	['a negative number', 'hugepages: [{size: 2M, count: -4}]', 'hugepages[0].count', /here is '-4'/],
	['one size twice', 'hugepages: [{size: 2M, count: 4}, {size: 2048K, count: 5}]', 'hugepages[1]', /2M are there twice/],
	['a node beside the host', 'hugepages: [{size: 2M, count: 4}, {size: 2M, count: 5, node: 1}]', 'hugepages[1]', /2M are there twice/],
];
for (const [what, text, path, message] of refused) {
	test(`refused: ${what}`, t => {
		const error = t.throws(() => parseHostFile(`version: 1\n${text}\n`), {instanceOf: AppError, code: 'BAD_HOST_FILE'});
		const [problem] = error.details['problems'] as Array<{path: string; what: string}>;
		t.is(problem?.path, path, error.message);
		t.regex(problem?.what ?? '', message);
		t.notRegex(`${error.message} ${error.why} ${error.fix}`, /--[a-z]/, 'options of a command have no place here');
	});
}

// Steering

const web = '{flow: tcp4, toIp: 10.9.0.1, toPort: 80, action: vf:2}';
const tls = '{flow: tcp4, toIp: 10.9.0.1, toPort: 443, action: drop, location: 7}';
const list = (...of: string[]) => `pfs:\n  pf0: {steering: [${of.join(', ')}]}\n`;

test('rules are added with the flag they need, changed, moved and taken away; undo puts each back', async t => {
	const host = newHost();
	const before = await captureHost(host);
	t.deepEqual(stepsOf(await applied(t, host, list(web, tls))), [
		'switch ntuple-filters of pf0 on',
		'add steering rule 7 of pf0: tcp4 to 10.9.0.1/32 port 443 -> drop',
		'add steering rule 0 of pf0: tcp4 to 10.9.0.1/32 port 80 -> VF 2 queue 0',
	]);
	t.deepEqual(await rules(host), ['0 tcp4 to 10.9.0.1/32 port 80 -> VF 2 queue 0', '7 tcp4 to 10.9.0.1/32 port 443 -> drop']);

	t.deepEqual(stepsOf(await applied(t, host, list(web.replace('vf:2', 'vf:1'), tls.replace('location: 7', 'location: 9')))), [
		'remove steering rule 7 of pf0',
		'add steering rule 9 of pf0: tcp4 to 10.9.0.1/32 port 443 -> drop',
		'change steering rule 0 of pf0: tcp4 to 10.9.0.1/32 port 80 -> VF 1 queue 0',
	]);
	t.deepEqual(stepsOf(await applied(t, host, 'pfs:\n  pf0: {steering: []}\n')), ['remove steering rule 0 of pf0', 'remove steering rule 9 of pf0']);
	t.deepEqual(await rules(host), []);
	for (let times = 0; times < 3; times++) {
		t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	}

	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('a file that says nothing of rules leaves them', async t => {
	const host = newHost();
	await applied(t, host, list(web));
	t.deepEqual(stepsOf(await applied(t, host, 'pfs:\n  pf0: {link: up}\n')), []);
	t.is((await rules(host)).length, 1);
});

test('a rule by hand is drift, and so is one that is missing', async t => {
	const host = newHost();
	await applied(t, host, list(web));
	await vfctl(host, ['steer', 'delete', 'pf0', '0']);
	await vfctl(host, ['steer', 'add', 'pf0', '--flow', 'udp4', '--to-ip', '10.9.0.1', '--to-port', '53', '--action', 'drop']);
	const {json, text} = await vfctl(host, ['diff', fileOf(list(web))]);
	t.true(json['differs']);
	t.deepEqual(json['differences'], [
		{path: 'pfs.pf0.steering', what: 'steering rule 0 of pf0', actual: 'udp4 to 10.9.0.1/32 port 53 -> drop', wanted: null},
		{path: 'pfs.pf0.steering[0]', what: 'steering rule 0 of pf0', actual: null, wanted: 'tcp4 to 10.9.0.1/32 port 80 -> VF 2 queue 0'},
	]);
	t.regex(text, /pfs\.pf0\.steering: steering rule 0 of pf0\n {2}- udp4/);
	await applied(t, host, list(web));
	t.deepEqual(await rules(host), ['0 tcp4 to 10.9.0.1/32 port 80 -> VF 2 queue 0']);
});

test('another number of VFs takes the rules of an ixgbe: they come in a second operation', async t => {
	const host = newHost();
	await applied(t, host, list(web));
	const text = list('{flow: tcp4, toIp: 10.9.0.1, toPort: 80, action: vf:5}').replace('pf0: {', 'pf0: {numVfs: 6, ');
	const planned = await vfctl(host, ['plan', fileOf(text)]);
	t.regex((planned.json['plan'] as {warnings: string[]}).warnings.join('\n'), /pfs\.pf0\.steering: these rules are looked at when the rest is done/);
	const {json} = await applied(t, host, text);
	t.deepEqual((json['then'] as {steps: Array<{text: string}>}).steps.map(step => step.text), ['add steering rule 0 of pf0: tcp4 to 10.9.0.1/32 port 80 -> VF 5 queue 0']);
	t.deepEqual(await rules(host), ['0 tcp4 to 10.9.0.1/32 port 80 -> VF 5 queue 0']);
});

const impossible: ReadonlyArray<readonly [what: string, card: '82599' | 'e810' | '82576', text: string, code: ErrorCode, message: RegExp]> = [
	['a card without rules', '82576', list(web), 'UNSUPPORTED', /^pfs\.pf0\.steering\[0\]: pf0 has no steering rules/],
	['a card that cannot steer to VFs', 'e810', list(web), 'UNSUPPORTED', /^pfs\.pf0\.steering\[0\]: pf0 cannot have this rule/],
	['a VF that there is not', '82599', list(web.replace('vf:2', 'vf:9')), 'VF_NOT_FOUND', /^pfs\.pf0\.steering\[0\]: /],
	['fields that the card cannot look at together', '82599', list(web, '{flow: tcp4, toIp: 10.9.0.1, action: drop}'), 'RULE_CONFLICT', /^pfs\.pf0\.steering\[1\]: this rule looks at other fields/],
	['a location beyond the table', '82599', list(tls.replace('location: 7', 'location: 5000')), 'UNSUPPORTED', /no location 5000/],
];
for (const [what, card, text, code, message] of impossible) {
	test(`refused before anything is written: ${what}`, async t => {
		const host = newHost(card);
		const before = await captureHost(host);
		const {error} = await apply(host, text);
		t.is(error?.code, code, error?.message);
		t.regex(error?.message ?? '', message);
		t.deepEqual(compareRecords(before, await captureHost(host)), []);
	});
}

test('no rules are asked of a card that cannot have any', async t => {
	t.deepEqual(stepsOf(await applied(t, newHost('82576'), 'pfs:\n  pf0: {steering: []}\n')), []);
});

test('kill -9 at every write: recover leaves all or nothing', async t => {
	const text = list(web, tls);
	const before = await captureHost(newHost());
	const writes = await crashEverywhere(newHost, async host => apply(host, text), async (next, at) => {
		t.is((await vfctl(next, ['recover'])).error, undefined);
		const left = compareRecords(before, await captureHost(next));
		t.true(left.length === 0 || (await rules(next)).length === 2, `write ${at}: ${left.map(({path}) => path).join(' ')}`);
	});
	t.true(writes > 3, `${writes} writes`);
});

// Huge pages

const hostPages = (host: SimHost, size = 2048) => host.files.readText(`/sys/kernel/mm/hugepages/hugepages-${size}kB/nr_hugepages`)?.trim();
const nodePages = (host: SimHost, node: number) => host.files.readText(`/sys/devices/system/node/node${node}/hugepages/hugepages-2048kB/nr_hugepages`)?.trim();

test('huge pages are set, told as drift, and undone', async t => {
	const host = newHost();
	const before = await captureHost(host);
	const text = 'hugepages:\n  - {size: 2M, count: 101}\n  - {size: 1G, count: 1, node: 1}\n';
	await applied(t, host, text);
	t.deepEqual([hostPages(host), nodePages(host, 0), nodePages(host, 1), hostPages(host, 1_048_576)], ['101', '51', '50', '1']);
	await vfctl(host, ['dpdk', 'hugepages', 'set', '4', '--node', '0']);
	t.deepEqual((await vfctl(host, ['diff', fileOf(text)])).json['differences'], [{path: 'hugepages[0]', what: 'huge pages of 2 MiB on node 0', actual: '4', wanted: '51'}]);
	await vfctl(host, ['undo', '--yes']);
	await vfctl(host, ['undo', '--yes']);
	t.deepEqual(compareRecords(before, await captureHost(host)), []);
});

test('what one size gives back is there for another', async t => {
	const host = newHost();
	const free = Number(/MemAvailable:\s+(\d+)/.exec(host.files.readText('/proc/meminfo') ?? '')![1]);
	// Most of the memory, so that the pages of 1 GiB do not fit beside them.
	const most = Math.floor((free - 1_572_864) / 2048);
	await applied(t, host, `hugepages: [{size: 2M, count: ${most}}]\n`);
	t.is((await apply(host, `hugepages: [{size: 1G, count: 3}, {size: 2M, count: ${most}}]\n`)).error?.code, 'NO_MEMORY');
	t.is(hostPages(host), String(most));
	await applied(t, host, `hugepages: [{size: 1G, count: 3}, {size: 2M, count: ${most - 2048}}]\n`);
});

test('huge pages that somebody has stay', async t => {
	const host = newHost();
	await applied(t, host, 'hugepages: [{size: 2M, count: 64}]\n');
	useHugepages(host.machine, {sizeKiB: 2048, node: 0, count: 20});
	const {error} = await apply(host, 'hugepages: [{size: 2M, count: 4}]\n');
	t.is(error?.code, 'MEMORY_IN_USE');
	t.regex(error?.message ?? '', /^hugepages\[0\]: /);
	t.is((await apply(host, 'hugepages: [{size: 16M, count: 4}]\n')).error?.code, 'UNSUPPORTED');
});

// Export

test('an export says both, and a plan of it is empty; what it has no words for is told', async t => {
	const host = newHost();
	await applied(t, host, `${list(web, tls)}hugepages: [{size: 2M, count: 64}]\n`);
	const {json, text} = await vfctl(host, ['export']);
	t.regex(text, /steering:\n +- \{flow: tcp4, toIp: 10\.9\.0\.1\/32, toPort: 80, action: vf:2, location: 0\}\n +- \{flow: tcp4, toIp: 10\.9\.0\.1\/32, toPort: 443, action: drop, location: 7\}/);
	t.regex(text, /^hugepages:\n {2}- \{size: 2M, count: 64\}/m);
	t.deepEqual(json['notes'], []);
	t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(text.replace('version: 1\n', ''))])), []);

	await vfctl(host, ['dpdk', 'hugepages', 'set', '7', '--node', '1']);
	const uneven = (await vfctl(host, ['export'])).text;
	t.regex(uneven, /^hugepages:\n {2}- \{size: 2M, count: 32, node: 0\}\n {2}- \{size: 2M, count: 7, node: 1\}/m);
	t.deepEqual(stepsOf(await vfctl(host, ['plan', fileOf(uneven.replace('version: 1\n', ''))])), []);

	for (const to of ['nmstate', 'sriov-policy']) {
		const notes = (await vfctl(host, ['export', '--to', to])).json['notes'] as string[];
		t.true(notes.some(note => note.includes('steering of pf0')) && notes.some(note => note.includes('hugepages')), notes.join('\n'));
	}
});

test('a rule without words is told by the export, left by apply', async t => {
	const host = newHost('xl710');
	await host.runner.run(['ethtool', '--config-nfc', 'pf0', 'flow-type', 'tcp4', 'dst-port', '80', 'tos', '16', 'action', '1', 'loc', '3']);
	const {notes} = await vfctl(host, ['export']);
	t.regex(notes.join('\n'), /steering rule 3 of pf0 is left out/);
	const planned = await vfctl(host, ['plan', fileOf('pfs:\n  pf0: {steering: []}\n')]);
	t.deepEqual(stepsOf(planned), []);
	t.regex(planned.notes.join('\n') + JSON.stringify(planned.json), /rule 3 of pf0 is left as it is/);
});
