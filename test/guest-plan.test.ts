// Addresses and routes for guests on the command line: what is refused, what attach, detach and
// route do on a simulated host, and that a crash or a failure anywhere leaves nothing behind.
import test, {type ExecutionContext} from 'ava';
import {parseGuestNetwork, type GuestNetworkArguments} from '../lib/cli/parse-guest-network.ts';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import {execute} from '../lib/exec/execute.ts';
import {parseFault} from '../lib/exec/fault.ts';
import {unfinishedOperations} from '../lib/exec/journal.ts';
import {recover} from '../lib/exec/recover.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import {withLock} from '../lib/exec/with-lock.ts';
import {planUndoOf} from '../lib/exec/undo.ts';
import type {GuestNetwork} from '../lib/model/guest-network.ts';
import {toPrefix} from '../lib/model/ip.ts';
import type {Mac} from '../lib/model/mac.ts';
import {requireFreeAddresses, usualGateway} from '../lib/plan/guest-network-checks.ts';
import {guestNetworkActions} from '../lib/plan/guest-network-actions.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {restoreGuestFiles} from '../lib/plan/restore-guest-files.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {crashAt} from './helpers/crash.ts';
import {vfctl, type Answer} from './helpers/plan-world.ts';

const mac = '52:54:00:ab:00:01' as Mac;

// Options

const parsed: ReadonlyArray<readonly [title: string, args: Partial<GuestNetworkArguments>, network: Partial<GuestNetwork>]> = [
	['one address', {address: '20.0.0.3/24'}, {addresses: ['20.0.0.3/24']}],
	['the same address in two spellings', {address: ['FD00::0:3/64', 'fd00::3/64']}, {addresses: ['fd00::3/64']}],
	['the usual gateway', {address: '20.0.0.3/24', gateway: ''}, {addresses: ['20.0.0.3/24'], routes: [{to: '0.0.0.0/0', via: '20.0.0.1', metric: null}]}],
	['the usual gateway of IPv6', {address: 'fd00::3/64', gateway: ''}, {addresses: ['fd00::3/64'], routes: [{to: '::/0', via: 'fd00::1', metric: null}]}],
	['one usual and one named', {address: ['20.0.0.3/24', 'fd00::3/64'], gateway: ['', 'fd00::fe']}, {addresses: ['20.0.0.3/24', 'fd00::3/64'], routes: [{to: '0.0.0.0/0', via: '20.0.0.1', metric: null}, {to: '::/0', via: 'fd00::fe', metric: null}]}],
	['a route over the gateway', {address: '20.0.0.3/24', gateway: '20.0.0.9', route: '10.0.0.0/24'}, {addresses: ['20.0.0.3/24'], routes: [{to: '0.0.0.0/0', via: '20.0.0.9', metric: null}, {to: '10.0.0.0/24', via: '20.0.0.9', metric: null}]}],
	['a route of its own', {address: '20.0.0.3/24', route: '10.0.0.0/24,metric=7,via=20.0.0.8'}, {addresses: ['20.0.0.3/24'], routes: [{to: '10.0.0.0/24', via: '20.0.0.8', metric: 7}]}],
	['a route on the link', {address: '20.0.0.3/24', route: '10.0.0.0/24'}, {addresses: ['20.0.0.3/24'], routes: [{to: '10.0.0.0/24', via: null, metric: null}]}],
	['a gateway that is link-local', {address: 'fd00::3/64', route: 'default,via=fe80::1'}, {addresses: ['fd00::3/64'], routes: [{to: '::/0', via: 'fe80::1', metric: null}]}],
	['MTU and nameservers alone', {mtu: '1400', nameserver: ['1.1.1.1', 'fd00::53']}, {mtuBytes: 1400, nameservers: ['1.1.1.1', 'fd00::53']}],
	['an address of a network of two', {address: '20.0.0.0/31'}, {addresses: ['20.0.0.0/31']}],
];
for (const [title, args, network] of parsed) {
	test(`options: ${title}`, t => {
		t.deepEqual(parseGuestNetwork({guestFile: 'auto', ...args}), {addresses: [], routes: [], mtuBytes: null, nameservers: [], ...network});
	});
}

test('options: none is nothing', t => {
	t.is(parseGuestNetwork({guestFile: 'networkd'}), undefined);
});

const refused: ReadonlyArray<readonly [title: string, args: Partial<GuestNetworkArguments>, code: ErrorCode, why: RegExp]> = [
	['an address without a length', {address: '20.0.0.3'}, 'BAD_ADDRESS', /like 20\.0\.0\.3\/24/],
	['no address', {address: '$(reboot)/24'}, 'BAD_ADDRESS', /like/],
	['a network as address', {address: '20.0.0.0/24'}, 'BAD_ADDRESS', /address of the network/],
	['a broadcast address', {address: '20.0.3.255/22'}, 'BAD_ADDRESS', /broadcast address of 20\.0\.0\.0\/22/],
	['multicast', {address: '224.0.0.5/24'}, 'BAD_ADDRESS', /multicast/],
	['loopback', {address: '127.0.0.2/8'}, 'BAD_ADDRESS', /loopback/],
	['link-local', {address: 'fe80::5/64'}, 'BAD_ADDRESS', /kernel/],
	['an address in everything', {address: '20.0.0.3/0'}, 'BAD_ADDRESS', /whole internet/],
	['a gateway that is elsewhere', {address: '20.0.0.3/24', gateway: '20.0.1.1'}, 'BAD_ADDRESS', /not in 20\.0\.0\.0\/24/],
	['a gateway without an address', {gateway: '20.0.1.1'}, 'BAD_ADDRESS', /no address of that kind/],
	['a usual gateway without an address', {gateway: ''}, 'BAD_ADDRESS', /without --address/],
	['a usual gateway that is the guest itself', {address: '20.0.0.1/24', gateway: ''}, 'BAD_ADDRESS', /own/],
	['a usual gateway of one address', {address: '20.0.0.3/32', gateway: ''}, 'BAD_ADDRESS', /no usual gateway/],
	['a gateway that is the guest itself', {address: '20.0.0.3/24', gateway: '20.0.0.3'}, 'BAD_ADDRESS', /another machine/],
	['a broadcast address as gateway', {address: '20.0.0.3/24', gateway: '20.0.0.255'}, 'BAD_ADDRESS', /broadcast/],
	['two gateways', {address: '20.0.0.3/24', gateway: ['20.0.0.1', '20.0.0.2']}, 'BAD_ADDRESS', /one default route/],
	['a route with bits behind its length', {address: '20.0.0.3/24', route: '10.0.0.5/24,via=20.0.0.1'}, 'BAD_ADDRESS', /the network is 10\.0\.0\.0\/24/],
	['a route of another kind than its gateway', {address: '20.0.0.3/24', route: 'fd00::/64,via=20.0.0.1'}, 'BAD_ADDRESS', /IPv4 and the other IPv6/],
	['a route to the own network', {address: '20.0.0.3/24', route: '20.0.0.0/24'}, 'BAD_ADDRESS', /kernel makes the route/],
	['a route to multicast', {address: '20.0.0.3/24', route: '224.0.0.0/4'}, 'BAD_ADDRESS', /multicast/],
	['a route with a strange word', {address: '20.0.0.3/24', route: '10.0.0.0/24,dev=eth0'}, 'USAGE', /'dev=eth0' is neither/],
	['a route that says it twice', {address: '20.0.0.3/24', route: '10.0.0.0/24,via=20.0.0.1,via=20.0.0.2'}, 'USAGE', /twice/],
	['a metric that is none', {address: '20.0.0.3/24', route: '10.0.0.0/24,metric=-1'}, 'USAGE', /whole number/],
	['IPv6 over an MTU that is too small', {address: 'fd00::3/64', mtu: '1200'}, 'BAD_ADDRESS', /1280/],
	['an MTU that is none', {mtu: '10'}, 'USAGE', /68/],
	['a nameserver that is none', {nameserver: 'dns.example'}, 'BAD_ADDRESS', /like/],
];
for (const [title, args, code, why] of refused) {
	test(`refused: ${title}`, t => {
		const error = t.throws(() => parseGuestNetwork({guestFile: 'auto', ...args}), {instanceOf: AppError});
		t.is(error?.code, code);
		t.regex(error!.why!, why);
		t.truthy(error!.fix);
	});
}

test('the usual gateway is the first address of the network', t => {
	t.deepEqual(['10.1.2.3/8', '20.0.5.9/22', 'fd00:1:2:3:4::5/64', '2001:db8::8/126'].map(text => usualGateway(toPrefix(text, 'x'))), ['10.0.0.1', '20.0.4.1', 'fd00:1:2:3::1', '2001:db8::9']);
});

test('addresses in use: by another guest, by the host, by the guest itself; the interface itself does not count', t => {
	const known = [
		{where: 'vm1 (eth0)', same: false, mac: null, addresses: ['20.0.0.9/24', 'nonsense']},
		{where: 'vm0 (eth0)', same: true, mac: '52:54:00:00:00:01' as Mac, addresses: ['20.0.0.4/24']},
		{where: 'vm0 (eth1)', same: true, mac, addresses: ['20.0.0.3/24']},
	];
	t.throws(() => requireFreeAddresses(['20.0.0.9/16'], mac, known), {instanceOf: AppError, message: /20\.0\.0\.9 is in use/});
	t.throws(() => requireFreeAddresses(['20.0.0.4/24'], mac, known), {instanceOf: AppError});
	t.deepEqual(requireFreeAddresses(['30.0.0.3/24'], mac, known), []);
	t.regex(requireFreeAddresses(['20.0.0.3/24'], mac, known).join('\n'), /^vm0 \(eth0\) has 20\.0\.0\.4\/24, in the same network/);
});

// Commands

function guestHost(options: SimOptions = {}): SimHost {
	return simHost(hostBuilder('guest-plan').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).pool({name: 'fast', pf: 'pf0'})
		.guest({name: 'vm0'}).guest({name: 'vm1'}).guest({name: 'host'}).guest({name: 'off', state: 'shutoff'}).guest({name: 'mute', agent: 'disconnected'}).record(), {guestServices: ['systemd-networkd'], ...options});
}

async function run(host: SimHost, line: string): Promise<Answer> {
	return vfctl(host, line.split(' '));
}

async function done(t: ExecutionContext, host: SimHost, line: string): Promise<Answer> {
	const answer = await run(host, line);
	t.is(answer.error, undefined, `${line}: ${answer.error?.message}: ${answer.error?.why}`);
	return answer;
}

const linkOf = (host: SimHost, name = 'vm0') => host.daemon.insideGuest(name).links.get(mac);
const filesOf = (host: SimHost, name = 'vm0') => [...host.daemon.insideGuest(name).files.keys()].filter(path => !path.endsWith('/'));
const path = '/etc/systemd/network/05-vfctl-52-54-00-ab-00-01.network';

for (const guestIpDialect of ['iproute2', 'busybox'] as const) {
	test(`attach sets a guest with ${guestIpDialect}, a second attach changes nothing, another one changes it, detach leaves nothing`, async t => {
		const host = guestHost({guestIpDialect});
		const line = `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24 --gateway --route 10.0.0.0/24,via=20.0.0.9 --address fd00::3/64 --mtu 1400`;
		await done(t, host, line);
		t.like(linkOf(host), {addresses: ['20.0.0.3/24', 'fd00::3/64'], mtuBytes: 1400, up: true});
		t.deepEqual(linkOf(host)!.routes, [{to: '0.0.0.0/0', via: '20.0.0.1', metric: null}, {to: '10.0.0.0/24', via: '20.0.0.9', metric: null}]);
		t.deepEqual(filesOf(host), [path]);
		t.false((await done(t, host, line)).json['changed']);
		await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.4/24`);
		t.like(linkOf(host), {addresses: ['20.0.0.4/24'], routes: []});
		t.regex(host.daemon.insideGuest('vm0').files.get(path)!.text, /Address=20\.0\.0\.4\/24/);
		await done(t, host, 'detach vm0 pf0#1');
		t.deepEqual(filesOf(host), []);
		await done(t, host, 'route list vm0');
		t.is(linkOf(host), undefined);
	});
}

test('from a pool too', async t => {
	const host = guestHost();
	await done(t, host, `attach vm0 pool:fast --mac ${mac} --address 20.0.0.3/24`);
	t.like(linkOf(host), {addresses: ['20.0.0.3/24']});
	await done(t, host, 'detach vm0 pool:fast');
	t.deepEqual(filesOf(host), []);
});

test('a failover pair: the interface above is set, and its file stays with the half that stays', async t => {
	const host = simHost(hostBuilder('failover').bridge({name: 'br0'}).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).guest({name: 'vm0'}).record(), {guestServices: ['systemd-networkd']});
	await done(t, host, `attach vm0 pf0#1 --mac ${mac} --failover bridge:br0 --address 20.0.0.3/24`);
	t.like(linkOf(host), {name: 'fo0', addresses: ['20.0.0.3/24']});
	t.regex(host.daemon.insideGuest('vm0').files.get(path)!.text, /Driver=net_failover/);
	const answer = await done(t, host, 'detach vm0 pf0#1');
	t.notRegex(answer.notes.join('\n'), /05-vfctl/);
	t.deepEqual(filesOf(host), [path]);
});

test('a detach that cannot ask the guest says which file stays in it', async t => {
	const host = guestHost();
	await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24`);
	host.set({agentForbids: ['guest-file-open']});
	t.regex((await done(t, host, 'detach vm0 pf0#1')).notes.join('\n'), /05-vfctl-52-54-00-ab-00-01\.network stays in vm0/);
});

test('undo of an attach takes address and file away', async t => {
	const host = guestHost();
	await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24`);
	await done(t, host, 'undo --yes');
	t.deepEqual(filesOf(host), []);
});

for (const [name, why] of [['off', /it is shutoff/], ['mute', /no guest agent answers/]] as const) {
	test(`the guest ${name} gets its VF, and the files are handed out`, async t => {
		const host = guestHost();
		const line = `attach ${name} pf0#1 --mac ${mac} --address 20.0.0.3/24`;
		const all = await done(t, host, `${line} --dry-run`);
		t.deepEqual((all.json['guestFiles'] as Array<{format: string}>).map(({format}) => format), ['netplan', 'networkd', 'networkmanager', 'cloud-init']);
		const one = await done(t, host, `${line} --guest-file netplan`);
		t.regex(one.notes.join('\n'), why);
		t.regex(one.text, /--- \/etc\/netplan\/70-vfctl-52-54-00-ab-00-01\.yaml \(mode 0600\)\n/);
		await done(t, host, `detach ${name} pf0#1`);
	});
}

test('cloud-init\'s file is handed out and never written', async t => {
	const host = guestHost();
	const answer = await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24 --guest-file cloud-init`);
	t.deepEqual(filesOf(host), []);
	t.regex(answer.text, /--- \/var\/lib\/cloud\/seed\/nocloud\/network-config/);
	t.regex(answer.notes.join('\n'), /merge it into the guest's seed/);
	t.like(linkOf(host), {addresses: ['20.0.0.3/24']});
});

test('a guest without a network service: nameservers go in front of those of resolv.conf, and come out again', async t => {
	const host = guestHost({guestServices: []});
	host.daemon.insideGuest('vm0').files.set('/etc/resolv.conf', {text: 'nameserver 9.9.9.9\n', mode: 0o644});
	const answer = await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24 --nameserver 1.1.1.1`);
	t.regex(answer.notes.join('\n'), /gone when it restarts/);
	t.is(host.daemon.insideGuest('vm0').files.get('/etc/resolv.conf')?.text, 'nameserver 1.1.1.1\nnameserver 9.9.9.9\n');
	await done(t, host, 'detach vm0 pf0#1');
	t.is(host.daemon.insideGuest('vm0').files.get('/etc/resolv.conf')?.text, 'nameserver 9.9.9.9\n');
});

const refusedCommands: ReadonlyArray<readonly [line: string, code: ErrorCode]> = [
	[`attach vm0 pf0#2 --address 192.0.2.101/24`, 'ADDRESS_CONFLICT'],
	[`attach vm0 pf0#2 --address 30.0.0.1/24 --mtu 9000`, 'UNSUPPORTED'],
	['route add vm0 10.0.0.0/24 --via 99.0.0.1 --interface pf0#1', 'BAD_ADDRESS'],
	['route add vm0 10.0.0.0/24 --via 20.0.0.2', 'ROUTE_CONFLICT'],
	['route delete vm0 10.9.0.0/24', 'ROUTE_NOT_FOUND'],
	['route add vm1 10.0.0.0/24', 'USAGE'],
	['route add vm0 10.0.0.0/24 --interface 1.2.3.4', 'NOT_ATTACHED'],
	['route add vm0 10.0.0.0/24 --interface pf0#2', 'NOT_ATTACHED'],
	['route list off', 'UNSUPPORTED'],
	['route list mute', 'NO_AGENT'],
	['route list nobody', 'GUEST_NOT_FOUND'],
	['route add vm0 10.0.0.5/24 --via 20.0.0.1', 'BAD_ADDRESS'],
];
for (const [line, code] of refusedCommands) {
	test(`refused, and nothing changes: ${line}`, async t => {
		const host = guestHost();
		await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24 --route 10.0.0.0/24,via=20.0.0.1`);
		const before = structuredClone(host.daemon.insideGuest('vm0').links);
		const {error} = await run(host, line);
		t.is(error?.code, code, `${error?.message}: ${error?.why}`);
		t.deepEqual(host.daemon.insideGuest('vm0').links, before);
	});
}

test('an address of the host is refused', async t => {
	const host = simHost(hostBuilder('host-address').pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 2}).bridge({name: 'br9', addresses: ['20.0.0.1/24']}).guest({name: 'vm0'}).record());
	const {error} = await run(host, 'attach vm0 pf0#1 --address 20.0.0.1/24');
	t.is(error?.code, 'ADDRESS_CONFLICT');
	t.regex(error!.why!, /this host \(br9\)/);
});

test('routes of a guest: added, shown, taken away, undone; a guest may be called host', async t => {
	const host = guestHost();
	await done(t, host, `attach host pf0#1 --mac ${mac} --address 20.0.0.3/24`);
	await done(t, host, 'route add guest:host 10.0.0.0/24 --via 20.0.0.1');
	t.false((await done(t, host, 'route add guest:host 10.0.0.0/24 --via 20.0.0.1')).json['changed']);
	t.regex((await done(t, host, 'route list guest:host --interface pf0#1')).text, /20\.0\.0\.3\/24\n.*route 10\.0\.0\.0\/24 via 20\.0\.0\.1/);
	await done(t, host, 'route add guest:host default --via 20.0.0.1 --metric 7 --interface 20.0.0.3');
	await done(t, host, 'route delete guest:host 10.0.0.0/24');
	t.deepEqual(linkOf(host, 'host')!.routes, [{to: '0.0.0.0/0', via: '20.0.0.1', metric: 7}]);
	await done(t, host, 'undo --yes');
	t.is(linkOf(host, 'host')!.routes.length, 2);
});

test('a guest that must not run programs gets its VF all the same', async t => {
	const host = guestHost({agentForbids: ['guest-exec', 'guest-file-open']});
	const answer = await done(t, host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24`);
	t.regex(answer.notes.join('\n'), /addresses are not set in vm0 while it runs: .*must not run guest-exec/);
	await done(t, host, 'detach vm0 pf0#1');
});

// Plans

const vm0 = {name: 'vm0', uuid: '5a3c1d70-94e2-4b7f-8f10-000000000000'};

test('a file that someone else changed stays; our own goes, whatever it says', t => {
	const wrote = (file: string, from: string | null, to: string) => ({kind: 'guest-file' as const, guest: vm0, path: file, from, to, mode: 0o600});
	const actions = [wrote(path, null, 'a'), wrote('/etc/resolv.conf', 'old', 'new')];
	t.deepEqual(restoreGuestFiles(vm0, actions, new Map([[path, 'b'], ['/etc/resolv.conf', 'other']])), {
		actions: [{...wrote(path, null, 'a'), from: 'b', to: null}],
		warnings: ['/etc/resolv.conf stays as it is in vm0: someone changed it since'],
	});
	t.deepEqual(restoreGuestFiles(vm0, actions, new Map([[path, null], ['/etc/resolv.conf', 'new']])).actions, [{...wrote('/etc/resolv.conf', null, ''), from: 'new', to: 'old'}]);
	t.is(restoreGuestFiles(vm0, actions, new Map()).warnings.length, 2);
});

test('nothing is planned for what is so already', t => {
	const wanted: GuestNetwork = {addresses: ['20.0.0.3/24'], routes: [], mtuBytes: null, nameservers: []};
	const file = {format: 'networkd' as const, path, text: 'x', mode: 0o644};
	t.deepEqual(guestNetworkActions({guest: vm0, mac, wanted, current: {addresses: ['20.0.0.3/24'], routes: [], mtuBytes: 1500, up: true}, file: {file, current: 'x'}}), []);
	t.deepEqual(guestNetworkActions({guest: vm0, mac, wanted, current: null, file: {file, current: null}}).map(({kind}) => kind), ['guest-file', 'guest-network']);
	t.deepEqual(guestNetworkActions({guest: vm0, mac, wanted, current: {addresses: [], routes: [], mtuBytes: 1500, up: false}, file: {file: {...file, format: 'cloud-init'}, current: null}}).map(({kind}) => kind), ['guest-network']);
});

// Failures and crashes

function contextOf(host: SimHost, fault?: string): RunContext {
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl'], ...(fault === undefined ? {} : {fault: parseFault(fault)})};
}

async function attachPlan(host: SimHost): Promise<Plan> {
	return (await run(host, `attach vm0 pf0#1 --mac ${mac} --address 20.0.0.3/24 --gateway --address fd00::3/64 --mtu 1400 --dry-run`)).json['plan'] as Plan;
}

const state = (host: SimHost) => JSON.stringify([filesOf(host), [...host.daemon.insideGuest('vm0').links.values()].filter(link => link.mac !== mac), [...host.machine.vfStates]]);

test('a failure before and after every step of an attach puts everything back', async t => {
	const {length} = (await attachPlan(guestHost())).actions;
	t.true(length >= 6);
	for (let step = 1; step <= length; step++) {
		for (const phase of ['before', 'after']) {
			const host = guestHost();
			const plan = await attachPlan(host);
			const before = state(host);
			const error = await t.throwsAsync(execute(plan, contextOf(host, `fail@${step}:${phase}`)), {instanceOf: AppError});
			t.true(error?.details['rolledBack'], `${phase} ${step}`);
			t.is(state(host), before, `${phase} ${step}`);
			t.deepEqual(unfinishedOperations(host.files), []);
		}
	}
});

test('a crash before any single change of an attach is recovered, in the guest too', async t => {
	let crashes = 0;
	for (;;) {
		const host = guestHost();
		const plan = await attachPlan(host);
		const before = state(host);
		const after = await crashAt(host, crashes + 1, async () => execute(plan, contextOf(host)));
		if (!after) {
			break;
		}

		crashes++;
		const results = await withLock(after, {holder: 'recover', timeoutMs: 0, recovering: true}, async () => recover(contextOf(after)));
		t.true(results.every(({error}) => error === null), `${crashes}: ${results[0]?.error?.why}`);
		// What was being written beside the file is hidden, and no service reads it.
		t.is(state(after).replaceAll(/"[^"]*\/\.[^"]*\.new",?/g, ''), before, `crash at change ${crashes}`);
		await execute(await attachPlan(after), contextOf(after));
	}

	t.true(crashes >= 15, `only ${crashes} changes`);
});

test('a guest that stops while its network is put back is no obstacle', async t => {
	const host = guestHost();
	const {number} = await execute(await attachPlan(host), contextOf(host));
	host.daemon.stopGuest('vm0');
	const error = await t.throwsAsync(planUndoOf(contextOf(host), number), {instanceOf: AppError});
	t.is(error?.code, 'PLAN_STALE');
	t.regex(error!.why!, /vm0 is not running/);
});
