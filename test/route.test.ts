// Routes and MTU of the host: what is planned, what is refused and why, what is set, and undone.
import test from 'ava';
import {AppError, type ErrorCode} from '../lib/errors.ts';
import {execute} from '../lib/exec/execute.ts';
import {begin, end, mark, unfinishedOperations} from '../lib/exec/journal.ts';
import {recover} from '../lib/exec/recover.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import type {Inventory} from '../lib/model/inventory.ts';
import type {Mac} from '../lib/model/mac.ts';
import {routeWords} from '../lib/model/route.ts';
import {selectPf} from '../lib/model/select.ts';
import {parsePrefix} from '../lib/model/ip.ts';
import type {Action, HostRoute} from '../lib/plan/action.ts';
import {guestNetworkRoute} from '../lib/plan/host-route/guest-network-route.ts';
import {mtuActions, planHostRoutes} from '../lib/plan/plan-host-route.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {requireSafeUndo} from '../lib/plan/undo-safety.ts';
import {planText} from '../lib/render/plan-text.ts';
import type {HostRecord} from '../lib/record/record.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import type {SimOptions} from '../lib/sim/options.ts';
import {parseRoutes, readRoutes} from '../lib/sysfs/read-netdevs.ts';
import {crashAt} from './helpers/crash.ts';
import {inventoryOf, vfctl} from './helpers/plan-world.ts';

const vfOf = (guest: string, bdf: string, more: object = {}) => ({
	name: guest, ...more, devices: [`<interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:0${bdf.at(-1)}'/><source><address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x${bdf.at(-1)}'/></source></interface>`],
});

/** The admin comes from 198.51.100.7 over the default route on br0. eth1 has addresses and a pool,
 * eth2 has none but a network on its link, eth3 is down, eth4 has a gateway's route. */
function record(): HostRecord {
	return hostBuilder('routes')
		.bridge({name: 'br0', addresses: ['10.0.0.5/24', '2001:db8::5/64']})
		.nic({bdf: '0000:09:00.0', name: 'eno1', master: 'br0'})
		.pf({card: '82599', bdf: '0000:03:00.0', name: 'eth1', addresses: ['20.0.0.1/24', 'fd20::1/64'], vfs: 4})
		.pf({card: '82599', bdf: '0000:04:00.0', name: 'eth2', vfs: 2})
		.pf({card: '82599', bdf: '0000:05:00.0', name: 'eth3', up: false})
		.pf({card: '82599', bdf: '0000:06:00.0', name: 'eth5', driver: null})
		.nic({bdf: '0000:0a:00.0', name: 'eth4', addresses: ['30.0.0.1/24', 'fd30::1/64']})
		.route({dst: 'default', gateway: '10.0.0.1', dev: 'br0', protocol: 'dhcp'})
		.route({dst: 'default', gateway: '2001:db8::1', dev: 'br0', metric: 1024})
		.route({dst: '172.16.0.0/12', gateway: '30.0.0.254', dev: 'eth4'})
		.route({dst: '40.0.0.0/24', dev: 'eth2'})
		.route({dst: '40.9.9.9', dev: 'eth2'})
		.pool({name: 'fast', pf: 'eth1'})
		.guest(vfOf('vm0', '0000:03:10.0'))
		.guest(vfOf('off', '0000:03:10.2', {state: 'shutoff'}))
		.ssh('10.0.0.5')
		.record();
}

function newHost(options: SimOptions = {}): SimHost {
	return simHost(record(), options);
}

async function tableOf(host: SimHost): Promise<string[]> {
	const routes = [...await readRoutes(host.runner, 4), ...await readRoutes(host.runner, 6)];
	return routes.map(route => [routeWords(route), route.source ?? '', route.onlink].join('|')).sort();
}

// --- refused

const refusals: ReadonlyArray<readonly [what: string, line: string, code: ErrorCode, says?: RegExp]> = [
	// what a network is
	['an address with a length', 'add host 50.0.0.3/24 --interface eth1', 'BAD_ADDRESS', /its network is 50\.0\.0\.0\/24/],
	['an IPv6 address with a length', 'add host fd50::3/64 --interface eth1', 'BAD_ADDRESS', /its network is fd50::\/64/],
	['nonsense for a network', 'add host nonsense --interface eth1', 'BAD_ADDRESS'],
	['an octal network', 'add host 050.0.0.0/24 --interface eth1', 'BAD_ADDRESS'],
	['shell for a network', 'add host $(reboot) --interface eth1', 'BAD_ADDRESS'],
	['a multicast network', 'add host 224.0.0.0/4 --interface eth1', 'BAD_ADDRESS', /multicast/],
	['an IPv6 multicast network', 'add host ff02::/16 --interface eth1', 'BAD_ADDRESS', /multicast/],
	['the loopback network', 'add host 127.0.0.0/8 --interface eth1', 'BAD_ADDRESS', /loopback/],
	['a loopback address', 'add host ::1 --interface eth1', 'BAD_ADDRESS', /loopback/],
	['a link-local network', 'add host 169.254.0.0/16 --interface eth1', 'BAD_ADDRESS', /link-local/],
	['an IPv6 link-local network', 'add host fe80::/64 --interface eth1', 'BAD_ADDRESS', /link-local/],
	['the broadcast address', 'add host 255.255.255.255 --interface eth1', 'BAD_ADDRESS', /broadcast/],
	['this network', 'add host 0.0.0.0/8 --interface eth1', 'BAD_ADDRESS'],
	['IPv4 in IPv6', 'add host ::ffff:1.2.3.0/120 --interface eth1', 'BAD_ADDRESS', /written as IPv6/],
	// gateways
	['neither gateway nor interface', 'add host 50.0.0.0/24', 'USAGE', /gateway or an interface/],
	['a gateway that no interface has on its link', 'add host 50.0.0.0/24 --via 99.0.0.1', 'BAD_ADDRESS', /neighbour.*default via 10\.0\.0\.1 on br0/],
	['a gateway that is not on this interface\'s link', 'add host 50.0.0.0/24 --via 30.0.0.9 --interface eth1', 'BAD_ADDRESS', /only 20\.0\.0\.0\/24/],
	['a gateway on an interface without addresses', 'add host 50.0.0.0/24 --via 30.0.0.9 --interface eth2', 'BAD_ADDRESS'],
	['a gateway of the other family', 'add host 50.0.0.0/24 --via fd20::9 --interface eth1', 'BAD_ADDRESS', /one is IPv4/],
	['a gateway that is this host', 'add host 50.0.0.0/24 --via 20.0.0.1', 'BAD_ADDRESS', /own address, on eth1/],
	['a gateway that is the network', 'add host 50.0.0.0/24 --via 20.0.0.0', 'BAD_ADDRESS', /as a whole/],
	['a gateway that is everyone', 'add host 50.0.0.0/24 --via 20.0.0.255', 'BAD_ADDRESS', /as a whole/],
	['a multicast gateway', 'add host 50.0.0.0/24 --via 224.0.0.1 --interface eth1', 'BAD_ADDRESS', /one machine/],
	['nonsense for a gateway', 'add host 50.0.0.0/24 --via nonsense', 'BAD_ADDRESS'],
	['a link-local gateway without an interface', 'add host fd50::/64 --via fe80::9', 'BAD_ADDRESS', /can be on any/],
	['a gateway with a zone', 'add host fd50::/64 --via fe80::9%eth1', 'BAD_ADDRESS'],
	['a metric that is none', 'add host 50.0.0.0/24 --interface eth1 --metric low', 'USAGE', /whole number/],
	['a metric that is too high', 'add host 50.0.0.0/24 --interface eth1 --metric 4294967296', 'USAGE'],
	['a negative metric', 'add host 50.0.0.0/24 --interface eth1 --metric=-1', 'USAGE'],
	// interfaces
	['an interface that is not there', 'add host 50.0.0.0/24 --interface nope0', 'PF_NOT_FOUND'],
	['an interface that is down', 'add host 50.0.0.0/24 --interface eth3', 'UNSUPPORTED', /it is down/],
	['an interface that is part of a bridge', 'add host 50.0.0.0/24 --interface eno1', 'UNSUPPORTED', /part of br0/],
	['a PF without a driver', 'add host 50.0.0.0/24 --interface 0000:06:00.0', 'PF_NO_DRIVER'],
	['a VF that a guest has', 'add host 50.0.0.0/24 --interface eth1#0', 'VF_HELD', /guest vm0/],
	['a VF that a guest will have', 'add host 50.0.0.0/24 --interface eth1#1', 'VF_HELD', /guest off/],
	// what is there already
	['the same network through another gateway', 'add host 172.16.0.0/12 --via 20.0.0.9', 'ROUTE_CONFLICT', /via 30\.0\.0\.254 on eth4/],
	['the same network on another interface', 'add host 40.0.0.0/24 --interface eth1', 'ROUTE_CONFLICT', /40\.0\.0\.0\/24 on eth2/],
	['another default route', 'add host default --via 20.0.0.9', 'ROUTE_CONFLICT', /via 10\.0\.0\.1 on br0/],
	['another IPv6 default route of the kernel\'s metric', 'add host default --via fd20::9', 'ROUTE_CONFLICT', /via 2001:db8::1 on br0/],
	['the network of an address, on another interface', 'add host 20.0.0.0/24 --interface eth2', 'ROUTE_CONFLICT', /comes with|made by kernel/],
	['the network of an address with another metric', 'add host 20.0.0.0/24 --interface eth2 --metric 9', 'ROUTE_CONFLICT', /eth1 has 20\.0\.0\.1\/24: its machines/],
	['the network of an IPv6 address', 'add host fd20::/64 --interface eth2', 'ROUTE_CONFLICT', /eth1 has fd20::1\/64/],
	['a part of the network of an address', 'add host 20.0.0.128/25 --interface eth2', 'ROUTE_CONFLICT', /some of its machines/],
	['a part of it through a gateway elsewhere', 'add host 20.0.0.128/25 --via 30.0.0.9', 'ROUTE_CONFLICT', /eth1 has/],
	['one of its addresses elsewhere', 'add host 20.0.0.7 --interface eth2', 'ROUTE_CONFLICT', /eth1 has/],
	['a network on a link around that of an address', 'add host 20.0.0.0/16 --interface eth2', 'ROUTE_CONFLICT', /longer network wins/],
	['a part of a network that is on a link by a route', 'add host 40.0.0.128/25 --interface eth1', 'ROUTE_CONFLICT', /route to 40\.0\.0\.0\/24 on eth2/],
	['the network of a libvirt network that does not run', 'add host 192.168.122.0/24 --interface eth1', 'ROUTE_CONFLICT', /network default \(not running\)/],
	['a part of it', 'add host 192.168.122.128/25 --via 20.0.0.9', 'ROUTE_CONFLICT', /network default/],
	['a network on a link around it', 'add host 192.168.0.0/16 --interface eth1', 'ROUTE_CONFLICT', /network default/],
	// the admin's connection
	['the way back to the admin, as one address', 'add host 198.51.100.7 --interface eth2', 'ROUTE_CONFLICT', /198\.51\.100\.7, where you come from, take the route default via 10\.0\.0\.1 on br0/],
	['the way back to the admin, as a network', 'add host 198.51.100.0/24 --via 20.0.0.9', 'ROUTE_CONFLICT', /would take 198\.51\.100\.0\/24 via 20\.0\.0\.9/],
	['the way back to the admin, as half of everything', 'add host 128.0.0.0/1 --via 20.0.0.9', 'ROUTE_CONFLICT', /where you come from/],
	['the default route that carries the admin', 'delete host default --yes', 'ROUTE_CONFLICT', /they would have none/],
	// taking away
	['a route that is not there, taken away', 'delete host 50.0.0.0/24', 'ROUTE_NOT_FOUND', /exactly this network/],
	['a route through another gateway, taken away', 'delete host 172.16.0.0/12 --via 20.0.0.9', 'ROUTE_NOT_FOUND', /via 30\.0\.0\.254/],
	['a route of another metric, taken away', 'delete host 172.16.0.0/12 --metric 9', 'ROUTE_NOT_FOUND'],
	['a route on another interface, taken away', 'delete host 172.16.0.0/12 --interface eth1', 'ROUTE_NOT_FOUND'],
	['a part of a route, taken away', 'delete host 172.16.0.0/13', 'ROUTE_NOT_FOUND'],
	['the kernel\'s own route, taken away', 'delete host 20.0.0.0/24', 'UNSUPPORTED', /address of eth1/],
	['an address in a route, taken away', 'delete host 172.16.0.1/12', 'BAD_ADDRESS'],
	['routes of an interface that is not there', 'list host --interface nope0', 'PF_NOT_FOUND'],
];
for (const [what, line, code, says = /./] of refusals) {
	test(`refused: ${what}`, async t => {
		const host = newHost();
		const before = await tableOf(host);
		const {error} = await vfctl(host, ['route', ...line.split(' ')]);
		t.is(error?.code, code, `${error?.message}: ${error?.why}`);
		t.regex(`${error?.message}: ${error?.why}`, says);
		t.deepEqual(await tableOf(host), before);
	});
}

// --- done

/** What the table has more or less after the command, and what the admin is told. */
const commands: ReadonlyArray<readonly [what: string, line: string, more: RegExp | null, less: RegExp | null, told?: RegExp]> = [
	['a network through a gateway', 'add host 50.0.0.0/24 --via 20.0.0.9', /^50\.0\.0\.0\/24 via 20\.0\.0\.9 on eth1\|/, null],
	['a network on the link of a PF named by its address', 'add host 50.0.0.0/24 --interface 0000:03:00.0 --metric 7', /^50\.0\.0\.0\/24 on eth1, metric 7\|/, null],
	['a network on an interface without an address', 'add host 50.0.0.0/24 --interface eth2', /^50\.0\.0\.0\/24 on eth2\|/, null, /eth2 has no IPv4 address/],
	['a free VF', 'add host 50.0.0.0/24 --interface eth2#1', /^50\.0\.0\.0\/24 on eth\d+\|/, null],
	['one address', 'add host 50.0.0.7 --via 20.0.0.9', /^50\.0\.0\.7 via/, null],
	['an IPv6 network', 'add host FD50::/64 --via fd20::9', /^fd50::\/64 via fd20::9 on eth1, metric 1024\|/, null],
	['a link-local gateway', 'add host fd50::/64 --via fe80::9 --interface eth1', /^fd50::\/64 via fe80::9 on eth1/, null],
	['a gateway known by a route of one address', 'add host 50.0.0.0/24 --via 40.9.9.9', /^50\.0\.0\.0\/24 via 40\.9\.9\.9 on eth2/, null],
	['a part of what a gateway has', 'add host 172.16.5.0/24 --via 20.0.0.9', /^172\.16\.5\.0\/24 via 20/, null, /no longer take 172\.16\.0\.0\/12 via 30\.0\.0\.254/],
	['a network around what a gateway has', 'add host 172.0.0.0/8 --via 20.0.0.9', /^172\.0\.0\.0\/8/, null, /172\.16\.0\.0\/12 goes on via 30\.0\.0\.254 on eth4/],
	['a network around what is on links, through a gateway', 'add host 20.0.0.0/8 --via 30.0.0.9', /^20\.0\.0\.0\/8 via/, null, /20\.0\.0\.0\/24 goes on through eth1/],
	['a second way of a higher metric', 'add host 172.16.0.0/12 --via 20.0.0.9 --metric 9', /metric 9/, null, /only for when that one is gone/],
	['a second default route of a higher metric', 'add host default --via 20.0.0.9 --metric 900', /^default via 20\.0\.0\.9 on eth1, metric 900/, null, /only for when that one is gone/],
	['a part of one\'s own network', 'add host 20.0.0.128/25 --via 20.0.0.9', /^20\.0\.0\.128\/25/, null],
	['what is so already', 'add host 172.16.0.0/12 --via 30.0.0.254', null, null],
	['a route taken away', 'delete host 172.16.0.0/12', null, /^172\.16\.0\.0\/12 via 30\.0\.0\.254 on eth4, made by static/],
	['a route taken away by all that it has', 'delete host 40.0.0.0/24 --interface eth2 --metric 0', null, /^40\.0\.0\.0\/24 on eth2/],
	['one address taken away', 'delete host 40.9.9.9/32', null, /^40\.9\.9\.9 on eth2/],
	['a default route that nobody came in by', 'delete host ::/0 --yes', null, /^default via 2001:db8::1/, /takes the IPv6 default route away/],
];
for (const [what, line, more, less, told] of commands) {
	test(`done, again without a change, and undone: ${what}`, async t => {
		const host = newHost();
		const before = await tableOf(host);
		const argv = ['route', ...line.split(' ')];
		if (what === 'a free VF') {
			// It is down as its driver made it.
			const [netdev = ''] = selectPf(await inventoryOf(host), 'eth2').vfs[1]!.netdevs;
			await host.runner.run(['ip', 'link', 'set', 'dev', netdev, 'up']);
		}

		const dry = await vfctl(host, [...argv, '--dry-run']);
		t.is(dry.error, undefined, `${dry.error?.message}: ${dry.error?.why}`);
		t.deepEqual(await tableOf(host), before);
		const answer = await vfctl(host, argv);
		t.is(answer.error, undefined, answer.error?.why);
		if (told) {
			t.regex(answer.notes.join('\n'), told);
		}

		const after = await tableOf(host);
		const [added, removed] = [after.filter(one => !before.includes(one)), before.filter(one => !after.includes(one))];
		t.is(added.length, more === null ? 0 : 1);
		t.is(removed.length, less === null ? 0 : 1);
		t.regex(added[0] ?? '', more ?? /^/);
		t.regex(removed[0] ?? '', less ?? /^$/);
		if (line.startsWith('add')) {
			t.deepEqual((await vfctl(host, argv)).json['changed'], false);
		}

		if (answer.json['changed'] === true) {
			t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
		}

		t.deepEqual(await tableOf(host), before);
	});
}

test('the default route is not taken away without asking', async t => {
	const {error} = await vfctl(newHost(), ['route', 'delete', 'host', '::/0']);
	t.is(error?.code, 'CONFIRMATION_NEEDED');
});

// --- plans

const at = (to: string, dev: string, more: Partial<HostRoute> = {}): HostRoute => ({to, via: null, dev, metric: null, ...more});

test('what goes and comes to the same network is one change, with no moment between', async t => {
	const inventory = await inventoryOf(newHost());
	const plan = planHostRoutes(inventory, {
		remove: [at('172.16.0.0/12', 'eth4', {via: '30.0.0.254'}), at('40.0.0.0/24', 'eth2')],
		add: [at('172.16.0.0/12', 'eth1', {via: '20.0.0.9'}), at('40.0.0.0/24', 'eth1', {metric: 5})],
	});
	t.deepEqual(plan.actions.map(action => action.kind === 'set-route' && [action.from?.dev, action.to?.dev]), [['eth2', 'eth1'], ['eth4', 'eth1']]);
	t.regex(planText(plan), /ip route replace 172\.16\.0\.0\/12 via 20\.0\.0\.9 dev eth1\n?/);
	t.regex(planText(plan), /ip route add 40\.0\.0\.0\/24 dev eth1 metric 5\n +ip route del 40\.0\.0\.0\/24 dev eth2/);
});

test('a change runs as one replace, and a change of metric adds before it takes away', async t => {
	const host = newHost();
	const argvs: string[] = [];
	host.set({beforeChange: what => {
		argvs.push(what);
	}});
	const inventory = await inventoryOf(host);
	await execute(planHostRoutes(inventory, {
		remove: [at('172.16.0.0/12', 'eth4', {via: '30.0.0.254'}), at('40.0.0.0/24', 'eth2')],
		add: [at('172.16.0.0/12', 'eth1', {via: '20.0.0.9'}), at('40.0.0.0/24', 'eth1', {metric: 5})],
	}), contextOf(host));
	t.deepEqual(argvs.filter(what => what.startsWith('ip ')), [
		'ip route add 40.0.0.0/24 dev eth1 metric 5', 'ip route del 40.0.0.0/24 dev eth2', 'ip route replace 172.16.0.0/12 via 20.0.0.9 dev eth1',
	]);
});

test('networks on the link come before the gateways that are found by them', async t => {
	const plan = planHostRoutes(await inventoryOf(newHost()), {remove: [], add: [at('60.0.0.0/24', 'eth2', {via: '50.0.0.1'}), at('50.0.0.0/24', 'eth2')]});
	t.deepEqual(plan.actions.map(action => action.kind === 'set-route' && action.to?.to), ['50.0.0.0/24', '60.0.0.0/24']);
});

test('twice the same is once, and two that contradict each other are refused', async t => {
	const inventory = await inventoryOf(newHost());
	t.is(planHostRoutes(inventory, {remove: [], add: [at('50.0.0.0/24', 'eth1'), at('50.0.0.0/24', 'eth1', {metric: 0})]}).actions.length, 1);
	const error = t.throws(() => planHostRoutes(inventory, {remove: [], add: [at('50.0.0.0/24', 'eth1'), at('50.0.0.0/24', 'eth2')]}), {instanceOf: AppError});
	t.is(error.code, 'ROUTE_CONFLICT');
	t.is(t.throws(() => planHostRoutes(inventory, {remove: [], add: [at('50.0.0.0/24', 'eth1'), at('50.0.0.0/25', 'eth2')]}), {instanceOf: AppError}).code, 'ROUTE_CONFLICT', 'a part of it elsewhere');
});

test('what shall be gone and is not there is gone already; what shall stay is not taken away', async t => {
	const inventory = await inventoryOf(newHost());
	t.deepEqual(planHostRoutes(inventory, {add: [], remove: [at('50.0.0.0/24', 'eth1')]}).actions, []);
	t.deepEqual(planHostRoutes(inventory, {add: [at('40.0.0.0/24', 'eth2')], remove: [at('40.0.0.0/24', 'eth2')]}).actions, []);
});

test('a route that is taken away is made again with all that it had', async t => {
	const host = newHost();
	await host.runner.run(['ip', 'route', 'add', '50.0.0.0/24', 'via', '99.0.0.1', 'dev', 'eth1', 'proto', 'dhcp', 'src', '20.0.0.1', 'metric', '77', 'onlink']);
	const before = await tableOf(host);
	t.is((await vfctl(host, ['route', 'delete', 'host', '50.0.0.0/24'])).error, undefined);
	t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	t.deepEqual(await tableOf(host), before);
});

test('a guest\'s network behind another PF is in the way, behind the same it is not', async t => {
	const inventory = await inventoryOf(newHost());
	const guests = [{guest: 'vm0', network: parsePrefix('60.0.0.0/24')!, device: 'eth1'}];
	const error = t.throws(() => planHostRoutes(inventory, {add: [at('60.0.0.0/25', 'eth2')], remove: [], guests}), {instanceOf: AppError});
	t.is(error.code, 'ROUTE_CONFLICT');
	t.regex(error.why ?? '', /guest vm0 has 60\.0\.0\.0\/24 behind eth1/);
	t.is(planHostRoutes(inventory, {add: [at('60.0.0.0/25', 'eth1')], remove: [], guests}).actions.length, 1);
});

test('the route to a guest\'s network is on the PF, unless it is there by an address', async t => {
	const inventory = await inventoryOf(newHost());
	const to = (pf: string, network: string) => guestNetworkRoute(inventory, {pf: selectPf(inventory, pf), network: parsePrefix(network)!});
	t.deepEqual(to('eth2', '60.0.0.3/24'), at('60.0.0.0/24', 'eth2'));
	t.is(to('eth1', '20.0.0.3/24'), null);
	t.is(to('eth1', '20.0.0.3/25'), null);
	t.deepEqual(to('eth1', '20.0.0.3/16'), at('20.0.0.0/16', 'eth1'));
	t.deepEqual(to('eth1', 'fd99::3/64'), at('fd99::/64', 'eth1'));
	t.is(t.throws(() => to('0000:06:00.0', '60.0.0.0/24'), {instanceOf: AppError}).code, 'PF_NO_DRIVER');
});

test('without an ssh connection the default route may go', async t => {
	const host = newHost({env: {}});
	t.is((await inventoryOf(host)).callerPeer, null);
	const answer = await vfctl(host, ['route', 'delete', 'host', 'default', '--yes']);
	t.is(answer.error, undefined);
	t.regex(answer.notes.join('\n'), /made by dhcp, which may make it again/);
});

const peers: ReadonlyArray<readonly [connection: string, peer: string | null]> = [
	['198.51.100.7 5 10.0.0.5 22', '198.51.100.7'], ['::ffff:198.51.100.7 5 ::ffff:10.0.0.5 22', '198.51.100.7'], ['2001:db8:9::1 5 2001:db8::5 22', '2001:db8:9::1'],
	['127.0.0.1 5 127.0.0.1 22', null], ['::1 5 ::1 22', null], ['0.0.0.0 0 10.0.0.5 22', null], ['nonsense', null], ['', null], ['fe80::1%br0 5 fe80::2%br0 22', null],
];
for (const [connection, peer] of peers) {
	test(`who came in by '${connection}' is ${peer ?? 'nobody that a route matters to'}`, async t => {
		t.is((await inventoryOf(newHost({env: {SSH_CONNECTION: connection}}))).callerPeer, peer);
	});
}

test('an admin on the same link, or on this host, keeps the way too', async t => {
	const near = newHost({env: {SSH_CONNECTION: '20.0.0.77 5 20.0.0.1 22'}});
	const error = (await vfctl(near, ['route', 'add', 'host', '20.0.0.77', '--interface', 'eth2'])).error;
	t.regex(error?.message ?? '', /cut the connection you came in on/);
	const self = newHost({env: {SSH_CONNECTION: '20.0.0.1 5 20.0.0.1 22'}});
	t.is((await vfctl(self, ['route', 'delete', 'host', 'default', '--yes'])).error, undefined);
});

test('undoing must not cut the admin\'s connection either', async t => {
	const inventory = await inventoryOf(newHost());
	const undo = (actions: Action[]): Plan => ({version: 1, subject: {command: 'undo'}, title: 'undo', actions, warnings: [], risks: []});
	const error = t.throws(() => {
		requireSafeUndo(undo([{kind: 'set-route', from: at('0.0.0.0/0', 'br0', {via: '10.0.0.1'}), to: null}]), inventory, []);
	}, {instanceOf: AppError});
	t.is(error.code, 'ROUTE_CONFLICT');
	t.notThrows(() => {
		requireSafeUndo(undo([{kind: 'set-route', from: at('172.16.0.0/12', 'eth4', {via: '30.0.0.254'}), to: null}]), inventory, []);
	});
});

test('undo refuses what became the admin\'s way in the meantime', async t => {
	const host = newHost({env: {}});
	t.is((await vfctl(host, ['route', 'add', 'host', '198.51.100.0/24', '--via', '20.0.0.9'])).error, undefined);
	const later = host.afterCrash({env: {SSH_CONNECTION: '198.51.100.7 5 20.0.0.1 22'}});
	t.is((await vfctl(later, ['undo', '--yes'])).error?.code, 'ROUTE_CONFLICT');
});

// --- MTU

async function withLink(facts: Record<string, unknown>): Promise<Inventory> {
	const base = record();
	return inventoryOf(simHost({...base, commands: base.commands.map(command => command.argv.join(' ') === 'ip -j -d link show'
		? {...command, stdout: JSON.stringify((JSON.parse(command.stdout) as Array<Record<string, unknown>>).map(link => link['ifname'] === 'eth1' ? {...link, ...facts} : link))}
		: command)}));
}

test('an MTU within what the driver takes is set, the present one needs nothing', async t => {
	const inventory = await withLink({min_mtu: 68, max_mtu: 9710});
	const pf = selectPf(inventory, 'eth1');
	t.deepEqual(mtuActions(inventory, pf, 9000), [{kind: 'set-mtu', netdev: 'eth1', from: 1500, to: 9000}]);
	t.deepEqual(mtuActions(inventory, pf, 1500), []);
	t.deepEqual(mtuActions(inventory, pf, 9710).length, 1);
});

test('VLANs with a bigger MTU go first, and come back after', async t => {
	const host = simHost(hostBuilder('vlans')
		.pf({card: '82599', bdf: '0000:03:00.0', name: 'eth1', mtu: 9000})
		.vlan({name: 'eth1.5', parent: 'eth1', id: 5, mtu: 9000})
		.vlan({name: 'eth1.6', parent: 'eth1', id: 6, mtu: 1400})
		.record());
	const inventory = await inventoryOf(host);
	const actions = mtuActions(inventory, selectPf(inventory, 'eth1'), 1500);
	t.deepEqual(actions, [{kind: 'set-mtu', netdev: 'eth1.5', from: 9000, to: 1500}, {kind: 'set-mtu', netdev: 'eth1', from: 9000, to: 1500}]);
	await execute(planOf(...actions), contextOf(host));
	const mtus = () => ['eth1', 'eth1.5', 'eth1.6'].map(name => host.files.readText(`/sys/class/net/${name}/mtu`)?.trim());
	t.deepEqual(mtus(), ['1500', '1500', '1400']);
	t.is((await vfctl(host, ['undo', '--yes'])).error, undefined);
	t.deepEqual(mtus(), ['9000', '9000', '1400']);
});

for (const [what, facts, pf, mtu, code, says] of [
	['more than the driver takes', {min_mtu: 68, max_mtu: 9710}, 'eth1', 9711, 'UNSUPPORTED', /takes 68 to 9710/],
	['less than the driver takes', {min_mtu: 68, max_mtu: 9710}, 'eth1', 67, 'UNSUPPORTED', /takes 68 to 9710/],
	['more than any interface has, where the driver does not tell', {}, 'eth1', 65_536, 'UNSUPPORTED', /68 to 65535/],
	['a part of a byte', {}, 'eth1', 1500.5, 'UNSUPPORTED', /68 to/],
	['less than IPv6 needs', {}, 'eth1', 1279, 'UNSUPPORTED', /eth1 has fd20::1\/64, and the kernel takes IPv6 off/],
	['any on a PF without an interface', {}, '0000:06:00.0', 1500, 'PF_NO_DRIVER', /no driver/],
] as const) {
	test(`an MTU is refused: ${what}`, async t => {
		const inventory = await withLink(facts);
		const error = t.throws(() => mtuActions(inventory, selectPf(inventory, pf), mtu), {instanceOf: AppError});
		t.is(error.code, code);
		t.regex(error.why ?? '', says);
	});
}

// --- doing and putting back

function contextOf(host: SimHost): RunContext {
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl', 'test']};
}

const planOf = (...actions: Action[]): Plan => ({version: 1, subject: {command: 'route'}, title: 'test', actions, warnings: [], risks: []});
const add: Action = {kind: 'set-route', from: null, to: at('50.0.0.0/24', 'eth1', {via: '20.0.0.9'})};
const all: Action[] = [
	add,
	{kind: 'set-route', from: at('172.16.0.0/12', 'eth4', {via: '30.0.0.254', protocol: 'static'}), to: at('172.16.0.0/12', 'eth1', {via: '20.0.0.9'})},
	{kind: 'set-route', from: at('40.0.0.0/24', 'eth2', {protocol: 'static'}), to: at('40.0.0.0/24', 'eth1', {metric: 5})},
	{kind: 'set-route', from: at('40.9.9.9/32', 'eth2', {protocol: 'static'}), to: null},
	{kind: 'set-route', from: null, to: at('fd50::/64', 'eth1', {via: 'fd20::9'})},
	{kind: 'set-mtu', netdev: 'eth1', from: 1500, to: 1400},
];

async function stateOf(host: SimHost): Promise<string[]> {
	return [...await tableOf(host), host.files.readText('/sys/class/net/eth1/mtu') ?? ''];
}

test('a crash before any single change is recovered', async t => {
	let crashes = 0;
	for (;;) {
		const host = newHost();
		const before = await stateOf(host);
		const after = await crashAt(host, crashes + 1, async () => execute(planOf(...all), contextOf(host)));
		if (!after) {
			break;
		}

		crashes++;
		const results = await recover(contextOf(after));
		t.true(results.every(({error}) => error === null), `${crashes}: ${results[0]?.error?.why}`);
		t.deepEqual(await stateOf(after), before, `crash at change ${crashes}`);
		t.deepEqual(unfinishedOperations(after.files), []);
	}

	t.true(crashes > 20, `only ${crashes} changes`);
});

for (const [index, action] of all.entries()) {
	test(`a failure of step ${index + 1} (${action.kind}) puts the earlier ones back, with the kernel's words`, async t => {
		const words = action.kind === 'set-mtu' ? /mtu 1400$/ : new RegExp(`route (?:add|replace|del) ${(action as {to: HostRoute | null; from: HostRoute | null}).to?.to ?? '40.9.9.9'}`);
		const host = newHost({commandFailures: [{command: words, times: 1, result: {code: 2, stderr: 'RTNETLINK answers: Network is unreachable\n'}}]});
		const before = await stateOf(host);
		const error = await t.throwsAsync(execute(planOf(...all), contextOf(host)), {instanceOf: AppError});
		t.is(error?.code, 'STEP_FAILED');
		t.regex(error?.why ?? '', /Network is unreachable/);
		t.deepEqual(await stateOf(host), before);
	});
}

test('a step does not replace a route that someone else made meanwhile', async t => {
	const host = newHost();
	await host.runner.run(['ip', 'route', 'add', '50.0.0.0/24', 'dev', 'eth4']);
	const error = await t.throwsAsync(execute(planOf(add), contextOf(host)), {instanceOf: AppError});
	t.is(error?.code, 'PLAN_STALE');
	t.regex(error?.why ?? '', /there is the route 50\.0\.0\.0\/24 on eth4/);
	t.true((await tableOf(host)).some(one => one.startsWith('50.0.0.0/24 on eth4')));
});

test('undo leaves a route alone that someone else put in the place of ours', async t => {
	const host = newHost();
	t.is((await vfctl(host, ['route', 'add', 'host', '50.0.0.0/24', '--via', '20.0.0.9'])).error, undefined);
	await host.runner.run(['ip', 'route', 'replace', '50.0.0.0/24', 'dev', 'eth4']);
	t.is((await vfctl(host, ['undo', '--yes'])).error?.code, 'PLAN_STALE');
	t.true((await tableOf(host)).some(one => one.startsWith('50.0.0.0/24 on eth4')));
});

test('what ip claims and does not do is found out', async t => {
	const host = newHost({commandFailures: [{command: /route add/, result: {code: 0}}]});
	const error = await t.throwsAsync(execute(planOf(add), contextOf(host)), {instanceOf: AppError});
	t.regex(error?.why ?? '', /does not show it/);
	const mtu = newHost({commandFailures: [{command: /mtu/, result: {code: 0}}]});
	t.regex((await t.throwsAsync(execute(planOf(all[5]!), contextOf(mtu)), {instanceOf: AppError}))?.why ?? '', /it is 1500/);
	const del = newHost({commandFailures: [{command: /route del/, result: {code: 0}}]});
	t.regex((await t.throwsAsync(execute(planOf(all[3]!), contextOf(del)), {instanceOf: AppError}))?.why ?? '', /still shows it/);
});

test('an interface that goes down takes our route along; undo then has nothing to do, and says so', async t => {
	const host = newHost();
	await execute(planOf(add), contextOf(host));
	await host.runner.run(['ip', 'link', 'set', 'dev', 'eth1', 'down']);
	t.is((await vfctl(host, ['undo', '--yes'])).error?.code, 'PLAN_STALE');
});

test('an interface with a route is not set down by an undo', async t => {
	const host = newHost();
	t.is((await vfctl(host, ['vf', 'create', 'eth3', '2'])).error, undefined);
	await host.runner.run(['ip', 'link', 'set', 'dev', 'eth3', 'up']);
	await host.runner.run(['ip', 'route', 'add', '50.0.0.0/24', 'dev', 'eth3']);
	const plan = planOf({kind: 'set-link', netdev: 'eth3', from: 'up', to: 'down'});
	await execute(plan, contextOf(host));
	t.true((await tableOf(host)).some(one => one.startsWith('50.0.0.0/24 on eth3')));
});

// --- reading and showing

test('routes of all kinds are read: several next hops, onlink, without a device, through IPv6', t => {
	const routes = JSON.stringify([
		{dst: 'default', gateway: '10.0.0.254', dev: 't0', protocol: 'dhcp', prefsrc: '10.0.0.1', metric: 100, flags: ['linkdown']},
		{dst: '40.0.0.0/24', flags: ['linkdown'], nexthops: [{gateway: '10.0.0.7', dev: 't0', weight: 1, flags: ['linkdown']}, {gateway: '20.0.0.7', dev: 't1', weight: 1, flags: ['onlink']}]},
		{type: 'blackhole', dst: '63.0.0.0/24', flags: []},
		{dst: '64.0.0.0/24', via: {family: 'inet6', host: 'fe80::9'}, dev: 't0', flags: []},
		{dst: '65.0.0.0/24'}, {dev: 't0'},
	]);
	const routes6 = JSON.stringify([
		{type: 'unreachable', dst: 'fd63::/64', dev: 'lo', metric: 1024, flags: [], pref: 'medium'},
		{dst: 'fe80::/64', dev: 't0', metric: 256}, {dst: 'ff00::/8', dev: 't0', metric: 256}, {dst: 'fd01::/64', dev: 't0', metric: 1024, flags: []},
	]);
	t.deepEqual(parseRoutes({routes, routes6}).map(route => `${routeWords(route)}${route.onlink ? ' onlink' : ''}`), [
		'default via 10.0.0.254 on t0, metric 100, made by dhcp',
		'40.0.0.0/24 via 10.0.0.7 on t0, one of 2 next hops', '40.0.0.0/24 via 20.0.0.7 on t1, one of 2 next hops onlink',
		'63.0.0.0/24 (blackhole)', '64.0.0.0/24 via fe80::9 on t0',
		'fd63::/64 (unreachable) on lo, metric 1024', 'fd01::/64 on t0, metric 1024',
	]);
});

test('a route of several next hops is neither taken away nor taken for one of them, and both interfaces are the host\'s', async t => {
	const base = record();
	const host = simHost({...base, commands: base.commands.map(command => command.argv.join(' ') === 'ip -j route show'
		? {...command, stdout: JSON.stringify([...JSON.parse(command.stdout) as unknown[], {dst: '80.0.0.0/24', flags: [], nexthops: [{gateway: '40.9.9.9', dev: 'eth2', flags: []}, {gateway: '20.0.0.7', dev: 'eth1', flags: []}]}, {type: 'blackhole', dst: '81.0.0.0/24', flags: []}])}
		: command)});
	const inventory = await inventoryOf(host);
	t.is(inventory.routes.filter(({destination}) => destination === '80.0.0.0/24').length, 2);
	t.true(['0000:03:00.0', '0000:04:00.0'].every(bdf => inventory.hostUses.some(use => String(use.bdf) === bdf && use.kind === 'network')));
	t.regex((await vfctl(host, ['route', 'delete', 'host', '80.0.0.0/24'])).error?.why ?? '', /2 next hops/);
	t.is((await vfctl(host, ['route', 'delete', 'host', '81.0.0.0/24'])).error?.code, 'UNSUPPORTED');
	t.regex((await vfctl(host, ['route', 'add', 'host', '80.0.0.0/24', '--via', '20.0.0.7'])).error?.why ?? '', /one of 2 next hops/);
	t.regex((await vfctl(host, ['route', 'add', 'host', '81.0.0.0/24', '--via', '20.0.0.7'])).error?.why ?? '', /blackhole/);
	t.is(t.throws(() => planHostRoutes(inventory, {add: [], remove: [at('80.0.0.0/24', 'eth1', {via: '20.0.0.7'})]}), {instanceOf: AppError}).code, 'UNSUPPORTED');
	t.regex((await vfctl(host, ['route', 'list', 'host'])).text, /^blackhole 81\.0\.0\.0\/24/m);
});

test('the list says what each route is for', async t => {
	const host = newHost();
	// What vfctl gave vm0's VF behind eth1, as its journal has it.
	const plan = planOf({kind: 'guest-network', guest: {name: 'vm0', uuid: (await inventoryOf(host)).guests!.find(({name}) => name === 'vm0')!.uuid}, mac: '52:54:00:00:00:00' as Mac, assumed: true, from: {addresses: [], routes: [], mtuBytes: null, up: false}, to: {addresses: ['60.0.0.3/24'], routes: [], mtuBytes: null, up: true}});
	const number = await begin(host, plan, ['vfctl', 'test']);
	await mark(host, number, {event: 'step-begin', step: 1});
	await mark(host, number, {event: 'step-done', step: 1});
	await end(host, number, 'done');
	t.is((await vfctl(host, ['route', 'add', 'host', '60.0.0.0/25', '--interface', 'eth2'])).error?.code, 'ROUTE_CONFLICT');
	t.deepEqual((await vfctl(host, ['route', 'list', 'host'])).notes, ['note: the host has no route to 60.0.0.0/24 of guest vm0: vfctl route add host 60.0.0.0/24 --interface eth1']);
	t.is((await vfctl(host, ['route', 'add', 'host', '60.0.0.0/24', '--interface', 'eth1'])).error, undefined);
	t.deepEqual((await vfctl(host, ['route', 'list', 'host'])).notes, []);
	const {text, json} = await vfctl(host, ['route', 'list', 'host']);
	t.regex(text, /^NETWORK +GATEWAY +DEVICE +METRIC +PROTOCOL +FOR$/m);
	t.regex(text, /^default +10\.0\.0\.1 +br0 +- +dhcp +your ssh connection$/m);
	t.regex(text, /^60\.0\.0\.0\/24 +- +eth1 +- +boot +guest vm0, pool fast$/m);
	t.regex(text, /^172\.16\.0\.0\/12 +30\.0\.0\.254 +eth4 +- +static +-$/m);
	const routes = json['routes'] as Array<Record<string, unknown>>;
	t.deepEqual(routes.find(({network}) => network === '60.0.0.0/24'), {network: '60.0.0.0/24', family: 4, type: 'unicast', gateway: null, device: 'eth1', metric: null, protocol: 'boot', source: null, for: ['guest vm0', 'pool fast']});
	const one = await vfctl(host, ['route', 'list', 'host', '--interface', 'eth4']);
	t.true((one.json['routes'] as Array<Record<string, unknown>>).every(({device}) => device === 'eth4'));
});
