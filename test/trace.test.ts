// Traces of the kernel, from their text to stages, and what vfctl trace says on hosts that have none.
import test from 'ava';
import {traceText} from '../lib/render/trace-text.ts';
import {traceView, type TraceEnd} from '../lib/render/trace-view.ts';
import {stagesOf} from '../lib/model/trace-stages.ts';
import type {TraceSummary, Way} from '../lib/model/trace.ts';
import {parseTrace} from '../lib/sysfs/parse-trace.ts';
import {hostBuilder} from '../lib/sim/builder.ts';
import {simHost} from '../lib/sim/sim-host.ts';
import {vfctl} from './helpers/plan-world.ts';

const head = (kept: number, written = kept) => `# tracer: nop
#
# entries-in-buffer/entries-written: ${kept}/${written}   #P:2
#
#                                _-----=> irqs-off/BH-disabled
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`;
const line = (at: number | string, text: string, program = 'traffic') => `${program.padStart(16)}-4711    [001] b..2. ${String(at).padStart(12)}: ${text}\n`;

// As Linux 6.12 prints them.
const queue = (dev: string, skb: string, len: number) => `net_dev_queue: dev=${dev} skbaddr=${skb} len=${len}`;
const start = (dev: string, skb: string, len: number) => `net_dev_start_xmit: dev=${dev} queue_mapping=0 skbaddr=${skb} vlan_tagged=0 vlan_proto=0x0000 vlan_tci=0x0000 protocol=0x0800 ip_summed=3 len=${len} data_len=0 network_offset=14 transport_offset_valid=1 transport_offset=34 tx_flags=0 gso_size=0 gso_segs=1 gso_type=0`;
const sent = (dev: string, skb: string, len: number) => `net_dev_xmit: dev=${dev} skbaddr=${skb} len=${len} rc=0`;
const gro = (dev: string, skb: string, len: number) => `napi_gro_receive_entry: dev=${dev} napi_id=0x2001 queue_mapping=1 skbaddr=${skb} vlan_tagged=0 vlan_proto=0x0000 vlan_tci=0x0000 protocol=0x0800 ip_summed=0 hash=0x00000000 l4_hash=0 len=${len} data_len=0 truesize=768 mac_header_valid=1 mac_header=-14 nr_frags=0 gso_size=0 gso_type=0`;
const receive = (dev: string, skb: string, len: number) => `netif_receive_skb: dev=${dev} skbaddr=${skb} len=${len}`;
const queued = (dev: string, skb: string, len: number) => `netif_rx: dev=${dev} skbaddr=${skb} len=${len}`;
const copied = (skb: string, len: number) => `skb_copy_datagram_iovec: skbaddr=${skb} len=${len}`;
const hook = (from: string, to: string, why: string, skb: string, len: number) => `vfctl_fwd_egress: from=${from} to=${to} why=${why} skbaddr=${skb} len=${len}`;

const summaryOf = (text: string, {between = ['a0', 'b0'], card = true, ports = false, nsPerTick = 1}: {between?: [string, string]; card?: boolean; ports?: boolean; nsPerTick?: number} = {}) => stagesOf(parseTrace(text).events, {between, card, ports, nsPerTick});
const stages = ({flows}: TraceSummary) => flows.map(({from, to, way, stages: all}): [string, string, Way, ...Array<[string, number, number]>] => [from, to, way, ...all.map(({stage, count, medianNs}): [string, number, number] => [stage, count, medianNs])]);

test('a frame that was passed on keeps its address', t => {
	const text = line(1000, hook('a0', 'b0', 'none', '00000000aaaa', 98)) + line(1300, receive('b0', '00000000aaaa', 84)) + line(2000, copied('00000000aaaa', 32));
	t.deepEqual(stages(summaryOf(text)), [['a0', 'b0', 'passed', ['hand-over', 1, 300], ['stack', 1, 700]]]);
});

test('one that was queued waits in the backlog', t => {
	const text = line(1000, hook('a0', 'b0', 'none', 'x', 98)) + line(1100, queued('b0', 'x', 84)) + line(1900, receive('b0', 'x', 84));
	t.deepEqual(stages(summaryOf(text)), [['a0', 'b0', 'passed', ['hand-over', 1, 100], ['backlog', 1, 800]]]);
});

test('through the card a frame is found by its length and its turn, and a short one is padded', t => {
	const text = [
		line(1000, queue('a0', 'x', 98)), line(1100, start('a0', 'x', 98)), line(1400, sent('a0', 'x', 98)),
		line(1500, queue('a0', 'y', 42)), line(1600, start('a0', 'y', 42)), line(1700, sent('a0', 'y', 42)),
		// Of somebody else, between.
		line(1800, gro('b0', 'other', 1400)), line(1810, receive('b0', 'other', 1400)),
		line(5400, gro('b0', 'p', 84)), line(5500, receive('b0', 'p', 84)),
		line(5700, gro('b0', 'q', 46)), line(5900, receive('b0', 'q', 46)),
	].join('');
	t.deepEqual(stages(summaryOf(text)), [['a0', 'b0', 'card', ['qdisc', 2, 100], ['driver', 2, 100], ['card', 2, 4000], ['gro', 2, 100]]]);
});

test('a frame that never arrived is not taken for a later one', t => {
	const text = line(1000, start('a0', 'x', 98)) + line(1100, sent('a0', 'x', 98)) + line(1_200_000_000, gro('b0', 'p', 84)) + line(1_200_000_100, receive('b0', 'p', 84));
	t.deepEqual(stages(summaryOf(text)), [['a0', 'b0', 'card', ['driver', 1, 100]]]);
});

test('both directions, each by itself, and what went to the card with its reason', t => {
	const text = [
		line(1000, hook('a0', 'b0', 'none', 'x', 98)), line(1100, receive('b0', 'x', 84)),
		line(1200, hook('b0', 'a0', 'none', 'y', 98)), line(1500, receive('a0', 'y', 84)),
		line(1600, hook('a0', '-', 'multicast', 'z', 98)), line(1700, hook('a0', '-', 'multicast', 'z', 98)), line(1800, hook('c0', '-', 'spoofed', 'z', 98)),
		line(1900, hook('a0', 'c0', 'none', 'v', 98)),
	].join('');
	const summary = summaryOf(text);
	t.deepEqual(stages(summary), [['a0', 'b0', 'passed', ['hand-over', 1, 100]], ['b0', 'a0', 'passed', ['hand-over', 1, 300]]]);
	t.deepEqual([...summary.toCard].map(([from, reasons]) => [from, [...reasons]]), [['a0', [['multicast', 2]]]]);
});

test('a switch of the kernel keeps the address; a card does not', t => {
	const text = line(100, start('a0', 'x', 98)) + line(200, sent('a0', 'x', 98)) + line(900, receive('b0', 'x', 84)) + line(1000, copied('x', 40));
	t.deepEqual(stages(summaryOf(text, {card: false})), [['a0', 'b0', 'software', ['driver', 1, 100], ['switch', 1, 700], ['stack', 1, 100]]]);
	t.deepEqual(stages(summaryOf(text)), [['a0', 'b0', 'card', ['driver', 1, 100], ['card', 1, 700], ['stack', 1, 100]]]);
});

test('between ports of a switch it comes in by one and leaves by the other', t => {
	const through = (at: number, skb: string, length: number, from: string, to: string) => [
		line(at, queued(from, skb, length - 14)), line(at + 30, receive(from, skb, length - 14)), line(at + 130, queue(to, skb, length)),
		line(at + 140, start(to, skb, length)), line(at + 200, sent(to, skb, length)),
	].join('');
	const text = through(1000, 'x', 98, 'a0', 'b0') + through(2000, 'x', 66, 'b0', 'a0')
		// Comes in and goes nowhere; its address is used anew for another frame, once of another length, once much later.
		+ line(3000, receive('a0', 'y', 84)) + line(3100, start('b0', 'y', 600)) + line(3200, sent('b0', 'y', 600))
		+ line(4000, receive('a0', 'z', 84)) + line(1_200_000_000, start('b0', 'z', 98))
		// Leaves as it came: a switch does not do that.
		+ line(5000, receive('a0', 'v', 84)) + line(5100, start('a0', 'v', 98));
	const each: Array<[string, number, number]> = [['backlog', 1, 30], ['switch', 1, 100], ['qdisc', 1, 10], ['driver', 1, 60]];
	t.deepEqual(stages(summaryOf(text, {card: false, ports: true})), [['a0', 'b0', 'software', ...each], ['b0', 'a0', 'software', ...each]]);
});

test('an address that is used anew is another frame', t => {
	const text = line(100, hook('a0', 'b0', 'none', 'x', 98)) + line(200, receive('b0', 'x', 84)) + line(300, start('a0', 'x', 66)) + line(400, copied('x', 40));
	t.deepEqual(stages(summaryOf(text)), [['a0', 'b0', 'passed', ['hand-over', 1, 100]]]);
});

test('a buffer that is copied from much later, or for more than was in it, is another frame', t => {
	for (const last of [line(200_000_000, copied('x', 40)), line(300, copied('x', 99))]) {
		t.deepEqual(stages(summaryOf(line(100, hook('a0', 'b0', 'none', 'x', 98)) + line(200, receive('b0', 'x', 84)) + last)), [['a0', 'b0', 'passed', ['hand-over', 1, 100]]]);
	}
});

test('the median, the 99th of a hundred, and shares', t => {
	const text = Array.from({length: 200}, (_, index) => line(index * 10_000, hook('a0', 'b0', 'none', `s${index}`, 98)) + line(index * 10_000 + index + 1, receive('b0', `s${index}`, 84)) + line(index * 10_000 + 1000, copied(`s${index}`, 1))).join('');
	const [first, second] = summaryOf(text, {nsPerTick: 2}).flows[0]!.stages;
	t.like(first, {stage: 'hand-over', count: 200, medianNs: 200, p99Ns: 396});
	t.is(first!.share + second!.share, 1);
	t.true(first!.share > 0.1 && first!.share < 0.11);
});

test('times in seconds are microseconds, and the order of the lines does not matter', t => {
	const text = line('12.000300', receive('b0', 'x', 84)) + line('12.000100', hook('a0', 'b0', 'none', 'x', 98));
	t.deepEqual(stages(summaryOf(text, {nsPerTick: 1000})), [['a0', 'b0', 'passed', ['hand-over', 1, 200_000]]]);
});

test('the head tells what was lost, and our marks when it began', t => {
	const {lost, marks, events} = parseTrace(head(2, 500) + line(7, 'tracing_mark_write: trace begins') + line(9, 'tracing_mark_write: trace ends'));
	t.is(lost, 498);
	t.deepEqual([...marks], [['trace begins', 7], ['trace ends', 9]]);
	t.deepEqual(events, []);
});

test('names of programs say nothing, whatever they are', t => {
	for (const program of ['x-1 [000] 1: a:', '] 5: net_dev_xm', '-4711', '   ', '# entries-in-bu', 'dev=b0 len=9', 'a0\u001B[2J']) {
		const {events} = parseTrace(line(1000, hook('a0', 'b0', 'none', 'x', 98), program));
		t.deepEqual(events.map(({name, at}) => [name, at]), [['vfctl_fwd_egress', 1000]], program);
	}
});

test('what is no trace gives no events', t => {
	for (const text of ['', '\n\n', '\0'.repeat(100), 'a'.repeat(100_000), line(1, ''), line('x', queue('a0', 'x', 1)), line(1, 'CPU:1 [LOST 5 EVENTS]'), `${' '.repeat(16)}-1 [0] . 1: ${'e'.repeat(200)}: x`, line(1, `net_dev_queue: dev=a0 skbaddr=${'f'.repeat(3000)} len=1`)]) {
		t.deepEqual(parseTrace(text).events, [], text.slice(0, 40));
	}

	for (const text of [line(1, 'net_dev_queue: dev=a0 skbaddr= len=1'), line(1, 'net_dev_queue: len=1'), line(1, 'net_dev_queue: dev=a0 skbaddr=x len=NaN'), line(1, 'net_dev_queue: __proto__=a0 skbaddr=x len=1'), line(2, receive('b0', 'x', -1))]) {
		t.deepEqual(summaryOf(text).flows, [], text);
	}
});

const ends: [TraceEnd, TraceEnd] = [{name: 'eth1#0', netdev: 'a0', namespace: 'a'}, {name: 'eth1#1', netdev: 'b0', namespace: 'b'}];
const text = (summary: TraceSummary, more: {lost?: number; nsPerTick?: number; ends?: [TraceEnd, TraceEnd]} = {}) => traceText(traceView({hostName: 'live', ends: more.ends ?? ends, durationMs: 5000, nsPerTick: more.nsPerTick ?? 0.5, lost: more.lost ?? 0, forwarding: true, summary}));

test('as a table, by the names that were asked for', t => {
	const summary = summaryOf(line(1000, hook('a0', 'b0', 'none', 'x', 98)) + line(1300, receive('b0', 'x', 84)) + line(1600, hook('a0', '-', 'multicast', 'z', 98)));
	const lines = text(summary).split('\n');
	t.is(lines[0], 'eth1#0 to eth1#1, passed on by vfctl_fwd:');
	t.regex(lines[2]!, /^hand-over {2}1 {6}300 {8}300 {5}100% {3}vfctl_fwd hands it over$/);
	t.regex(lines[4]!, /^eth1#0 {2}1 +multicast {2}it is for many$/);
	t.is(lines.length, 5);
});

test('and what the reader must know', t => {
	const nothing = summaryOf('');
	t.is(text(nothing), 'no frame between eth1#0 and eth1#1 in 5.0 s');
	t.regex(text(nothing, {lost: 3}), /3 events had no room/);
	t.regex(text(nothing, {nsPerTick: 1000}), /counts microseconds/);
	t.regex(text(nothing, {ends: [ends[0], {...ends[1], netdev: 'a0'}]}), /cannot be told apart/);
});

const host = () => simHost(hostBuilder('trace').pf({card: '82576', bdf: '0000:01:00.0', name: 'eth1', vfs: 2}).record());

test('vfctl trace refuses what it cannot look at', async t => {
	for (const [args, code] of [
		[['eth1', 'eth1#1'], 'PF_NOT_VF'], [['eth1#0', 'eth1#0'], 'USAGE'], [['eth1#0', 'eth1#7'], 'VF_NOT_FOUND'], [['eth1#0', 'eth1#1', '--seconds', '0'], 'USAGE'], [['eth1#0', 'eth1#1', '--seconds', '1h'], 'USAGE'],
		[['eth1#0', 'eth1#1', '--ping', 'nonsense'], 'BAD_ADDRESS'], [['a', 'b', '--netdev', '--ping', '10.0.0.1'], 'USAGE'], [['a b', 'b', '--netdev'], 'USAGE'], [['a"||1', 'b', '--netdev'], 'UNSUPPORTED'],
		[['eth1#0', 'eth1#1'], 'UNSUPPORTED'],
	] as const) {
		const {error} = await vfctl(host(), ['trace', ...args]);
		t.is(error?.code, code, args.join(' '));
	}
});
