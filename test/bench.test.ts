// Measurements: what the tools print, the statistics, tables and pictures, and the tools themselves
// between two namespaces of this machine.
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {parseBench} from '../lib/cli/parse-bench.ts';
import {AppError} from '../lib/errors.ts';
import {guestPlace} from '../lib/exec/bench/guest-place.ts';
import {whileDone} from '../lib/exec/bench/hold.ts';
import {findCommonNetwork, parseEndAddresses, parsePrefixes, parseRouteGet} from '../lib/exec/bench/ip-text.ts';
import {listeningPorts} from '../lib/exec/bench/listening.ts';
import {netnsPlace} from '../lib/exec/bench/netns-place.ts';
import {parsePing} from '../lib/exec/bench/ping.ts';
import type {BenchPlace} from '../lib/exec/bench/place.ts';
import {runTest} from '../lib/exec/bench/run-test.ts';
import {withServer} from '../lib/exec/bench/server.ts';
import {parseIperf3} from '../lib/exec/bench/stream.ts';
import {parseAb} from '../lib/exec/bench/transactions.ts';
import {listOperations} from '../lib/exec/journal.ts';
import {silentReporter} from '../lib/exec/reporter.ts';
import type {RunContext} from '../lib/exec/run-context.ts';
import {realClock} from '../lib/host/real-clock.ts';
import {realRunner} from '../lib/host/real-runner.ts';
import {attribute, children, readXml} from '../lib/libvirt/xml-tree.ts';
import {benchTests, percentile, spread, summary, type BenchFigures, type BenchMethod} from '../lib/model/bench.ts';
import {freeBenchNetwork} from '../lib/model/bench-network.ts';
import type {BenchMethodResult, BenchResult} from '../lib/model/bench-result.ts';
import {toPrefix} from '../lib/model/ip.ts';
import type {Plan} from '../lib/plan/plan.ts';
import {benchSvg} from '../lib/render/bench-svg.ts';
import {benchText} from '../lib/render/bench-text.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {errorOf} from './helpers/error-of.ts';
import {startNetnsPair, type NetnsPair} from './helpers/netns-pair.ts';
import {hostileName, hosts, vfctl} from './helpers/plan-world.ts';

const fixture = (name: string) => readFileSync(`test/fixtures/bench/${name}`, 'utf8');
let pair: NetnsPair;

test.before(async () => {
	pair = await startNetnsPair();
});

test.after.always(() => {
	pair?.stop();
});

// What the tools print.

test('iperf3: the receiver\'s rate, what was sent again, and the version', t => {
	t.deepEqual(parseIperf3(fixture('iperf3.json')), {figures: {mbitPerSecond: 7959.706_471_919_82, retransmits: 1}, tools: {iperf3: '3.12'}});
	t.throws(() => parseIperf3(fixture('iperf3-refused.json')), {instanceOf: AppError, message: 'iperf3 could not measure'});
});

for (const [what, text] of Object.entries({
	nothing: '', 'no JSON': 'iperf3: error', 'another form': '[]', 'no figures': '{"end":{}}', 'a text for a number': '{"end":{"sum_received":{"bits_per_second":"1"}}}',
	'a rate below zero': '{"end":{"sum_received":{"bits_per_second":-1}}}', 'a rate without end': '{"end":{"sum_received":{"bits_per_second":1e999}}}', 'deep nesting': '['.repeat(100_000),
})) {
	test(`iperf3 that prints ${what} is BENCH_FAILED`, t => {
		t.is(t.throws(() => parseIperf3(text), {instanceOf: AppError})?.code, 'BENCH_FAILED');
	});
}

test('ab: rate, percentiles in microseconds, and the versions of both', t => {
	const {figures, tools} = parseAb(fixture('ab-crr.txt'));
	const text = fixture('ab-crr.txt');
	const line = (percent: number) => Number(new RegExp(`^${percent},(.*)$`, 'm').exec(text)?.[1]) * 1000;
	t.like(figures, {p50Microseconds: line(50), p99Microseconds: line(99), minMicroseconds: line(0), maxMicroseconds: line(100)});
	t.true(figures.transactionsPerSecond! > 0 && figures.samples! > 0);
	t.deepEqual(tools, {ab: '2.3', lighttpd: '1.4.69'});
});

test('ab tells no 99th percentile of 50 requests or fewer, and none at all of one: null, a dash in the table', t => {
	const of = (requests: number, p50: string, p99: string) => parseAb(fixture('ab-crr.txt').replace(/^(Complete requests: +).*$/m, `$1${requests}`).replace(/^50,.*$/m, `50,${p50}`).replace(/^99,.*$/m, `99,${p99}`)).figures;
	t.like(of(51, '2.000', '3.000'), {p50Microseconds: 2000, p99Microseconds: 3000});
	const few = of(50, '2.000', '0.000');
	t.like(few, {p50Microseconds: 2000, p99Microseconds: null, samples: 50});
	t.like(of(1, '0.000', '0.000'), {p50Microseconds: null, p99Microseconds: null, samples: 1});
	t.is(summary([few]).p99Microseconds, null);
	t.is(summary([few, of(51, '2.000', '3.000')]).p99Microseconds?.median, 3000);
	const tests: BenchMethodResult['tests'] = [{test: 'crr', problem: null, runs: [few], summary: summary([few]), ratio: 1}];
	t.regex(benchText(result([{method: 'sriov', tests}])), /^crr +sriov .* 1\.00 +2000 +- +1$/m);
	t.notRegex(benchSvg(result([{method: 'sriov', tests}])), /null|NaN|undefined/);
});

test('ab that was answered with errors, or by nobody, or is not there', t => {
	t.regex(t.throws(() => parseAb(fixture('ab-404.txt')), {instanceOf: AppError})?.why ?? '', /of \d+ requests 0 failed and \d+ were answered with an error/);
	t.is(t.throws(() => parseAb(fixture('ab-refused.txt')), {instanceOf: AppError})?.why, 'apr_socket_recv: Connection refused (111)');
	t.is(t.throws(() => parseAb(fixture('ab-missing.txt')), {instanceOf: AppError})?.code, 'TOOL_MISSING');
	t.is(t.throws(() => parseAb(''), {instanceOf: AppError})?.code, 'BENCH_FAILED');
	t.throws(() => parseAb(fixture('ab-crr.txt').replace(/^Requests per second:.*/m, 'Requests per second: NaN [#/sec]')), {instanceOf: AppError});
});

test('ping: of iputils and of BusyBox, with echoes that are lost or come twice', t => {
	t.deepEqual(parsePing(fixture('ping-iputils.txt'), 'ping from iputils 20221126\n'), {
		figures: {p50Microseconds: 55, p99Microseconds: 573, minMicroseconds: 51, maxMicroseconds: 573, samples: 5, lost: 0}, tools: {ping: 'iputils 20221126'},
	});
	t.like(parsePing(fixture('ping-busybox.txt'), 'ping: invalid option\nBusyBox v1.37.0 (Debian) multi-call binary.'), {figures: {p50Microseconds: 80, samples: 3}, tools: {ping: 'BusyBox 1.37.0'}});
	const lines = fixture('ping-iputils.txt').split('\n');
	const lossy = [...lines.slice(0, 3), `${lines[1]} (DUP!)`, ...lines.slice(4)].join('\n');
	t.like(parsePing(lossy, '').figures, {samples: 4, lost: 1});
	t.is(t.throws(() => parsePing('2 packets transmitted, 0 received, 100% packet loss', ''), {instanceOf: AppError})?.message, 'ping got no answer');
	t.is(t.throws(() => parsePing('', '', 'ping: permission denied'), {instanceOf: AppError})?.why, 'ping: permission denied');
});

test('/proc/net/tcp: ports that are listened on, IPv4 and IPv6', t => {
	t.deepEqual([...listeningPorts(`  sl  local_address rem_address   st
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:1F91 0200007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0 0
nonsense 0: :: 0A`)], [8080, 22]);
});

test('ip: addresses, what is in use, and the network that both are in', t => {
	const one = parseEndAddresses('1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\n2: eth0    inet6 fe80::1/64 scope link \n3: eth1    inet6 fd00::1/64 scope global \nnonsense');
	t.deepEqual(one.map(({interface: name, prefix}) => [name, prefix.address]), [['eth0', '10.0.0.1'], ['eth1', 'fd00::1']]);
	const other = parseEndAddresses('2: e0@if7    inet6 fd00::2/64 scope global \n2: e0    inet 10.0.0.2/24 scope global e0\n2: e0    inet 10.0.0.1/24 scope global e0');
	t.is(findCommonNetwork(one, other)?.[1].prefix.address, '10.0.0.2');
	t.is(findCommonNetwork(one, []), undefined);
	t.deepEqual(parsePrefixes('default via 10.0.0.254 dev eth0\n198.18.0.0/24 dev x').map(({address, length}) => `${address}/${length}`), ['10.0.0.254/32', '198.18.0.0/24']);
	t.deepEqual(parseRouteGet('10.0.0.2 dev eth0 src 10.0.0.1 uid 0 \n    cache'), {interface: 'eth0', address: '10.0.0.1'});
	t.deepEqual(parseRouteGet('RTNETLINK answers: $(reboot)'), {interface: null, address: null});
});

// Statistics and addresses.

test('median, least and most', t => {
	t.is(spread([]), undefined);
	t.deepEqual(spread([3]), {median: 3, min: 3, max: 3});
	t.deepEqual(spread([30, 1, 2]), {median: 2, min: 1, max: 30});
	t.deepEqual(spread([4, 1, 2, 30]), {median: 3, min: 1, max: 30});
	t.deepEqual(summary([{transactionsPerSecond: 10}, {transactionsPerSecond: 20, lost: 1}]), {transactionsPerSecond: {median: 15, min: 10, max: 20}, lost: {median: 1, min: 1, max: 1}});
	t.deepEqual([0, 0.5, 0.99, 1].map(share => percentile([1, 2, 3, 4], share)), [1, 2, 4, 4]);
	t.is(percentile([], 0.5), undefined);
});

test('addresses for a measurement: the first network that nobody has', t => {
	const used = (...networks: string[]) => freeBenchNetwork(networks.map(network => toPrefix(network, 'it')));
	t.deepEqual(used('0.0.0.0/0', '10.0.0.1/8'), ['198.18.0.1/24', '198.18.0.2/24']);
	t.deepEqual(used('198.18.0.77/32', '198.18.1.0/24'), ['198.18.2.1/24', '198.18.2.2/24']);
	t.deepEqual(used('198.18.0.0/16'), ['198.19.0.1/24', '198.19.0.2/24']);
	t.deepEqual(used('198.0.0.0/8'), ['fdb5:7ac1:94e3::1/64', 'fdb5:7ac1:94e3::2/64']);
	t.is(used('198.0.0.0/8', 'fc00::/7'), undefined);
});

// What is typed.

test('words and options', t => {
	const usual = {first: 'vm0', second: 'guest:vm1', seconds: '10', runs: '3'};
	t.like(parseBench(usual), {ends: [{kind: 'guest', name: 'vm0'}, {kind: 'guest', name: 'vm1'}], methods: null, tests: [...benchTests], seconds: 10, runs: 3});
	t.like(parseBench({...usual, method: 'bridge,sriov,bridge', test: 'ping', on: 'eth1,eth2'}), {methods: ['bridge', 'sriov'], tests: ['ping'], pfs: ['eth1', 'eth2']});
	t.deepEqual(parseBench({...usual, first: 'netns:a'}).ends[0], {kind: 'netns', name: 'a'});
	for (const wrong of [{second: 'guest:vm0'}, {first: ''}, {first: 'guest:'}, {first: 'netns:/proc/1/ns/net'}, {first: 'netns:-all'}, {first: 'netns:a/../b'}, {seconds: '0'}, {seconds: '-1'}, {seconds: '1e3'}, {runs: '1000'}, {method: 'magic'}, {method: ','}, {test: 'rr;reboot'}, {on: 'eth1'}, {bridge: 'br0'}, {method: 'sriov', to: '10.0.0.1'}, {method: 'sriov', on: 'a,b,c'}]) {
		t.is(t.throws(() => parseBench({...usual, ...wrong}), {instanceOf: AppError}, JSON.stringify(wrong))?.code, 'USAGE');
	}
});

// Tables and pictures.

function result(methods: ReadonlyArray<Partial<BenchMethodResult> & {method: BenchMethod}>, more: Partial<BenchResult> = {}): BenchResult {
	return {
		version: 1, time: '2026-01-02T03:04:05.000Z', ends: [{kind: 'guest', name: 'vm0'}, {kind: 'netns', name: 'blue'}], seconds: 10, runs: 3,
		host: {kernel: '6.12.0', cpus: 8, cpuModel: null, virtualization: 'none'}, tools: {iperf3: '3.18'}, notes: ['both ends share'],
		methods: methods.map(method => ({on: ['eth1'], problem: null, ends: null, tests: [], ...method})), ...more,
	};
}

function stream(runs: readonly number[], ratio: number | null = null): BenchMethodResult['tests'] {
	const figures: BenchFigures[] = runs.map(mbitPerSecond => ({mbitPerSecond}));
	return [{test: 'stream', problem: null, runs: figures, summary: summary(figures), ratio}];
}

const problem = {code: 'NO_FREE_VF', message: 'eth1 has no free VF', why: 'guest x has it', fix: 'vfctl list'};

test('the table: a row for each test and method, and why one is missing', t => {
	const text = benchText(result([
		{method: 'sriov', tests: stream([9000, 9400, 9100], 1)},
		{method: 'macvtap', tests: stream([4500.4], 0.494)},
		{method: 'bridge', tests: stream([]), problem},
	]));
	t.regex(text, /^vm0 to netns:blue: 3 runs of 10 s a test/);
	t.regex(text, /^stream +sriov +9100 +9000 +9400 +Mbit\/s +1\.00 +- +- +3$/m);
	t.regex(text, /^stream +macvtap +4500 .* 0\.49 /m);
	t.regex(text, /^stream +bridge +- +- +- +Mbit\/s +- +- +- +0$/m);
	t.regex(text, /^bridge: eth1 has no free VF; guest x has it; try: vfctl list$/m);
	t.regex(text, /^note: both ends share$/m);
});

test('the picture: valid XML, whatever the names; bars as long as medians', t => {
	const hostile = `${hostileName}\u0000\u001B[31m\uFFFF\uD800 ]]> <script>`;
	const svg = benchSvg(result([{method: 'sriov', tests: stream([9000, 8000, 10_000], 1)}, {method: 'bridge', tests: stream([2000, 5000, 6000], 0.56)}, {method: 'macvtap', tests: stream([])}], {
		ends: [{kind: 'guest', name: hostile}, {kind: 'netns', name: 'x'.repeat(255)}], notes: [hostile, 'long '.repeat(100)],
	}));
	const root = readXml(svg, {root: 'svg', what: 'the picture'});
	t.notRegex(svg, /<script|\u0000|\u001B/);
	const bars = children(root, 'rect').filter(rect => attribute(rect, 'class')?.startsWith('bar')).map(rect => Number(attribute(rect, 'width')));
	t.is(bars.length, 2);
	t.true(Math.abs(bars[1]! / bars[0]! - 5 / 9) < 0.01);
	t.is(children(root, 'path').filter(path => attribute(path, 'class') === 'whisker').length, 2);
	const texts = children(root, 'text').map(({_ = ''}) => _);
	t.true(texts.includes('not measured'));
	t.true(texts.some(words => words.startsWith('5000 (2000 to 6000)')));
});

test('a picture of nothing is one too', t => {
	t.notThrows(() => readXml(benchSvg(result([{method: 'sriov', tests: stream([])}])), {root: 'svg', what: 'the picture'}));
	t.notThrows(() => readXml(benchSvg(result([{method: 'sriov', tests: stream([0, 0])}])), {root: 'svg', what: 'the picture'}));
});

// The tools; one after the other, or they would take processor time and ports from each other.

function places(kind: 'guest' | 'netns'): [BenchPlace, BenchPlace] {
	const one = (name: 'a' | 'b') => kind === 'guest'
		? guestPlace(name, {libvirt: pair.agentIn(name), uuid: name, clock: realClock})
		: netnsPlace(name, pair);
	return [one('a'), one('b')];
}

for (const kind of ['guest', 'netns'] as const) {
	for (const name of benchTests) {
		test.serial(`${name} is measured between two (${kind})`, async t => {
			const [from, to] = places(kind);
			for (const address of ['198.18.0.2', 'fd00:9::2']) {
				const {figures, tools} = await runTest(name, {from, to, address, seconds: 1, clock: realClock});
				t.true((name === 'stream' ? figures.mbitPerSecond : name === 'ping' ? figures.p50Microseconds : figures.transactionsPerSecond)! > 0, address);
				t.true(Object.keys(tools).length > 0);
			}
		});
	}

	test.serial(`a program that is not there is told with where (${kind})`, async t => {
		const [, to] = places(kind);
		const error = await errorOf(withServer({place: to, argv: () => ['no-such-program'], lifeSeconds: 5, clock: realClock}, async () => t.fail()));
		t.is(error.code, 'TOOL_MISSING');
		t.regex(error.message, kind === 'guest' ? /^b has no program/ : /^this host has no program/);
	});

	test.serial(`a server that ends by itself, and one that never listens and is stopped (${kind})`, async t => {
		const [from, to] = places(kind);
		const error = await errorOf(withServer({place: to, argv: () => ['sh', '-c', 'echo broken >&2; exit 3'], lifeSeconds: 5, clock: realClock}, async () => t.fail()));
		t.is(error.code, 'BENCH_FAILED');
		t.is(error.why, 'broken');
		const abort = new AbortController();
		const waiting = errorOf(withServer({place: to, argv: () => ['sleep', '301'], lifeSeconds: 300, clock: realClock, signal: abort.signal}, async () => t.fail()));
		abort.abort('SIGINT');
		t.is((await waiting).code, 'INTERRUPTED');
		const endless = new AbortController();
		const asked = errorOf(from.run(['sleep', '302'], {timeoutMs: 60_000, signal: endless.signal}));
		endless.abort('SIGINT');
		t.is((await asked).code, 'INTERRUPTED');
		// What was stopped is gone.
		const ended = async () => (await realRunner().run(['pgrep', '-fx', 'sleep 30[12]'])).stdout.trim() === '';
		for (let tries = 0; !await ended() && tries < 100; tries++) {
			await realClock.sleep(100);
		}

		t.true(await ended());
	});
}

test.serial('the command measures over what is there, and draws it', async t => {
	const directory = mkdtempSync(join(tmpdir(), 'vfctl-bench-'));
	t.teardown(() => {
		rmSync(directory, {recursive: true});
	});
	const host = {...simHost(hosts['usual']!()), runner: pair.runner, clock: realClock};
	const file = join(directory, 'bench.svg');
	const {json, text, error} = await vfctl(host, ['bench', 'netns:a', 'netns:b', '--seconds', '1', '--runs', '2', '--test', 'ping,crr', '--svg', file]);
	t.is(error, undefined);
	const {methods, ends} = json as unknown as BenchResult;
	t.deepEqual(ends, [{kind: 'netns', name: 'a'}, {kind: 'netns', name: 'b'}]);
	t.like(methods, [{method: 'present', problem: null}]);
	t.like(methods[0]?.ends, [{address: '198.18.0.1', interface: 'va', mtuBytes: 1500}, {address: '198.18.0.2', interface: 'vb'}]);
	t.deepEqual(methods[0]?.tests.map(({test: name, runs, problem: why, ratio}) => [name, runs.length, why, ratio]), [['ping', 2, null, 1], ['crr', 2, null, 1]]);
	t.regex(text, /^crr +present +\d+/m);
	t.notThrows(() => readXml(readFileSync(file, 'utf8'), {root: 'svg', what: 'the picture'}));

	const {error: nobody} = await vfctl(host, ['bench', 'netns:a', 'netns:b', '--to', '198.18.0.9']);
	t.is(nobody?.code, 'BENCH_FAILED');
	t.regex(nobody?.why ?? '', /b does not have 198\.18\.0\.9/);
	const {error: nowhere} = await vfctl(host, ['bench', 'netns:a', 'netns:nope']);
	t.is(nowhere?.code, 'NETNS_NOT_FOUND');
	const {error: unwritable} = await vfctl(host, ['bench', 'netns:a', 'netns:b', '--svg', join(directory, 'no', 'x.svg')]);
	t.is(unwritable?.code, 'USAGE');
});

// What is changed for a measurement.

function context(host: RunContext['host']): RunContext {
	return {host, libvirt: async () => host.openLibvirt('qemu:///system'), reporter: silentReporter, commandLine: ['vfctl', 'bench']};
}

const down: Plan = {version: 1, subject: {command: 'bench'}, title: 'down', actions: [{kind: 'set-link', netdev: 'pf0', from: 'up', to: 'down'}], warnings: [], risks: []};
const up: Plan = {...down, title: 'up', actions: [{kind: 'set-link', netdev: 'pf1', from: 'down', to: 'up'}]};

test('a change lasts as long as it is used, one within the other', async t => {
	const host = simHost(hosts['usual']!());
	const flags = () => ['pf0', 'pf1'].map(name => Number(host.files.readText(`/sys/class/net/${name}/flags`)) & 1);
	const before = flags();
	const seen = await whileDone(down, context(host), async () => whileDone(up, context(host), async () => flags()));
	t.deepEqual([before, seen, flags()], [[1, 0], [0, 1], [1, 0]]);
	t.deepEqual(listOperations(host.files).map(({outcome}) => outcome), ['rolled-back', 'rolled-back']);
});

test('what fails while a change lasts is told as it was, and the change is put back', async t => {
	const host = simHost(hosts['usual']!());
	const error = await errorOf(whileDone(down, context(host), async () => whileDone(up, context(host), async () => {
		throw new AppError('TOOL_MISSING', 'no ab', {fix: 'install it'});
	})));
	t.like(error, {code: 'TOOL_MISSING', message: 'no ab', fix: 'install it'});
	t.is(Number(host.files.readText('/sys/class/net/pf0/flags')) & 1, 1);
});

test('a dry run shows what is attached, and changes nothing', async t => {
	const host = simHost(hosts['usual']!());
	const {text, error} = await vfctl(host, ['bench', 'vm0', 'transient', '--method', 'sriov', '--on', 'pf0', '--dry-run']);
	t.is(error, undefined);
	t.regex(text, /attach pf0#0 .* to vm0/);
	t.deepEqual(listOperations(host.files), []);
});
