// The simulator's `ip route` against the kernel's, and the handlers on the kernel itself: in a
// network namespace of their own.
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import {execute} from '../lib/exec/execute.ts';
import {recover} from '../lib/exec/recover.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import {planUndoOf} from '../lib/exec/undo.ts';
import type {Runner} from '../lib/host/host.ts';
import {readRoutes} from '../lib/sysfs/read-netdevs.ts';
import {routeWords} from '../lib/model/route.ts';
import type {Action, HostRoute} from '../lib/plan/action.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost, type SimHost} from '../lib/sim/sim-host.ts';
import {startPrivateNetwork} from './helpers/private-network.ts';
import {vfctl} from './helpers/plan-world.ts';

function twoCards(): SimHost {
	return simHost(hostBuilder('two-cards')
		.nic({bdf: '0000:01:00.0', name: 't0', addresses: ['10.0.0.1/24', 'fd00::1/64']})
		.nic({bdf: '0000:02:00.0', name: 't1', addresses: ['20.0.0.1/24', 'fd11::1/64']})
		.record());
}

/** Command lines, one a line; each runs on what those before it left. */
const scripts: Readonly<Record<string, string>> = {
	'adding and taking away IPv4 routes': `
		route add 30.0.0.0/24 via 10.0.0.9
		route add 30.0.0.0/24 via 10.0.0.9
		route add 30.0.0.0/24 via 10.0.0.8 dev t0 metric 5
		route add 30.0.0.0/24 via 20.0.0.8 dev t1 metric 5
		route add 31.0.0.0/24 dev t1 proto static metric 7
		route add 10.0.0.77 dev t0
		route add default via 10.0.0.254 metric 100 proto dhcp src 10.0.0.1
		route add 60.0.0.0/24 via 99.0.0.1 dev t0 onlink
		route del 30.0.0.0/24
		route del 30.0.0.0/24 via 10.0.0.8 dev t0 metric 6
		route del 30.0.0.0/24 via 10.0.0.8 dev t1 metric 5
		route del 30.0.0.0/24 via 10.0.0.8 dev t0 metric 5
		route del 30.0.0.0/24
		route del default dev t0 metric 100`,
	'IPv4 routes that are refused': `
		route add 30.0.0.3/24 dev t0
		route add 30.0.0.0/24 dev nope
		route add 30.0.0.0/24 via 99.0.0.1
		route add 30.0.0.0/24 via 20.0.0.8 dev t0
		route add 30.0.0.0/24 via 10.0.0.255 dev t0
		route add 30.0.0.0/24 via fd00::9 dev t0
		route add 30.0.0.0/24 via nonsense dev t0
		route add 30.0.0.0/33 dev t0
		route add nonsense dev t0
		route add 30.0.0.0/24
		route add 30.0.0.0/24 dev t0 src 9.9.9.9
		route del 77.0.0.0/24 dev t0
		route replace 30.0.0.0/24 via 99.0.0.1`,
	'replacing IPv4 routes': `
		route add 30.0.0.0/24 via 10.0.0.9 metric 5
		route replace 30.0.0.0/24 via 20.0.0.9 dev t1 metric 5
		route replace 30.0.0.0/24 dev t1 metric 9
		route replace 31.0.0.0/24 via 10.0.0.9
		route replace 10.0.0.0/24 via 20.0.0.9 dev t1`,
	'adding and taking away IPv6 routes': `
		-6 route add fd01::/64 via fd00::9
		-6 route add fd01::/64 via fd00::9
		-6 route add fd01::/64 via fd00::8 metric 1024
		-6 route add fd01::/64 dev t0 metric 5
		-6 route add fd02::1/64 dev t0
		-6 route add fd04::5 dev t0
		-6 route add fd06::/64 via fe80::9 dev t0
		-6 route add default via fd00::9 proto ra
		-6 route replace fd01::/64 via fd11::7 dev t1
		-6 route replace fd01::/64 dev t1
		-6 route del fd01::/64 dev t0 metric 1024
		-6 route del fd01::/64 dev t1 metric 1024
		-6 route del fd01::/64
		-6 route del default`,
	'IPv6 routes that are refused': `
		-6 route add fd03::/64 via fd99::1
		-6 route add fd03::/64 via fd99::1 dev t0
		-6 route add fd03::/64 via fd00::9 dev t1
		-6 route add fd03::/64 via fd00::1 dev t0
		-6 route add fd03::/64 via fe80::9
		-6 route add fd03::/64 via 10.0.0.9 dev t0
		-6 route add fd03::/64 dev nope
		-6 route add fd03::/64
		-6 route add fd03::/129 dev t0
		-6 route del fd55::/64`,
	'links that go down and come up': `
		route add 30.0.0.0/24 via 20.0.0.9
		route add 31.0.0.0/24 dev t1
		route add 32.0.0.0/24 dev t0
		link set t1 down
		route add 50.0.0.0/24 dev t1
		route add 50.0.0.0/24 via 20.0.0.9 dev t1
		-6 route add fd50::/64 dev t1
		-6 route add fd50::/64 via fe80::9 dev t1
		link set t1 up`,
	'MTUs': `
		link set dev t0 mtu 1400
		link set dev t0 mtu 10
		link set dev t0 mtu 99999999
		link set dev t0 mtu abc
		link set dev nope mtu 1400
		-6 route add fd01::/64 dev t0
		link set dev t0 mtu 1280
		link set dev t0 mtu 1279
		link set dev t0 mtu 1500`,
};

async function tableOf(runner: Runner, families: ReadonlyArray<4 | 6>): Promise<string[]> {
	const routes = await Promise.all(families.map(async family => readRoutes(runner, family)));
	return routes.flat().map(route => `${routeWords(route)} ${route.source ?? ''} ${route.onlink ? 'onlink' : ''}`).sort();
}

for (const [what, script] of Object.entries(scripts)) {
	test(`the simulator routes as the kernel does: ${what}`, async t => {
		const network = await startPrivateNetwork();
		try {
			const host = twoCards();
			// An interface that goes down loses its IPv6 addresses in the kernel; the simulator keeps them.
			const families = what.startsWith('links') ? [4] as const : [4, 6] as const;
			t.deepEqual(await tableOf(host.runner, families), await tableOf(network.runner, families), 'at the start');
			for (const line of script.trim().split('\n').map(text => text.trim())) {
				const argv = ['ip', ...line.split(' ')] as [string, ...string[]];
				const [simulated, real] = [await host.runner.run(argv), await network.runner.run(argv)];
				t.deepEqual([simulated.code, simulated.stderr.trim()], [real.code, real.stderr.trim()], line);
				t.deepEqual(await tableOf(host.runner, families), await tableOf(network.runner, families), `after ${line}`);
			}
		} finally {
			network.stop();
		}
	});
}

const net = '30.0.0.0/24';
const route = (more: Partial<HostRoute> = {}): HostRoute => ({to: net, via: '10.0.0.9', dev: 't0', metric: null, ...more});
const setRoute = (from: HostRoute | null, to: HostRoute | null): Action => ({kind: 'set-route', from, to});
const planOf = (actions: readonly Action[]): Plan => ({version: 1, subject: {command: 'route'}, title: 'test', actions: [...actions], warnings: [], risks: []});

function contextOf(host: SimHost): RunContext {
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl', 'test']};
}

/** What `ip` does before, the actions, and the routes and MTU after them. */
const changes: ReadonlyArray<readonly [what: string, given: string, actions: readonly Action[], after: RegExp]> = [
	['a route through a gateway', '', [setRoute(null, route())], /^30\.0\.0\.0\/24 via 10\.0\.0\.9 on t0 *$/m],
	['a route on the link', '', [setRoute(null, route({via: null, metric: 7}))], /^30\.0\.0\.0\/24 on t0, metric 7 *$/m],
	['another gateway', 'route add 30.0.0.0/24 via 10.0.0.9', [setRoute(route(), route({via: '20.0.0.9', dev: 't1'}))], /^30\.0\.0\.0\/24 via 20\.0\.0\.9 on t1 *$/m],
	['another metric', 'route add 30.0.0.0/24 via 10.0.0.9', [setRoute(route(), route({metric: 9}))], /^30\.0\.0\.0\/24 via 10\.0\.0\.9 on t0, metric 9 *$/m],
	['a route taken away', 'route add 30.0.0.0/24 via 10.0.0.9 proto dhcp src 10.0.0.1', [setRoute(route({protocol: 'dhcp', source: '10.0.0.1'}), null)], /^(?!30)/],
	['a route with an onlink gateway taken away', 'route add 30.0.0.0/24 via 99.0.0.1 dev t0 onlink', [setRoute(route({via: '99.0.0.1', onlink: true}), null)], /^(?!30)/],
	['an IPv6 route', '', [setRoute(null, {to: 'fd01::/64', via: 'fd00::9', dev: 't0', metric: null})], /^fd01::\/64 via fd00::9 on t0, metric 1024 *$/m],
	['an IPv6 route on the link instead of one through a gateway', '-6 route add fd01::/64 via fd00::9', [setRoute({to: 'fd01::/64', via: 'fd00::9', dev: 't0', metric: null}, {to: 'fd01::/64', via: null, dev: 't1', metric: 1024})], /^fd01::\/64 on t1, metric 1024 *$/m],
	['one of two IPv6 routes taken away', '-6 route add fd01::/64 dev t0 metric 5', [setRoute({to: 'fd01::/64', via: null, dev: 't0', metric: 5}, null)], /^(?!fd01)/],
	['the default routes', '', [setRoute(null, {to: '0.0.0.0/0', via: '10.0.0.254', dev: 't0', metric: 50}), setRoute(null, {to: '::/0', via: 'fd00::254', dev: 't0', metric: null})], /^default via 10\.0\.0\.254 on t0, metric 50 *$[^]*^default via fd00::254 on t0, metric 1024 *$/m],
	['an MTU', '', [{kind: 'set-mtu', netdev: 't0', from: 1500, to: 1400}], /mtu 1400$/],
];
for (const [what, given, actions, after] of changes) {
	test(`on the kernel: ${what}, again, and undone`, async t => {
		const network = await startPrivateNetwork();
		try {
			const host = network.over(twoCards());
			if (given !== '') {
				t.is((await network.runner.run(['ip', ...given.split(' ')])).code, 0);
			}

			const state = async () => [...await tableOf(network.runner, [4, 6]), `mtu ${host.files.readText('/sys/class/net/t0/mtu')?.trim()}`].join('\n');
			const before = await state();
			const context = contextOf(host);
			const {number} = await execute(planOf(actions), context);
			t.regex(await state(), after);
			t.not(await state(), before);
			await execute(await planUndoOf(context, number), context);
			t.is(await state(), before);
			await t.throwsAsync(planUndoOf(context, number), {instanceOf: AppError});
			t.deepEqual(await recover(context), []);
		} finally {
			network.stop();
		}
	});
}

const failures: ReadonlyArray<readonly [what: string, action: Action, says: RegExp]> = [
	['a gateway that is not on the link', setRoute(null, route({via: '99.0.0.1'})), /Nexthop has invalid gateway/],
	['an IPv6 gateway without a way to it', setRoute(null, {to: 'fd01::/64', via: 'fd99::1', dev: 't0', metric: null}), /No route to host/],
	['an interface that is not there', setRoute(null, route({via: null, dev: 'nope'})), /Cannot find device "nope"/],
	['an MTU that the driver does not take', {kind: 'set-mtu', netdev: 't0', from: 1500, to: 65_535}, /mtu greater than device maximum/],
];
for (const [what, action, says] of failures) {
	test(`on the kernel: ${what} fails with the kernel's words and changes nothing`, async t => {
		const network = await startPrivateNetwork();
		try {
			const before = await tableOf(network.runner, [4, 6]);
			const error = await t.throwsAsync(execute(planOf([setRoute(null, route({metric: 3})), action]), contextOf(network.over(twoCards()))), {instanceOf: AppError});
			t.is(error?.code, 'STEP_FAILED');
			t.regex(error?.why ?? '', says);
			t.true(error?.details['rolledBack']);
			t.deepEqual(await tableOf(network.runner, [4, 6]), before);
		} finally {
			network.stop();
		}
	});
}

test('on the kernel: the command adds, lists, refuses and takes away', async t => {
	const network = await startPrivateNetwork();
	try {
		const host = network.over(twoCards());
		t.is((await vfctl(host, ['route', 'add', 'host', '30.0.0.0/24', '--via', '20.0.0.9'])).error, undefined);
		const {text} = await vfctl(host, ['route', 'list', 'host']);
		t.regex(text, /^30\.0\.0\.0\/24 +20\.0\.0\.9 +t1 +- +boot/m);
		t.is((await vfctl(host, ['route', 'add', 'host', '30.0.0.0/24', '--via', '10.0.0.9'])).error?.code, 'ROUTE_CONFLICT');
		t.is((await vfctl(host, ['route', 'add', 'host', '20.0.0.0/25', '--via', '10.0.0.9'])).error?.code, 'ROUTE_CONFLICT');
		t.is((await vfctl(host, ['route', 'delete', 'host', '30.0.0.0/24'])).error, undefined);
		t.is((await vfctl(host, ['route', 'delete', 'host', '30.0.0.0/24'])).error?.code, 'ROUTE_NOT_FOUND');
		t.notRegex((await vfctl(host, ['route', 'list', 'host'])).text, /30\.0\.0\.0/);
	} finally {
		network.stop();
	}
});
