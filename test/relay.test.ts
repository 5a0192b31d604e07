// The relay of PFs on simulated hosts: its group set, left, shown, undone, recovered, and nonsense refused.
import test from 'ava';
import {relayReasons} from '../lib/model/forward.ts';
import {toBdf} from '../lib/model/bdf.ts';
import {parsePlan} from '../lib/plan/plan-schema.ts';
import {compareRecords} from '../lib/record/compare.ts';
import type {HostRecord} from '../lib/record/record.ts';
import type {HostBuilder} from '../lib/sim/build-facts.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {withBuild} from './helpers/built-drivers.ts';
import {captured, recoversEverywhere, vfctl, withFile} from './helpers/plan-world.ts';
import {yamlFiles} from './helpers/yaml-files.ts';

const root = '/sys/kernel/vfctl/forward';
const pf = toBdf('0000:01:00.0');
const other = toBdf('0000:02:00.0');
const base = (): HostBuilder => hostBuilder('relay')
	.pf({card: '82576', bdf: pf, name: 'eth1', vfs: 2})
	.pf({card: '82576', bdf: other, name: 'eth2', vfs: 1});
const built = (): HostRecord => withBuild(base().record(), ['vfctl_pf', 'vfctl_fwd']);
const usual = (options: SimOptions = {}): SimHost => simHost(built(), options);
const fileOf = yamlFiles('version: 1\n');

async function done(host: SimHost, line: string) {
	const answer = await vfctl(host, line.split(' '));
	if (answer.error) {
		throw new Error(`${line}: ${answer.error.code} ${answer.error.message} (${answer.error.why})`);
	}

	return answer;
}

const kinds = (json: Record<string, unknown>) => parsePlan(json['plan']).actions.map(({kind}) => kind);
const groupOf = (host: SimHost, name: string) => /^group=(.*)$/m.exec(host.files.readText(`${root}/${name}/relay`) ?? '')?.[1];

test('on with a group puts the PFs into it; undo, another group, none, and off', async t => {
	const host = usual();
	const before = await captured(host);
	const {json, text} = await done(host, 'forward on eth1 eth2 --relay lan');
	t.is(text, 'done: pass frames between the VFs of eth1, eth2 on, and relay in group lan');
	t.deepEqual(kinds(json), ['insert-module', 'set-forward', 'set-relay', 'set-forward', 'set-relay']);
	t.deepEqual([groupOf(host, pf), groupOf(host, other)], ['lan', 'lan']);
	t.is((await done(host, 'forward on eth1 --relay lan')).json['changed'], false);
	t.is((await done(host, 'forward on eth1')).json['changed'], false, 'not said: as it is');

	t.deepEqual(kinds((await done(host, 'forward on eth1 --relay other')).json), ['set-relay']);
	t.is(groupOf(host, pf), 'other');
	await done(host, 'undo --yes');
	t.is(groupOf(host, pf), 'lan');

	await done(host, 'forward on eth1 --relay none');
	t.is(groupOf(host, pf), 'none');
	await done(host, 'undo --yes');

	t.deepEqual(kinds((await done(host, 'forward off eth1')).json), ['set-relay', 'set-forward']);
	await done(host, 'undo --yes');
	t.is(groupOf(host, pf), 'lan');
	await done(host, 'undo 1 --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('a dry run shows what one would have typed', async t => {
	const {text} = await done(usual(), 'forward on eth1 --relay lan --dry-run');
	t.regex(text, /echo 0000:01:00\.0 lan > \/sys\/kernel\/vfctl\/forward\/relay/);
});

for (const name of ['$(reboot)', 'sixteen-letters-', '', 'a b', '../x', 'ä']) {
	test(`'${name}' is no group`, async t => {
		const host = usual();
		const before = await captured(host);
		const {error} = await vfctl(host, ['forward', 'on', 'eth1', `--relay=${name}`]);
		t.is(error?.code, 'USAGE');
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});
}

test('a module of an older vfctl that is loaded cannot relay', async t => {
	const host = usual();
	await done(host, 'forward on eth1');
	host.machine.tree.remove(`${root}/relay`);
	const {error} = await vfctl(host, ['forward', 'on', 'eth1', '--relay', 'lan']);
	t.is(error?.code, 'UNSUPPORTED');
	t.regex(error?.fix ?? '', /vfctl driver build/);
	t.is((await done(host, 'forward on eth1')).json['changed'], false);
	t.true((await done(host, 'forward off eth1')).json['changed']);
});

for (const errno of ['ENOENT', 'EINVAL', 'ENOMEM'] as const) {
	test(`the kernel answers ${errno}: all is put back`, async t => {
		const host = usual({writeFailures: [{path: /forward\/relay$/, errno}]});
		const before = await captured(host);
		const {error} = await vfctl(host, ['forward', 'on', 'eth1', '--relay', 'lan']);
		t.is(error?.code, 'STEP_FAILED');
		t.regex(error?.why ?? '', new RegExp(`${errno}: `));
		t.deepEqual(compareRecords(before, await captured(host)), []);
	});
}

test('killed at any moment, recover puts everything back', async t => {
	t.true(await recoversEverywhere(t, usual, async host => done(host, 'forward on eth1 --relay lan')) > 8);
});

// Shown

const relayText = 'group=lan\nfilter_limit=24\nfilter_used=3\nfilters=2\nleft_out=1\nto_vf=4\nto_host=5\nneighbours=6\nnot_vlan=7\nnot_comet=8\n';
const macsText = `52:54:00:00:00:0a ${pf}\n52:54:00:00:00:0b ${other}\n`;

/** A host whose module tells this of the relay. */
function telling(relay: string, macs = macsText): SimHost {
	const files = {abi: '1\n', relay: '', [`${pf}/mode`]: 'veb\n', [`${pf}/relay`]: relay, [`${pf}/relay_macs`]: macs, [`${pf}/pf/rules`]: 'ifindex=2\nnetns=1\nheld=none\nmacs=\nport_vlan=0\nspoofchk=0\ntrust=0\nlink=auto\n', [`${pf}/pf/stats`]: 'tx_packets=0\ntx_bytes=0\nrx_packets=0\nrx_bytes=0\npassed=0\n'};
	return simHost(Object.entries(files).reduce((record, [name, text]) => withFile(record, `${root}/${name}`, text), base().record()));
}

test('the table tells what the card was given, whose it is, and what is free', async t => {
	const host = telling(relayText);
	const {text, json} = await done(host, 'forward table');
	t.regex(text, /eth1: relay group lan: the card compares 24 addresses, 3 are its own and its VFs', 2 the relay's, 19 free\n/);
	t.regex(text, /1 address found no room/);
	t.regex(text, /52:54:00:00:00:0a +eth1\n52:54:00:00:00:0b +eth2/);
	const [{relay}] = json['pfs'] as [{relay: {filtersFree: number; macs: unknown[]}}];
	t.is(relay.filtersFree, 19);
	t.deepEqual(relay.macs[1], {mac: '52:54:00:00:00:0b', home: 'eth2', homeBdf: other});
	const stats = (await done(host, 'forward stats')).text;
	t.regex(stats, /relayed in group lan: 4 to VFs, 5 to the host behind other PFs, 6 copies/);
	t.regex(stats, new RegExp(`7 +vlan +${relayReasons.vlan}\n`));
	t.regex(stats, /8 +comet +a reason that this vfctl does not know/);
});

test('a record has it all', async t => {
	const host = telling(relayText);
	t.deepEqual((await done(simHost(await captured(host)), 'forward table')).json['pfs'], (await done(host, 'forward table')).json['pfs']);
});

const nonsense: ReadonlyArray<readonly [what: string, relay: string, macs: string, says: RegExp]> = [
	['no group', relayText.replace('group=lan\n', ''), macsText, /group is missing/],
	['a group that is no name', relayText.replace('lan', '$(reboot)'), macsText, /the group is/],
	['a counter that is none', relayText.replace('to_vf=4', 'to_vf=x'), macsText, /to_vf is 'x'/],
	['a limit that is none', relayText.replace('=24', '=-24'), macsText, /filter_limit is '-24'/],
	['a MAC that is none', relayText, macsText.replace('52:54', 'zz:54'), /mac is/],
	['a PF that is none', relayText, macsText.replace(pf, 'eth1'), /no address and PF/],
	['half a line', relayText, macsText.slice(0, 20), /no address and PF/],
];

for (const [what, relay, macs, says] of nonsense) {
	test(`a clear error for ${what}`, async t => {
		const {error} = await vfctl(telling(relay, macs), ['forward', 'table']);
		t.is(error?.code, 'UNSUPPORTED');
		t.regex(`${error?.message} ${error?.why}`, says);
	});
}

// Host file

test('a host file sets the group, an export tells it', async t => {
	const host = usual();
	const before = await captured(host);
	const file = fileOf('pfs: {eth1: {forwarding: on, relay: lan}, eth2: {forwarding: on}}\n');
	t.deepEqual(kinds((await done(host, `apply ${file} --yes`)).json), ['insert-module', 'set-forward', 'set-relay', 'set-forward']);
	t.is(groupOf(host, pf), 'lan');
	t.is((await done(host, `apply ${file} --yes`)).json['changed'], false);
	t.regex((await done(host, 'export')).text, /eth1:[^]*?forwarding: ['"]?on['"]?\n\s+relay: lan\n/);
	t.deepEqual(kinds((await done(host, `apply ${fileOf('pfs: {eth1: {relay: none}, eth2: {relay: other}}\n')} --yes`)).json), ['set-relay', 'set-relay']);
	t.deepEqual([groupOf(host, pf), groupOf(host, other)], ['none', 'other']);
	await done(host, 'undo --yes');
	t.deepEqual(kinds((await done(host, `apply ${fileOf('pfs: {eth1: {forwarding: off, relay: none}}\n')} --yes`)).json), ['set-relay', 'set-forward']);
	await done(host, 'undo --yes');
	await done(host, 'undo 1 --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);
});

test('a relay without forwarding is refused, with its place', async t => {
	for (const text of ['relay: lan', 'forwarding: off, relay: lan']) {
		const {error} = await vfctl(usual(), ['apply', fileOf(`pfs: {eth1: {${text}}}\n`), '--yes']);
		t.is(error?.code, 'BAD_HOST_FILE');
		t.regex(error!.message, /^pfs\.eth1\.relay: /);
	}

	const {error} = await vfctl(usual(), ['apply', fileOf('pfs: {eth1: {forwarding: on, relay: "a b"}}\n'), '--yes']);
	t.is(error?.code, 'BAD_HOST_FILE');
});

// The card's own switch

const switching = (): SimHost => simHost(withBuild(hostBuilder('switch')
	.pf({card: '82599', bdf: pf, name: 'ten1', vfs: 2}).pf({card: '82576', bdf: other, name: 'eth2', vfs: 1}).record(), ['vfctl_pf', 'vfctl_fwd']));
const modeOf = async (host: SimHost, name: string) => ((await done(host, `forward table ${name}`)).json['pfs'] as [{switch: string | null}] | [])[0]?.switch;

test('switch sets how the card works, undo sets it back, and a host file says it', async t => {
	const host = switching();
	await done(host, 'forward on ten1 eth2');
	const before = await captured(host);
	t.deepEqual([await modeOf(host, 'ten1'), await modeOf(host, 'eth2')], ['veb', null]);
	t.is((await done(host, 'forward switch veb ten1')).json['changed'], false);
	const {text, json} = await done(host, 'forward switch vepa ten1');
	t.is(text.split('\n').at(-1), 'done: make the switch of ten1 a VEPA');
	t.regex(parsePlan(json['plan']).warnings.join(' '), /hairpin/);
	t.is(await modeOf(host, 'ten1'), 'vepa');
	// It is done when the module knows: until then VFs reach each other.
	t.is(host.files.readText(`/sys/kernel/vfctl/forward/${pf}/mode`), 'vepa\n');
	t.regex((await done(host, 'forward switch veb ten1 --dry-run')).text, /bridge link set dev ten1 hwmode veb/);
	await done(host, 'undo --yes');
	t.deepEqual(compareRecords(before, await captured(host)), []);

	const file = fileOf('pfs: {ten1: {switch: vepa}}\n');
	t.deepEqual(kinds((await done(host, `apply ${file} --yes`)).json), ['set-switch-mode']);
	t.is((await done(host, `apply ${file} --yes`)).json['changed'], false);
	await done(host, 'undo --yes');
	t.is(await modeOf(host, 'ten1'), 'veb');
});

test('a driver without modes says so, also for a place of a host file', async t => {
	const host = switching();
	const {error} = await vfctl(host, ['forward', 'switch', 'vepa', 'ten1', 'eth2']);
	t.is(error?.code, 'UNSUPPORTED');
	t.regex(error?.why ?? '', /igb/);
	t.regex((await vfctl(host, ['apply', fileOf('pfs: {eth2: {switch: veb}}\n'), '--yes'])).error?.message ?? '', /^pfs\.eth2\.switch: /);
});

for (const [what, result, says] of [['refuses', {code: 2, stderr: 'RTNETLINK answers: Operation not supported\n'}, /Operation not supported/], ['takes it and does nothing', {code: 0}, /does not show it/]] as const) {
	test(`a driver that ${what}`, async t => {
		const host = switching();
		host.set({commandFailures: [{command: /^bridge link set/, result}]});
		const {error} = await vfctl(host, ['forward', 'switch', 'vepa', 'ten1']);
		t.is(error?.code, 'STEP_FAILED');
		t.regex(error?.why ?? '', says);
	});
}

test('what bridge link tells is not trusted', async t => {
	for (const told of ['{[', '[null,7]', '[{"hwmode":"tunnel"}]', '']) {
		const host = simHost(hostBuilder('odd').pf({card: '82599', bdf: pf, name: 'ten1', vfs: 1}).command(['bridge', '-j', 'link', 'show', 'dev', 'ten1'], told).record());
		t.is((await vfctl(host, ['forward', 'switch', 'vepa', 'ten1'])).error?.code, 'UNSUPPORTED', told);
	}
});
