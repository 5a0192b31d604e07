// set-network and set-lease on the simulated libvirt: done, compared, put back, crashed at every change.
import test from 'ava';
import type {ActionContext} from '../lib/exec/actions/handler.ts';
import {apply} from '../lib/exec/actions/handlers.ts';
import {execute} from '../lib/exec/execute.ts';
import {recover} from '../lib/exec/recover.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import {planUndoOf} from '../lib/exec/undo.ts';
import {withLock} from '../lib/exec/with-lock.ts';
import {hostdevNetworkXml} from '../lib/libvirt/device-xml.ts';
import {networkUuid, sameNetwork, withNetworkUuid} from '../lib/libvirt/network-same.ts';
import type {Mac} from '../lib/model/mac.ts';
import type {Lease, NetworkState} from '../lib/model/network.ts';
import {toBdf} from '../lib/model/bdf.ts';
import type {Action, SetLeaseAction, SetNetworkAction} from '../lib/plan/action.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {crashAt} from './helpers/crash.ts';
import {errorOf} from './helpers/error-of.ts';

const mac = '52:54:00:aa:00:01' as Mac;
const lease = (ip: string, name: string | null = null): Lease => ({mac, ip, name});
const vf = (n: number) => toBdf(`0000:03:10.${n}`);
const poolXml = (...vfs: number[]) => hostdevNetworkXml({name: 'p', managed: true, pf: vfs.map(n => vf(n))});
const pfXml = hostdevNetworkXml({name: 'p', managed: true, pf: 'pf0'});
const natXml = (dhcp: string) => `<network><name>n</name><forward mode='nat'/><ip address='10.5.0.1' netmask='255.255.255.0'>${dhcp}</ip></network>`;
const range = '<dhcp><range start=\'10.5.0.100\' end=\'10.5.0.200\'/></dhcp>';
const state = (xml: string, active = true, autostart = true): NetworkState => ({xml, active, autostart});
const setNetwork = (name: string, from: NetworkState | null, to: NetworkState | null): SetNetworkAction => ({kind: 'set-network', name, from, to});
const setLease = (from: Lease | null, to: Lease | null): SetLeaseAction => ({kind: 'set-lease', network: 'n', from, to});

function newHost(options: SimOptions = {}): SimHost {
	return simHost(hostBuilder('networks').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).guest({name: 'vm0'}).record(), options);
}

function planOf(actions: readonly Action[]): Plan {
	return {version: 1, subject: {command: 'network'}, title: 'a test', actions: [...actions], warnings: [], risks: []};
}

function contextOf(host: SimHost): RunContext {
	return {host, libvirt: () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl', 'test']};
}

async function run(host: SimHost, ...actions: Action[]): Promise<number> {
	return (await execute(planOf(actions), contextOf(host))).number;
}

async function networksOf(host: SimHost): Promise<string> {
	const libvirt = await host.openLibvirt('qemu:///system');
	return JSON.stringify(await libvirt.listNetworks(), null, 1);
}

async function find(host: SimHost, name: string) {
	const libvirt = await host.openLibvirt('qemu:///system');
	const networks = await libvirt.listNetworks();
	return networks.find(network => network.name === name);
}

async function current(host: SimHost, name: string): Promise<NetworkState> {
	const record = await find(host, name);
	return {xml: record!.inactiveXml ?? record!.xml, active: record!.active, autostart: record!.autostart};
}

test('a pool is defined, started, and taken away by its undo', async t => {
	const host = newHost();
	const before = await networksOf(host);
	const number = await run(host, setNetwork('p', null, state(pfXml)));
	const network = await find(host, 'p');
	t.like(network, {active: true, autostart: true, persistent: true});
	t.is(network!.xml.match(/<address/g)?.length, 4, 'running, its VFs are seen');
	t.false(network!.inactiveXml!.includes('<address'), 'saved, only the PF');
	await execute(await planUndoOf(contextOf(host), number), contextOf(host));
	t.is(await networksOf(host), before);
});

test('a running pool is changed by stopping it, and put back with its UUID', async t => {
	const host = newHost();
	await run(host, setNetwork('p', null, state(poolXml(0, 2))));
	const before = await current(host, 'p');
	const all = await networksOf(host);
	await run(host, setNetwork('p', before, state(poolXml(4, 6))));
	t.is(networkUuid(before.xml), (await find(host, 'p'))!.uuid);
	t.regex((await find(host, 'p'))!.xml, /function='0x6'/);
	await run(host, setNetwork('p', await current(host, 'p'), before));
	t.is(await networksOf(host), all);
});

test('a pool whose PF is gone cannot start: libvirt\'s words, and everything as before', async t => {
	const host = newHost();
	const before = await networksOf(host);
	const error = await errorOf(run(host, setNetwork('p', null, state(hostdevNetworkXml({name: 'p', managed: true, pf: 'gone0'})))));
	t.is(error.code, 'NETWORK_BROKEN');
	t.regex(error.why ?? '', /No usable Vf's present on SRIOV PF gone0/);
	t.is(error.details['rolledBack'], true);
	t.is(await networksOf(host), before);
});

test('a changed pool that does not start is put back, and runs again', async t => {
	const host = newHost();
	await run(host, setNetwork('p', null, state(poolXml(0, 2))));
	const all = await networksOf(host);
	host.set({libvirtFailures: [{call: 'startNetwork', times: 1, message: 'internal error: not today'}]});
	const error = await errorOf(run(host, setNetwork('p', await current(host, 'p'), state(poolXml(4)))));
	t.is(error.code, 'LIBVIRT_FAILED');
	t.is(error.why, 'internal error: not today');
	t.is(await networksOf(host), all);
});

test('a definition that libvirt refuses changes nothing', async t => {
	const host = newHost();
	const all = await networksOf(host);
	const error = await errorOf(run(host, setNetwork('p', null, state(hostdevNetworkXml({name: 'p', managed: true, pf: [toBdf('0000:03:00.0')]})))));
	t.regex(error.why ?? '', /not an SR-IOV Virtual Function/);
	t.is(await networksOf(host), all);
});

test('starting, stopping and autostart alone leave the definition as it is', async t => {
	const host = newHost();
	await run(host, setNetwork('n', null, state(natXml(range), false, false)));
	const saved = await current(host, 'n');
	await run(host, setNetwork('n', saved, {...saved, active: true, autostart: true}));
	t.like(await current(host, 'n'), {...saved, active: true, autostart: true});
	await run(host, setNetwork('n', await current(host, 'n'), saved));
	t.deepEqual(await current(host, 'n'), saved);
});

test('a network that was removed and made again by someone else gets its UUID back', async t => {
	const host = newHost();
	await run(host, setNetwork('n', null, state(natXml(range), true, false)));
	const old = await current(host, 'n');
	const libvirt = await host.openLibvirt('qemu:///system');
	await libvirt.stopNetwork('n');
	await libvirt.undefineNetwork('n');
	await libvirt.defineNetwork(natXml(''));
	await run(host, setNetwork('n', await current(host, 'n'), old));
	t.deepEqual(await current(host, 'n'), old);
});

test('a plan that does not fit the network any more is stale', async t => {
	const host = newHost();
	await run(host, setNetwork('n', null, state(natXml(range), true, false)));
	t.is((await errorOf(run(host, setNetwork('n', null, state(natXml(range)))))).code, 'PLAN_STALE');
	t.is((await errorOf(run(host, setNetwork('p', state(pfXml), null)))).code, 'PLAN_STALE');
});

test('leases are reserved, changed and removed in both definitions', async t => {
	const host = newHost();
	await run(host, setNetwork('n', null, state(natXml(range))));
	const all = await networksOf(host);
	await run(host, setLease(null, lease('10.5.0.5', 'web')));
	for (const xml of [(await find(host, 'n'))!.xml, (await find(host, 'n'))!.inactiveXml!]) {
		t.regex(xml, /<host mac='52:54:00:aa:00:01' name='web' ip='10\.5\.0\.5'\/>/);
	}

	await run(host, setLease(lease('10.5.0.5', 'web'), lease('10.5.0.6')));
	t.regex((await find(host, 'n'))!.xml, /<host mac='52:54:00:aa:00:01' ip='10\.5\.0\.6'\/>/);
	await run(host, setLease(lease('10.5.0.6'), null));
	t.is(await networksOf(host), all);
});

test('a lease in one of the two definitions only is brought to both by the undo', async t => {
	const host = newHost({libvirtFailures: [{call: 'updateLease', target: 'live', message: 'internal error: dnsmasq is gone'}]});
	await run(host, setNetwork('n', null, state(natXml(range))));
	const all = await networksOf(host);
	t.is((await errorOf(run(host, setLease(null, lease('10.5.0.5'))))).details['rolledBack'], true);
	t.is(await networksOf(host), all);
	const libvirt = await host.openLibvirt('qemu:///system');
	await libvirt.updateLease('n', 'add', `<host mac='${mac}' ip='10.5.0.9'/>`, 'config');
	t.is((await errorOf(run(host, setLease(null, lease('10.5.0.5'))))).code, 'PLAN_STALE');
});

test('a lease that is put back after its network went is nothing to do; one that should be there is an error', async t => {
	const host = newHost();
	await run(host, setNetwork('n', null, state(natXml(range))));
	const number = await run(host, setLease(null, lease('10.5.0.5')));
	const libvirt = await host.openLibvirt('qemu:///system');
	await libvirt.stopNetwork('n');
	await libvirt.undefineNetwork('n');
	t.is((await errorOf(planUndoOf(contextOf(host), number))).code, 'PLAN_STALE');
	const context = {host, libvirt: async () => libvirt} as unknown as ActionContext;
	await t.notThrowsAsync(apply(context, setLease(lease('10.5.0.5'), null)));
	t.is((await errorOf(apply(context, setLease(null, lease('10.5.0.5'))))).code, 'STEP_FAILED');
});

test('a lease of a network that is gone is stale; of a stopped one only saved', async t => {
	const host = newHost();
	t.is((await errorOf(run(host, setLease(null, lease('10.5.0.5'))))).code, 'PLAN_STALE');
	await run(host, setNetwork('n', null, state(natXml(range), false)));
	await run(host, setLease(null, lease('10.5.0.5')));
	t.regex((await current(host, 'n')).xml, /10\.5\.0\.5/);
});

const crashes: ReadonlyArray<readonly [name: string, given: readonly Action[], actions: (host: SimHost) => Promise<Action[]>, least: number]> = [
	['making a pool', [], async () => [setNetwork('p', null, state(pfXml))], 3],
	['changing a running pool', [setNetwork('p', null, state(poolXml(0, 2)))], async host => [setNetwork('p', await current(host, 'p'), state(poolXml(4)))], 3],
	['removing a running pool', [setNetwork('p', null, state(pfXml))], async host => [setNetwork('p', await current(host, 'p'), null)], 2],
	['a lease', [setNetwork('n', null, state(natXml(range)))], async () => [setLease(null, lease('10.5.0.5', 'web'))], 2],
	['changing a lease', [setNetwork('n', null, state(natXml(range))), setLease(null, lease('10.5.0.5', 'web'))], async () => [setLease(lease('10.5.0.5', 'web'), lease('10.5.0.6'))], 2],
];
for (const [name, given, actions, least] of crashes) {
	test(`${name}: a crash before any single change is recovered`, async t => {
		let crashes = 0;
		let networkChanges = 0;
		for (;;) {
			const host = newHost();
			await run(host, ...given);
			const before = await networksOf(host);
			const wanted = await actions(host);
			networkChanges = 0;
			host.set({
				beforeChange(what) {
					networkChanges += /network/.test(what) ? 1 : 0;
				},
			});
			const after = await crashAt(host, crashes + 1, async () => run(host, ...wanted));
			if (!after) {
				break;
			}

			crashes++;
			const results = await withLock(after, {holder: 'recover', timeoutMs: 0, recovering: true}, async () => recover(contextOf(after)));
			t.true(results.every(({error}) => error === null), `${crashes}: ${results[0]?.error?.why}`);
			t.is(await networksOf(after), before, `crash at change ${crashes}`);
		}

		t.true(networkChanges >= least, `only ${networkChanges} changes of networks`);
		t.true(crashes >= networkChanges, `only ${crashes} changes`);
	});
}

const uuidLine = '<uuid>5a3c1d70-94e2-4b7f-8f10-000000000002</uuid>';
const sameTable: ReadonlyArray<readonly [what: string, wanted: string, real: string, same: boolean]> = [
	['what libvirt adds to a NAT network', natXml(range), `<network connections='2'><name>n</name>${uuidLine}<forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward><bridge name='virbr3' stp='on' delay='0'/><mac address='52:54:00:12:34:56'/><ip address='10.5.0.1' netmask='255.255.255.0'>${range}</ip></network>`, true],
	['blanks and the order of attributes', '<network><name>n</name><forward mode=\'nat\'/><ip address=\'10.5.0.1\' netmask=\'255.255.255.0\'/></network>', '<network>\n <name>n</name>\n <forward mode="nat"></forward>\n <ip netmask="255.255.255.0" family="ipv4" address="10.5.0.1"><dhcp/></ip>\n</network>\n', true],
	['the VFs of a running pool', pfXml, pfXml.replace('</forward>', '<address type=\'pci\' domain=\'0x0000\' bus=\'0x03\' slot=\'0x10\' function=\'0x0\'/></forward>'), true],
	['numbers in another base', poolXml(0), poolXml(0).replace('bus=\'0x03\'', 'bus=\'3\'').replace('domain=\'0x0000\' ', ''), true],
	['leases in another order', natXml('<dhcp><host mac=\'52:54:00:00:00:01\' ip=\'10.5.0.2\'/><host mac=\'52:54:00:00:00:02\' ip=\'10.5.0.3\'/></dhcp>'), natXml('<dhcp><host mac=\'52:54:00:00:00:02\' ip=\'10.5.0.3\'/><host mac=\'52:54:00:00:00:01\' ip=\'10.5.0.2\'/></dhcp>'), true],
	['another VF', poolXml(0, 2), poolXml(0, 4), false],
	['VFs in another order', poolXml(0, 2), poolXml(2, 0), false],
	['one VF more', poolXml(0), poolXml(0, 2), false],
	['managed or not', pfXml, pfXml.replace('managed=\'yes\'', 'managed=\'no\''), false],
	['another address', natXml(range), natXml(range).replace('10.5.0.1\'', '10.5.0.9\''), false],
	['another UUID', natXml(range).replace('</name>', `</name>${uuidLine}`), natXml(range).replace('</name>', `</name>${uuidLine.replace('2<', '3<')}`), false],
	['another bridge', natXml(range).replace('</name>', '</name><bridge name=\'br7\'/>'), natXml(range).replace('</name>', '</name><bridge name=\'virbr0\' stp=\'on\' delay=\'0\'/>'), false],
	['a domain', natXml(range).replace('</name>', '</name><domain name=\'lab\'/>'), natXml(range), false],
	['another mode', natXml(range), natXml(range).replace('\'nat\'', '\'route\''), false],
];
for (const [what, wanted, real, same] of sameTable) {
	test(`two definitions ${same ? 'are the same but for' : 'differ by'} ${what}`, t => {
		t.is(sameNetwork(wanted, real), same);
		t.is(sameNetwork(real, wanted), same);
		t.true(sameNetwork(real, real));
	});
}

test('a UUID is put in where none is', t => {
	t.is(networkUuid(withNetworkUuid(pfXml, '5a3c1d70-94e2-4b7f-8f10-000000000002')), '5a3c1d70-94e2-4b7f-8f10-000000000002');
	const has = withNetworkUuid('<network connections=\'1\'><name>a</name></network>', '5a3c1d70-94e2-4b7f-8f10-000000000002');
	t.is(withNetworkUuid(has, '5a3c1d70-94e2-4b7f-8f10-000000000009'), has);
});
