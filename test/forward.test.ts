// vfctl forward on simulated hosts: switched on and off, shown, refused, undone, recovered, and what a
// module that tells nonsense is answered.
import test from 'ava';
import type {ErrorCode} from '../lib/errors.ts';
import {cardReasons} from '../lib/model/forward.ts';
import {toBdf} from '../lib/model/bdf.ts';
import {parsePlan} from '../lib/plan/plan-schema.ts';
import {compareRecords} from '../lib/record/compare.ts';
import {captureHost} from '../lib/record/capture.ts';
import type {HostRecord} from '../lib/record/record.ts';
import type {HostBuilder} from '../lib/sim/build-facts.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {addNamespace} from '../lib/sim/namespaces.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {drivers, kernel, withBuild} from './helpers/built-drivers.ts';
import {crashAt} from './helpers/crash.ts';
import {captured, recoversEverywhere, vfctl, withFile} from './helpers/plan-world.ts';
import {yamlFiles} from './helpers/yaml-files.ts';

const root = '/sys/kernel/vfctl/forward';
const pf = toBdf('0000:01:00.0');
const both = ['vfctl_pf', 'vfctl_fwd'] as const;

/** Two igb PFs; VFs of eth1 are 0000:01:10.0, .2, .4. */
const base = (): HostBuilder => hostBuilder('forward')
	.pf({card: '82576', bdf: pf, name: 'eth1', vfs: 3, vfSettings: {1: {mac: '52:54:00:00:00:01', vlan: 100}, 2: {maxTxRate: 100}}})
	.pf({card: '82576', bdf: '0000:02:00.0', name: 'eth2', vfs: 1});

const built = (record = base().record()): HostRecord => withBuild(record, both);
const usual = (options: SimOptions = {}): SimHost => simHost(built(), options);
/** As after vfctl driver install. */
const installed = (): SimHost => simHost(withFile(base().record(), `/lib/modules/${kernel}/modules.dep`, 'updates/vfctl/vfctl_fwd.ko: updates/vfctl/vfctl_pf.ko\nupdates/vfctl/vfctl_pf.ko:\n'));

async function done(host: SimHost, line: string) {
	const answer = await vfctl(host, line.split(' '));
	if (answer.error) {
		throw new Error(`${line}: ${answer.error.code} ${answer.error.message} (${answer.error.why})`);
	}

	return answer;
}

const isLoaded = (host: SimHost, module = 'vfctl_fwd') => host.files.exists(`/sys/module/${module}`);
const isOn = (host: SimHost, name: string = pf) => host.files.exists(`${root}/${name}`);
const kinds = (json: Record<string, unknown>) => parsePlan(json['plan']).actions.map(({kind}) => kind);

interface View {
	loaded: boolean;
	pfs: Array<{name: string; on: boolean; mode: string | null; ports: Array<{name: string; netdev: string | null; namespace: string | null; holder: {text: string} | null; held: {reason: string} | null; rules: {macs: string[]; portVlan: number} | null; stats: {passed: number; card: Record<string, number>}}>}>;
}

const viewOf = async (host: SimHost, line = 'forward table') => (await done(host, line)).json as unknown as View;

// On and off

for (const [what, make, loads] of [['built', usual, 'insert-module'], ['installed', installed, 'load-module']] as const) {
	test(`${what}: on loads the module, off leaves it there, undo puts back what was`, async t => {
		const host = make();
		const before = await captured(host);
		const {json, text} = await done(host, 'forward on eth1');
		t.is(text, 'done: pass frames between the VFs of eth1 on');
		t.deepEqual(kinds(json), [loads, 'set-forward']);
		t.true(isLoaded(host) && isOn(host) && !isOn(host, '0000:02:00.0'));

		t.is((await done(host, 'forward on eth1')).json['changed'], false);
		t.deepEqual(kinds((await done(host, 'forward on eth1 --dry-run')).json), []);
		t.deepEqual(kinds((await done(host, 'forward on eth1 eth2 eth1')).json), ['set-forward']);
		t.true(isOn(host, '0000:02:00.0'));
		await done(host, 'undo --yes');
		t.true(isOn(host) && !isOn(host, '0000:02:00.0'));

		await done(host, 'forward off eth1 eth2');
		t.true(isLoaded(host) && !isOn(host));
		await done(host, 'undo --yes');
		t.true(isOn(host));
		await done(host, 'undo 1 --yes');
		t.false(isLoaded(host) || isLoaded(host, 'vfctl_pf'));
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});

	test(`${what}: undo does not unload what passes frames of another PF on`, async t => {
		const host = make();
		await done(host, 'forward on eth1');
		await done(host, 'forward on eth2');
		await done(host, 'undo 1 --yes');
		t.true(isLoaded(host) && !isOn(host) && isOn(host, '0000:02:00.0'));
	});
}

test('off without the module has nothing to do', async t => {
	const host = usual();
	t.is((await done(host, 'forward off eth1')).json['changed'], false);
	t.false(isLoaded(host));
});

test('a dry run shows what one would have typed, and changes nothing', async t => {
	const host = usual();
	const before = await captured(host);
	const {text} = await done(host, 'forward on eth1 --dry-run');
	const directory = drivers.replaceAll('+', '\\+');
	t.regex(text, new RegExp(`insmod ${directory}/vfctl_pf\\.ko\n +insmod ${directory}/vfctl_fwd\\.ko\n`));
	t.regex(text, /echo 0000:01:00\.0 > \/sys\/kernel\/vfctl\/forward\/add/);
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('where a rebuilt PF driver has loaded the helper, that is left alone', async t => {
	const host = usual();
	await host.runner.run(['insmod', `${drivers}/vfctl_pf.ko`]);
	const before = await captured(host);
	t.notRegex((await done(host, 'forward on eth1')).text, /vfctl_pf/);
	await done(host, 'undo --yes');
	t.true(isLoaded(host, 'vfctl_pf'));
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('a PF whose switch works otherwise is told of', async t => {
	const record = base()
		.command(['bridge', '-j', 'link', 'show', 'dev', 'eth1'], '[{"ifindex":2,"ifname":"eth1","hwmode":"VEPA"}]')
		.command(['devlink', '-j', 'dev', 'eswitch', 'show', 'pci/0000:02:00.0'], '{"dev":{"pci/0000:02:00.0":{"mode":"switchdev","inline-mode":"none"}}}').record();
	const host = simHost(built(record));
	const warnings = async (line: string) => parsePlan((await done(host, `${line} --dry-run`)).json['plan']).warnings;
	t.deepEqual((await warnings('forward on eth1 eth2')).map(warning => /^\w+ is in \w+/.exec(warning)?.[0]), ['eth1 is in VEPA', 'eth2 is in switchdev']);
	t.deepEqual(await warnings('forward off eth1'), []);

	const odd = base().command(['bridge', '-j', 'link', 'show', 'dev', 'eth1'], '{[').command(['devlink', '-j', 'dev', 'eswitch', 'show', `pci/${pf}`], '[null,{"dev":7}]').record();
	t.deepEqual(parsePlan((await done(simHost(built(odd)), 'forward on eth1')).json['plan']).warnings, []);
});

// Refused

const refusals: ReadonlyArray<readonly [what: string, record: () => HostRecord, line: string, code: ErrorCode, says: RegExp]> = [
	['nothing is built', () => base().record(), 'forward on eth1', 'DRIVER_NOT_BUILT', /build\.json is not there.*vfctl driver build/],
	['the build is of an older vfctl', () => withBuild(base().record(), ['vfctl_pf', 'igb']), 'forward on eth1', 'DRIVER_NOT_BUILT', /without it/],
	['the kernel has no hook', () => withBuild(base().record(), ['vfctl_pf', 'igb'], {warnings: [`vfctl_fwd is not built: ${kernel} has no hook for frames that leave (CONFIG_NETFILTER_EGRESS, Linux 5.16)`]}), 'forward on eth1', 'UNSUPPORTED', /CONFIG_NETFILTER_EGRESS/],
	['the module changed since', () => withFile(built(), `${drivers}/vfctl_fwd.ko`, 'evil'), 'forward on eth1', 'DRIVER_NOT_BUILT', /is not what was built/],
	['its helper changed since', () => withFile(built(), `${drivers}/vfctl_pf.ko`, 'evil'), 'forward on eth1', 'DRIVER_NOT_BUILT', /is not what was built/],
	['a damaged build.json', () => withFile(built(), `${drivers}/build.json`, '{'), 'forward on eth1', 'DRIVER_NOT_BUILT', /./],
	['only signed modules', () => withFile(built(), '/sys/kernel/security/lockdown', 'none [integrity] confidentiality\n'), 'forward on eth1', 'KERNEL_LOCKDOWN', /not signed/],
	['a VF', () => built(), 'forward on eth1#0', 'PF_NOT_FOUND', /VF 0/],
	['one of several is not there', () => built(), 'forward on eth1 eth9', 'PF_NOT_FOUND', /eth9/],
	['nonsense', () => built(), 'forward off $(reboot)', 'PF_NOT_FOUND', /reboot/],
	['table of a VF', () => built(), 'forward table eth1#0', 'PF_NOT_FOUND', /VF 0/],
];

for (const [what, record, line, code, says] of refusals) {
	test(`refused: ${what}`, async t => {
		const host = simHost(record());
		const before = await captured(host);
		const {error} = await vfctl(host, line.split(' '));
		t.is(error?.code, code, error?.why);
		t.regex(`${error?.message} ${error?.why} ${error?.fix}`, says);
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});
}

// What goes wrong

const troubles: ReadonlyArray<readonly [what: string, options: SimOptions, says: RegExp]> = [
	['the helper does not load', {commandFailures: [{command: /^insmod \S*vfctl_pf\.ko/, result: {code: 1, stderr: 'insmod: ERROR: could not insert module: Key was rejected by service\n'}}]}, /Key was rejected.*signed/],
	['the module does not load', {commandFailures: [{command: /^insmod \S*vfctl_fwd\.ko/, result: {code: 1, stderr: 'insmod: ERROR: could not insert module: Invalid module format\n'}}]}, /built for another kernel/],
	['insmod says nothing and does nothing', {commandFailures: [{command: /^insmod \S*vfctl_fwd\.ko/, result: {code: 0}}]}, /does not show it/],
	['the kernel refuses the PF', {writeFailures: [{path: /forward\/add$/, errno: 'EINVAL'}]}, /EINVAL: it is no PF that can have VFs/],
	['the kernel has no memory', {writeFailures: [{path: /forward\/add$/, errno: 'ENOMEM'}]}, /ENOMEM/],
];

for (const [what, options, says] of troubles) {
	test(`put back: ${what}`, async t => {
		const host = usual(options);
		const before = await captured(host);
		const {error} = await vfctl(host, ['forward', 'on', 'eth1']);
		t.is(error?.code, 'STEP_FAILED');
		t.regex(error?.why ?? '', says);
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});
}

test('the second of two PFs fails: the first is put back, too', async t => {
	const host = usual({writeFailures: [{path: /forward\/add$/, value: /0000:02/, errno: 'ENOMEM'}]});
	const before = await captured(host);
	t.is((await vfctl(host, ['forward', 'on', 'eth1', 'eth2'])).error?.code, 'STEP_FAILED');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('someone else who switches it on in the same moment is no error', async t => {
	const host = usual();
	let written = false;
	host.set({beforeChange(what) {
		if (!written && what.startsWith('write') && what.includes('forward/add')) {
			written = true;
			void host.files.writeAttribute(`${root}/add`, pf);
		}
	}});
	await done(host, 'forward on eth1');
	t.true(isOn(host));
});

test('killed at any moment, recover puts everything back', async t => {
	t.true(await recoversEverywhere(t, usual, async host => done(host, 'forward on eth1 eth2')) > 8);
});

test('killed while it is switched off, recover switches it on again', async t => {
	const host = usual();
	await done(host, 'forward on eth1 eth2');
	const before = await captured(host);
	const after = await crashAt(host, what => what.startsWith('write') && what.includes('forward/remove') && what.includes('0000:02'), async () => done(host, 'forward off eth1 eth2'));
	t.is((await vfctl(after!, ['recover', '--yes'])).error, undefined);
	t.deepEqual(compareRecords(before, await captured(after!)), []);
});

// Shown

test('without the module the table says so and shows nothing else', async t => {
	const host = usual();
	for (const line of ['forward table', 'forward stats eth1']) {
		const {text, json} = await done(host, line);
		t.is(text, 'the forwarding module (vfctl_fwd) is not loaded: every frame between VFs goes to the card');
		t.deepEqual({loaded: json['loaded'], pfs: json['pfs']}, {loaded: false, pfs: []});
	}
});

test('the table names ports, interfaces, namespaces and what holds them', async t => {
	const host = usual();
	addNamespace(host.machine, {name: 'blue'});
	await done(host, 'forward on eth1');
	await done(host, 'netns attach blue eth1#0');
	const {loaded, pfs: [shown, ...others]} = await viewOf(host);
	t.true(loaded && others.length === 0);
	t.deepEqual({name: shown!.name, on: shown!.on, mode: shown!.mode}, {name: 'eth1', on: true, mode: 'veb'});
	const ports = Object.fromEntries(shown!.ports.map(port => [port.name, port]));
	t.deepEqual(Object.keys(ports), ['eth1', 'eth1#0', 'eth1#1', 'eth1#2']);
	t.is(ports['eth1']!.netdev, 'eth1');
	t.is(ports['eth1#0']!.namespace, 'blue');
	t.regex(ports['eth1#0']!.holder!.text, /namespace blue/);
	t.is(ports['eth1#1']!.namespace, null);
	t.is(ports['eth1#1']!.netdev, host.files.list(`/sys/bus/pci/devices/${pf}/virtfn1/net`)[0] ?? '');
	t.deepEqual(ports['eth1#1']!.rules!.macs, ['52:54:00:00:00:01']);
	t.is(ports['eth1#1']!.rules!.portVlan, 100);
	t.is(ports['eth1#2']!.held!.reason, 'rate');

	const {text} = await done(host, 'forward table eth1');
	t.regex(text, /^eth1 \(0000:01:00\.0\): forwarding is on\nPORT +INTERFACE/);
	t.regex(text, /eth1#2: everything from it goes to the card: the sender has a rate limit/);
	t.regex((await done(host, 'forward table eth2')).text, /^eth2 \(0000:02:00\.0\): forwarding is off/);
});

test('ports follow interfaces: a driver that lets a VF go, VFs that go', async t => {
	const host = usual();
	await done(host, 'forward on eth1');
	const names = async () => (await viewOf(host)).pfs[0]!.ports.map(({name}) => name);
	await done(host, 'bind eth1#1 vfio-pci');
	t.deepEqual(await names(), ['eth1', 'eth1#0', 'eth1#2']);
	await done(host, 'restore eth1#1');
	t.deepEqual(await names(), ['eth1', 'eth1#0', 'eth1#1', 'eth1#2']);
	await done(host, 'vf destroy eth1 --yes');
	t.deepEqual(await names(), ['eth1']);
	await done(host, 'undo --yes');
	t.is((await names()).length, 4);
});

test('counters are told with a sentence about each reason', async t => {
	const host = usual();
	await done(host, 'forward on eth1');
	await viewOf(host);
	Object.assign(host.machine.forwarding.get(pf)!.get('vf0')!.stats, {tx_packets: 40, tx_bytes: 60_000, passed: 2, card_multicast: 7, card_vlan: 1});
	const {text} = await done(host, 'forward stats');
	t.regex(text, /eth1#0 +40 +60000 +0 +0 +2 +8\n/);
	t.regex(text, /eth1#0 +7 +multicast +it is for many\n/);
	t.regex(text, /eth1#0 +1 +vlan +it has a tag/);
	const [shown] = (await viewOf(host, 'forward stats')).pfs;
	t.is(shown!.ports.find(({name}) => name === 'eth1#0')!.stats.card['multicast'], 7);
	t.deepEqual(Object.keys(shown!.ports[0]!.stats.card).toSorted(), Object.keys(cardReasons).toSorted());
});

test('a record of the host has it all, and a host played from it goes on', async t => {
	const host = usual();
	await done(host, 'forward on eth1');
	const again = simHost(await captured(host));
	t.deepEqual((await viewOf(again)).pfs, (await viewOf(host)).pfs);
	t.is((await done(again, 'forward on eth1')).json['changed'], false);
	await done(again, 'forward on eth2');
	await done(again, 'forward off eth1');
	t.deepEqual((await viewOf(again)).pfs.map(({name}) => name), ['eth2']);
});

// A module that tells nonsense

const rules = 'ifindex=7\nnetns=4026531840\nheld=none\nmacs=52:54:00:00:00:01\nport_vlan=0\nspoofchk=1\ntrust=0\nlink=auto\n';
const stats = 'tx_packets=1\ntx_bytes=2\nrx_packets=3\nrx_bytes=4\npassed=5\ncard_vlan=6\n';

/** A host whose module tells this of one port. */
function telling(files: Readonly<Record<string, string>>): SimHost {
	const told = {abi: '1\n', [`${pf}/mode`]: 'veb\n', [`${pf}/vf0/rules`]: rules, [`${pf}/vf0/stats`]: stats, ...files};
	return simHost(Object.entries(told).reduce((record, [name, text]) => withFile(record, `${root}/${name}`, text), base().record()));
}

test('what is new is left to those who know it', async t => {
	const {pfs: [shown]} = await viewOf(telling({[`${pf}/vf0/rules`]: `${rules}new=1\n`, [`${pf}/vf0/stats`]: `${stats}card_comet=18446744073709551615\nnew=x\n`, [`${pf}/future`]: 'x\n', 'other': 'x\n'}));
	t.is(shown!.ports[0]!.stats.card['comet'], 2 ** 64);
	t.regex((await done(telling({[`${pf}/vf0/stats`]: `${stats}card_comet=9\n`}), 'forward stats')).text, /9 +comet +a reason that this vfctl does not know/);
	const unlearned = await viewOf(telling({[`${pf}/vf0/rules`]: 'ifindex=7\nnetns=4026531840\nheld=rules\n'}));
	t.is(unlearned.pfs[0]!.ports[0]!.rules, null);
	t.is(unlearned.pfs[0]!.ports[0]!.held!.reason, 'rules');
});

const nonsense: ReadonlyArray<readonly [what: string, files: Readonly<Record<string, string>>, says: RegExp]> = [
	['another abi', {abi: '2\n'}, /is '2', known is 1/],
	['an empty abi', {abi: ''}, /abi/],
	['an unknown mode', {[`${pf}/mode`]: 'tunnel\n'}, /mode is 'tunnel'/],
	['empty rules', {[`${pf}/vf0/rules`]: ''}, /is missing/],
	['truncated rules', {[`${pf}/vf0/rules`]: rules.slice(0, 60)}, /rules: /],
	['rules without the link', {[`${pf}/vf0/rules`]: rules.replace('link=auto\n', '')}, /link is missing/],
	['no key', {[`${pf}/vf0/rules`]: `${rules}\u001B[2J\n`}, /is not KEY=VALUE/],
	['a key twice', {[`${pf}/vf0/rules`]: `${rules}trust=1\n`}, /trust is there twice/],
	['a held that is no name', {[`${pf}/vf0/rules`]: rules.replace('held=none', 'held=$(reboot)')}, /held is/],
	['a MAC that is none', {[`${pf}/vf0/rules`]: rules.replace('52:54', 'zz:54')}, /macs is/],
	['a VLAN too large', {[`${pf}/vf0/rules`]: rules.replace('port_vlan=0', 'port_vlan=4096')}, /port_vlan is '4096'/],
	['a negative counter', {[`${pf}/vf0/stats`]: stats.replace('=1', '=-1')}, /tx_packets is '-1'/],
	['a counter beyond 64 bits', {[`${pf}/vf0/stats`]: stats.replace('=1', '=18446744073709551616')}, /tx_packets/],
	['a reason that is no name', {[`${pf}/vf0/stats`]: `${stats}card_A-B=1\n`}, /is no reason/],
	['stats as long as a book', {[`${pf}/vf0/stats`]: stats + 'x=1\n'.repeat(100_000)}, /longer than the kernel writes/],
];

for (const [what, files, says] of nonsense) {
	test(`a clear error for ${what}`, async t => {
		for (const line of ['forward table', 'forward stats']) {
			const {error} = await vfctl(telling(files), line.split(' '));
			t.is(error?.code, 'UNSUPPORTED');
			t.regex(`${error?.message} ${error?.why}`, says);
		}
	});
}

test('whoever is not root is told so', async t => {
	const record = base().record();
	const entries = new Map([...record.entries, [`${root}/abi`, {kind: 'unreadable' as const}]]);
	t.is((await vfctl(simHost({...record, entries}), ['forward', 'table'])).error?.code, 'NOT_ROOT');
});

// Host file

/** The text as a file. */
const fileOf = yamlFiles('version: 1\n');

test('a host file switches it on and off, and an export tells it', async t => {
	const host = usual();
	const before = await captured(host);
	const on = fileOf('pfs: {eth1: {forwarding: on}, eth2: {forwarding: on}}\n');
	t.true((await done(host, `diff ${on}`)).json['differs']);
	const {json} = await done(host, `apply ${on} --yes`);
	t.deepEqual(kinds(json), ['insert-module', 'set-forward', 'set-forward']);
	t.true(isOn(host) && isOn(host, '0000:02:00.0'));
	t.is((await done(host, `apply ${on} --yes`)).json['changed'], false);
	t.false((await done(host, `diff ${on}`)).json['differs']);
	t.regex((await done(host, 'export')).text, /eth1:[^]*?forwarding: ['"]?on['"]?\n/);

	t.deepEqual(kinds((await done(host, `apply ${fileOf('pfs: {eth1: {forwarding: off}}\n')} --yes`)).json), ['set-forward']);
	t.true(!isOn(host) && isOn(host, '0000:02:00.0'));
	await done(host, 'undo --yes');
	await done(host, 'undo 1 --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);
	t.notRegex((await done(host, 'export')).text, /forwarding/);
	t.is((await done(host, `apply ${fileOf('pfs: {eth1: {forwarding: off}}\n')} --yes`)).json['changed'], false);
});

test('a host file that cannot be had says where', async t => {
	const {error} = await vfctl(simHost(base().record()), ['apply', fileOf('pfs: {eth1: {forwarding: on}}\n'), '--yes']);
	t.is(error?.code, 'DRIVER_NOT_BUILT');
	t.regex(error!.message, /^pfs\.eth1\.forwarding: /);
});

test('at boot a kernel without the module still gets its VFs', async t => {
	const host = simHost(base().noLibvirt().record());
	const {json} = await done(host, `apply ${fileOf('pfs: {eth1: {forwarding: on}, eth2: {numVfs: 2}}\n')} --boot --yes`);
	t.true(kinds(json).includes('set-numvfs') && !kinds(json).includes('set-forward'));
	t.true(parsePlan(json['plan']).warnings.some(warning => /^pfs\.eth1\.forwarding: frames stay with the card: .*vfctl driver build/.test(warning)));
});

// The module goes away in between

test('recover after the module went: nothing is left to switch on', async t => {
	const host = usual();
	await done(host, 'forward on eth1 eth2');
	const after = await crashAt(host, what => what.startsWith('write') && what.includes('forward/remove') && what.includes('0000:02'), async () => done(host, 'forward off eth1 eth2'));
	await after!.runner.run(['rmmod', 'vfctl_fwd']);
	t.is((await vfctl(after!, ['recover', '--yes'])).error, undefined);
	t.false(isLoaded(after!));
});

test('undo of off without the module says what loads it', async t => {
	const host = usual();
	await done(host, 'forward on eth1');
	await done(host, 'forward off eth1');
	await host.runner.run(['rmmod', 'vfctl_fwd']);
	const {error} = await vfctl(host, ['undo', '--yes']);
	t.is(error?.code, 'STEP_FAILED');
	t.regex(error?.why ?? '', /vfctl_fwd is not loaded/);
	t.regex(error?.fix ?? '', /vfctl forward on/);
});

test('a masked record hides the addresses of ports', async t => {
	const host = usual();
	await done(host, 'forward on eth1');
	const {entries} = await captureHost(host, {maskMacs: true});
	const told = [...entries].filter(([path]) => path.endsWith('/vf1/rules')).map(([, entry]) => entry.kind === 'text' ? entry.text : '');
	t.is(told.length, 1);
	t.regex(told[0]!, /^macs=52:54:00:/m);
	t.notRegex(told[0]!, /52:54:00:00:00:01/);
});
