// Addresses and networks as text.
import test from 'ava';
import {AppError} from '../lib/errors.ts';
import {contains, hostPrefix, isUnusable, networkOf, overlap, parseAddress, parsePrefix, prefixText, samePrefix, toAddress, toPrefix} from '../lib/model/ip.ts';
import {effectiveMetric, isRoute, routePrefix, routesTo, routeWords} from '../lib/model/route.ts';
import type {Route} from '../lib/model/netdev.ts';

const prefix = (text: string) => parsePrefix(text)!;

const addresses: ReadonlyArray<readonly [text: string, canonical: string | undefined]> = [
	['20.0.0.3', '20.0.0.3'],
	['0.0.0.0', '0.0.0.0'],
	['255.255.255.255', '255.255.255.255'],
	// Octal, hexadecimal and short forms mean different things to different programs.
	['020.0.0.3', undefined], ['0x14.0.0.3', undefined], ['20.3', undefined], ['335544323', undefined], ['20.0.0', undefined], ['20.0.0.3.4', undefined],
	['256.0.0.1', undefined], ['-1.0.0.1', undefined], ['20.0.0.3 ', undefined], [' 20.0.0.3', undefined], ['20.0.0.3\n', undefined], ['20.0.0.3/24', undefined], ['٢٠.0.0.3', undefined], ['20,0.0.3', undefined],
	['fd00::3', 'fd00::3'],
	['FD00:0:0:0:0:0:0:3', 'fd00::3'], ['fd00:0000:0000:0000:0000:0000:0000:0003', 'fd00::3'],
	['::', '::'], ['0:0:0:0:0:0:0:0', '::'], ['::1', '::1'], ['1::', '1::'],
	// RFC 5952: the longest run of zeros, the first of two, never a single one.
	['1:0:0:2:0:0:0:3', '1:0:0:2::3'], ['1:0:0:2:2:0:0:3', '1::2:2:0:0:3'], ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
	['::ffff:1.2.3.4', '::ffff:102:304'], ['::1.2.3.4', '::102:304'], ['64:ff9b::1.2.3.4', '64:ff9b::102:304'], ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
	['::ffff:010.1.2.3', undefined], ['::ffff:0x10.1.2.3', undefined], ['::ffff:1.2.3', undefined], ['::ffff:1.2.3.400', undefined], ['1:2:3:4:5:6:7:1.2.3.4', undefined], ['1.2.3.4::', undefined],
	['fe80::1%eth0', undefined], ['1::2::3', undefined], [':::', undefined], ['00001::', undefined], ['1:2:3:4:5:6:7:8:9', undefined], ['1:2:3:4:5:6:7', undefined], [':1', undefined], ['1:', undefined], ['[::1]', undefined], ['::g', undefined], ['::1 ', undefined], ['', undefined],
	['not an address', undefined], ['20.0.0.3; reboot', undefined], ['$(reboot)', undefined], ['\0', undefined],
];
for (const [text, canonical] of addresses) {
	test(`the address ${JSON.stringify(text)} is ${canonical ?? 'none'}`, t => {
		t.deepEqual(parseAddress(text), canonical === undefined ? undefined : {family: canonical.includes(':') ? 6 : 4, address: canonical});
		t.deepEqual(canonical === undefined ? undefined : parseAddress(canonical)?.address, canonical, 'the canonical form is its own');
	});
}

const prefixes: ReadonlyArray<readonly [text: string, network: string | undefined, canonical?: string]> = [
	['20.0.0.3/24', '20.0.0.0/24'], ['20.0.0.0/24', '20.0.0.0/24'], ['20.0.0.3/32', '20.0.0.3/32'], ['20.0.0.3/31', '20.0.0.2/31'], ['20.0.0.2/31', '20.0.0.2/31'],
	['20.0.0.3/0', '0.0.0.0/0'], ['255.255.255.255/1', '128.0.0.0/1'], ['20.0.255.3/17', '20.0.128.0/17'], ['20.0.0.255/25', '20.0.0.128/25'],
	['fd00::3/64', 'fd00::/64'], ['fd00::3/128', 'fd00::3/128'], ['fd00::3/127', 'fd00::2/127'], ['fd00::3/0', '::/0'], ['FD00::0003/64', 'fd00::/64', 'fd00::3/64'],
	['ffff:ffff::/33', 'ffff:ffff::/33'], ['ffff:ffff:ffff::/33', 'ffff:ffff:8000::/33'], ['::ffff:1.2.3.4/104', '::ffff:100:0/104', '::ffff:102:304/104'],
	['20.0.0.3/33', undefined], ['fd00::3/129', undefined], ['20.0.0.3/', undefined], ['20.0.0.3', undefined], ['/24', undefined], ['20.0.0.3/-1', undefined], ['20.0.0.3/024', undefined], ['20.0.0.3/2 4', undefined],
	['20.0.0.3/24/24', undefined], ['20.0.0.3/255.255.255.0', undefined], ['20.0.0.3/1e1', undefined], ['20.0.0.3/24\n', undefined], ['fe80::1%eth0/64', undefined], ['020.0.0.0/8', undefined],
];
for (const [text, network, canonical = text] of prefixes) {
	test(`the network of ${JSON.stringify(text)} is ${network ?? 'none'}`, t => {
		const parsed = parsePrefix(text);
		t.is(parsed && prefixText(parsed), network === undefined ? undefined : canonical);
		t.is(parsed && prefixText(networkOf(parsed)), network);
		t.deepEqual(parsed && networkOf(networkOf(parsed)), parsed && networkOf(parsed), 'a network is its own network');
	});
}

/** Whether everything in the second is in the first, and whether they have an address in common. */
const pairs: ReadonlyArray<readonly [outer: string, inner: string, contained: boolean, overlapping: boolean]> = [
	['10.0.0.0/8', '10.1.0.0/16', true, true],
	['10.1.0.0/16', '10.0.0.0/8', false, true],
	['10.0.0.0/24', '10.0.0.0/24', true, true],
	['10.0.0.7/24', '10.0.0.9/24', true, true],
	['10.0.0.0/24', '10.0.1.0/24', false, false],
	['10.0.0.0/25', '10.0.0.128/25', false, false],
	['0.0.0.0/0', '255.255.255.255/32', true, true],
	['255.255.255.255/32', '0.0.0.0/0', false, true],
	['10.0.0.1/32', '10.0.0.1/32', true, true],
	['10.0.0.1/32', '10.0.0.2/32', false, false],
	['10.0.0.0/31', '10.0.0.1/32', true, true],
	['10.0.0.0/31', '10.0.0.2/32', false, false],
	['0.0.0.0/0', '::/0', false, false],
	['::/0', '10.0.0.0/8', false, false],
	['::ffff:0:0/96', '10.0.0.0/8', false, false],
	['::/0', 'fd00::1/128', true, true],
	['fd00::/63', 'fd00:0:0:1::/64', true, true],
	['fd00::/64', 'fd00:0:0:1::/64', false, false],
	['FD00::/64', 'fd00::5/128', true, true],
];
for (const [outer, inner, contained, overlapping] of pairs) {
	test(`${inner} is ${contained ? '' : 'not '}in ${outer}, and they ${overlapping ? 'overlap' : 'do not overlap'}`, t => {
		t.is(contains(prefix(outer), prefix(inner)), contained);
		t.is(overlap(prefix(outer), prefix(inner)), overlapping);
		t.is(overlap(prefix(inner), prefix(outer)), overlapping);
	});
}

test('networks agree with arithmetic on whole numbers, at random', t => {
	const number = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
	for (let round = 0, seed = 7; round < 2000; round++) {
		seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
		const address = [24, 16, 8, 0].map(bits => (seed >>> bits) & 0xFF).join('.');
		const length = round % 33;
		const network = networkOf(prefix(`${address}/${length}`));
		t.is(number(network.address), Math.floor(number(address) / 2 ** (32 - length)) * 2 ** (32 - length));
		t.true(contains(network, hostPrefix({family: 4, address})));
	}
});

for (const address of ['127.0.0.1', '127.255.255.254', '0.0.0.0', '224.0.0.1', '239.1.1.1', '255.255.255.255', '::', '::1', 'ff02::1', '::ffff:10.0.0.1', 'nonsense', 'fe80::1%eth0']) {
	test(`no interface can be given ${address}`, t => {
		t.true(isUnusable(address));
	});
}

for (const address of ['10.0.0.1', '1.1.1.1', '169.254.0.1', 'fd00::1', 'fe80::1', '2001:db8::1', '64:ff9b::1']) {
	test(`an interface can be given ${address}`, t => {
		t.false(isUnusable(address));
	});
}

test('a host prefix has all bits, and is the same however it was written', t => {
	t.is(prefixText(hostPrefix(parseAddress('20.0.0.3')!)), '20.0.0.3/32');
	t.is(prefixText(hostPrefix(parseAddress('FD00::3')!)), 'fd00::3/128');
	t.true(samePrefix(prefix('FD00::0/64'), prefix('fd00::/64')));
	t.false(samePrefix(prefix('20.0.0.0/24'), prefix('20.0.0.0/25')));
});

for (const text of ['1'.repeat(1e7), ':'.repeat(1e7), '1.'.repeat(5e6), '1:'.repeat(5e6), `${'1'.repeat(1e7)}/24`, '/'.repeat(1e7), `::${'0'.repeat(1e7)}`, `20.0.0.3/${'0'.repeat(1e7)}24`]) {
	test(`ten megabytes of ${text.slice(0, 3)} ... ${text.slice(-3)} are no address, at once, and are not printed`, t => {
		t.is(parseAddress(text), undefined);
		t.is(parsePrefix(text), undefined);
		t.true(isUnusable(text));
		for (const throwing of [() => toAddress(text, 'the gateway'), () => toPrefix(text, 'the network')]) {
			const error = t.throws(throwing, {instanceOf: AppError});
			t.is(error?.code, 'BAD_ADDRESS');
			t.true((error?.message.length ?? Number.NaN) < 200);
		}
	});
}

test('what is no address is told with what it was meant to be', t => {
	t.is(t.throws(() => toPrefix('20.0.0.3', 'the address of vm0'), {instanceOf: AppError}).message, "the address of vm0 '20.0.0.3' is not an address with the length of its network");
	t.is(t.throws(() => toAddress('x', 'the gateway'), {instanceOf: AppError}).message, "the gateway 'x' is not an IP address");
	t.deepEqual(toPrefix('FD00::3/64', 'x'), {family: 6, address: 'fd00::3', length: 64});
	t.deepEqual(toAddress('20.0.0.3', 'x'), {family: 4, address: '20.0.0.3'});
});

// --- routes

const aRoute = (destination: string, device: string, more: Partial<Route> = {}): Route => ({
	destination, type: 'unicast', device, family: `${destination}${more.gateway ?? ''}`.includes(':') ? 6 : 4, gateway: null, metric: null, protocol: null, source: null, onlink: false, hops: 1, ...more,
});

test('the network of a route: default, one address, or a network', t => {
	t.is(prefixText(routePrefix(aRoute('default', 'e0'))!), '0.0.0.0/0');
	t.is(prefixText(routePrefix(aRoute('default', 'e0', {gateway: 'fd00::1'}))!), '::/0');
	t.is(prefixText(routePrefix(aRoute('10.0.0.7', 'e0'))!), '10.0.0.7/32');
	t.is(prefixText(routePrefix(aRoute('fd00::7', 'e0'))!), 'fd00::7/128');
	t.is(prefixText(routePrefix(aRoute('10.0.0.0/24', 'e0'))!), '10.0.0.0/24');
	t.is(routePrefix(aRoute('nonsense', 'e0')), undefined);
});

const table = [
	aRoute('default', 'e0', {gateway: '10.0.0.254', metric: 100}), aRoute('default', 'e1', {gateway: '20.0.0.254', metric: 50}),
	aRoute('10.0.0.0/24', 'e0', {protocol: 'kernel'}), aRoute('10.0.0.0/24', 'e1', {metric: 5}), aRoute('10.0.0.7', 'e2'),
	aRoute('30.0.0.0/8', 'e0', {gateway: '10.0.0.1', hops: 2}), aRoute('30.0.0.0/8', 'e1', {gateway: '20.0.0.1', hops: 2}),
	aRoute('fd00::/64', 'e0', {metric: 256}), aRoute('default', 'e1', {gateway: 'fd11::1'}), aRoute('fd01::/64', 'e0', {metric: 1024}), aRoute('fd01::/64', 'e1', {metric: 1023}),
];
const ways: ReadonlyArray<readonly [address: string, devices: string[]]> = [
	['10.0.0.7', ['e2']], ['10.0.0.8', ['e0']], ['10.0.1.1', ['e1']], ['30.1.1.1', ['e0', 'e1']], ['fd00::9', ['e0']], ['fd01::9', ['e1']], ['2001:db8::1', ['e1']], ['nonsense', []],
];
for (const [address, devices] of ways) {
	test(`packets to ${address} take ${devices.join(' and ') || 'no route'}`, t => {
		t.deepEqual(routesTo(table, address).map(({device}) => device), devices);
	});
}

test('without a default route, an address may have no route', t => {
	t.deepEqual(routesTo([aRoute('10.0.0.0/24', 'e0')], '20.0.0.1'), []);
	t.deepEqual(routesTo([], '20.0.0.1'), []);
});

test('no metric is 0 for IPv4 and 1024 for IPv6', t => {
	t.is(effectiveMetric(4, null), 0);
	t.is(effectiveMetric(6, null), 1024);
	t.is(effectiveMetric(6, 0), 1024);
	t.true(isRoute(aRoute('fd00::/64', 'e0', {metric: 1024}), {to: 'fd00::/64', via: null, dev: 'e0', metric: null}));
	t.false(isRoute(aRoute('fd00::/64', 'e0', {metric: 1023}), {to: 'fd00::/64', via: null, dev: 'e0', metric: null}));
	t.true(isRoute(aRoute('10.0.0.7', 'e0'), {to: '10.0.0.7/32', via: null, dev: 'e0', metric: 0}));
	t.true(isRoute(aRoute('default', 'e0', {gateway: '10.0.0.1'}), {to: '0.0.0.0/0', via: '10.0.0.1', dev: 'e0', metric: null}));
	t.false(isRoute(aRoute('10.0.0.0/8', 'e0', {hops: 2}), {to: '10.0.0.0/8', via: null, dev: 'e0', metric: null}), 'one next hop of several is not the route');
	t.false(isRoute(aRoute('10.0.0.0/8', 'lo', {type: 'blackhole'}), {to: '10.0.0.0/8', via: null, dev: 'lo', metric: null}));
});

test('routes in words', t => {
	t.is(routeWords(aRoute('default', 'e0', {gateway: '10.0.0.1', metric: 100, protocol: 'dhcp'})), 'default via 10.0.0.1 on e0, metric 100, made by dhcp');
	t.is(routeWords(aRoute('10.0.0.0/8', '', {type: 'blackhole'})), '10.0.0.0/8 (blackhole)');
	t.is(routeWords(aRoute('10.0.0.0/8', 'e0', {hops: 2, protocol: 'boot'})), '10.0.0.0/8 on e0, one of 2 next hops');
});
