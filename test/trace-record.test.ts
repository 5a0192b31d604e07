// What vfctl trace does to tracefs: on a tree of files that looks like it, with what the kernel would do to its directories.
import {mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {recordTrace} from '../lib/exec/trace/record-trace.ts';
import type {Host} from '../lib/host/host.ts';
import {realFiles} from '../lib/host/real-files.ts';
import {simClock} from '../lib/sim/clock.ts';

const events = ['net/net_dev_queue', 'net/net_dev_start_xmit', 'net/net_dev_xmit', 'net/netif_rx', 'net/netif_receive_skb', 'net/napi_gro_receive_entry', 'skb/skb_copy_datagram_iovec', 'vfctl_fwd/vfctl_fwd_egress'];
const tracing = 'sys/kernel/tracing';
const pid = 4711;
const roots: string[] = [];

test.after.always(() => {
	for (const root of roots) {
		rmSync(root, {recursive: true, force: true});
	}
});

interface Options {
	clocksource?: string;
	uid?: number;
	without?: string;
	trace?: string;
}

/** A host with such a tree, and what was written to the instance before it went. */
function fake({clocksource = 'tsc', uid = 0, without, trace = ''}: Options = {}): {host: Host; root: string; written: Map<string, string>} {
	const root = mkdtempSync(path.join(tmpdir(), 'vfctl-trace-'));
	roots.push(root);
	const put = (file: string, text = '') => {
		mkdirSync(path.dirname(path.join(root, file)), {recursive: true});
		writeFileSync(path.join(root, file), text);
	};

	put(`${tracing}/trace_clock`, '[local] x86-tsc mono');
	mkdirSync(path.join(root, tracing, 'instances'));
	put('sys/devices/system/clocksource/clocksource0/current_clocksource', `${clocksource}\n`);
	mkdirSync(path.join(root, 'proc/1'), {recursive: true});
	const written = new Map<string, string>();
	const run = (argv: readonly string[]) => {
		const [program, target = ''] = argv;
		if (program === 'mkdir') {
			const instance = target.slice(1);
			for (const [file, text] of [['tracing_on', '1'], ['trace_clock', '[local] x86-tsc mono'], ['trace_marker', ''], ['buffer_size_kb', ''], ['trace', trace], ['per_cpu/cpu0/x', ''], ['per_cpu/cpu1/x', '']] as const) {
				put(`${instance}/${file}`, text);
			}

			for (const event of events.filter(name => name !== without)) {
				put(`${instance}/events/${event}/enable`);
				put(`${instance}/events/${event}/filter`);
			}
		} else {
			for (const file of readdirSync(path.join(root, target), {recursive: true, withFileTypes: true}).filter(one => one.isFile())) {
				const full = path.join(file.parentPath, file.name);
				written.set(path.relative(path.join(root, target), full), readFileSync(full, 'utf8'));
			}

			rmSync(path.join(root, target), {recursive: true});
		}

		return {code: 0, stdout: '', stderr: ''};
	};

	const host = {name: 'live', files: realFiles(root), runner: {run: async (argv: readonly string[]) => run(argv)}, clock: simClock(), caller: {pid, uid, env: {}}} as unknown as Host;
	return {host, root, written};
}

const request = (more = {}) => ({netdevs: ['net0', 'net1'], durationMs: 1000, signal: new AbortController().signal, beside: null, ...more});
const instances = (root: string) => readdirSync(path.join(root, tracing, 'instances'));
const marks = `            node-1     [000] .....  1000: tracing_mark_write: trace begins\n            node-1     [000] .....  3000: tracing_mark_write: trace ends\n`;

test('chosen by name, bounded, and gone at the end', async t => {
	const {host, root, written} = fake({trace: marks});
	const {nsPerTick, hook, events: found} = await recordTrace(host, request());
	// 1 s in 2000 cycles.
	t.is(nsPerTick, 500_000);
	t.true(hook);
	t.deepEqual(found, []);
	t.deepEqual(instances(root), []);
	t.true(written.get('trace_clock')!.startsWith('x86-tsc'));
	t.is(written.get('buffer_size_kb'), '8192');
	t.is(written.get('events/net/net_dev_queue/filter'), 'name == "net0" || name == "net1"');
	t.is(written.get('events/vfctl_fwd/vfctl_fwd_egress/filter'), 'from == "net0" || from == "net1"');
	t.is(written.get('events/skb/skb_copy_datagram_iovec/filter'), '');
	t.true(events.every(event => written.get(`events/${event}/enable`) === '1'));
	t.true(written.get('tracing_on')!.startsWith('0'));
});

test('without a clock of cycles it counts microseconds, and without the module it does without', async t => {
	const {host, written} = fake({clocksource: 'kvm-clock', without: 'vfctl_fwd/vfctl_fwd_egress'});
	const {nsPerTick, hook} = await recordTrace(host, request());
	t.deepEqual([nsPerTick, hook], [1000, false]);
	t.true(written.get('trace_clock')!.startsWith('mono'));
});

for (const [what, options, more, code] of [
	['an event that this kernel does not have', {without: 'net/netif_rx'}, {}, 'ENOENT'],
	['a trace without its marks', {trace: ''}, {}, 'UNSUPPORTED'],
	['what runs beside and fails', {trace: marks}, {beside: async () => Promise.reject(Object.assign(new Error('no'), {code: 'STEP_FAILED'}))}, 'STEP_FAILED'],
] as const) {
	test(`after ${what} nothing stays`, async t => {
		const {host, root} = fake(options);
		const error = await t.throwsAsync(recordTrace(host, request(more)));
		t.is((error as {code?: string}).code, code);
		t.deepEqual(instances(root), []);
	});
}

test('what a killed one left is removed; what is not ours, or at work, stays', async t => {
	const {host, root} = fake({trace: marks});
	for (const name of ['vfctl-99', 'vfctl-1', `vfctl-${pid}`, 'vfctl-', 'vfctl-99x', 'other']) {
		mkdirSync(path.join(root, tracing, 'instances', name));
	}

	await recordTrace(host, request());
	t.deepEqual(instances(root).sort(), ['other', 'vfctl-', 'vfctl-1', 'vfctl-99x']);
});

test('root alone, and only where tracefs is', async t => {
	const user = fake({uid: 1000});
	t.is((await t.throwsAsync(recordTrace(user.host, request())) as {code?: string}).code, 'NOT_ROOT');
	const {host, root} = fake();
	rmSync(path.join(root, tracing, 'trace_clock'));
	t.is((await t.throwsAsync(recordTrace(host, request())) as {code?: string}).code, 'UNSUPPORTED');
});

test('a stop ends it at once, with what was seen', async t => {
	const {host, root} = fake({clocksource: 'kvm-clock'});
	const stop = new AbortController();
	stop.abort();
	const {durationMs} = await recordTrace(host, request({durationMs: 600_000, signal: stop.signal}));
	t.true(durationMs < 600_000);
	t.deepEqual(instances(root), []);
});
