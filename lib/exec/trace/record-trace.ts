// Records the kernel's events about two interfaces, in an instance of tracefs of our own, which is gone at the end.
// Documentation/trace/ftrace.rst ("Instances") and events.rst ("Event filtering").
import {AppError} from '../../errors.ts';
import type {Host} from '../../host/host.ts';
import {parseTrace, type ParsedTrace} from '../../sysfs/parse-trace.ts';
import {makeInstance, removeInstance, removeLeftovers} from './trace-instances.ts';
import {tracefsRoot} from './tracefs-root.ts';

/** What is recorded. */
export interface TraceRequest {
	/** Names of interfaces, in whatever namespaces they are. */
	netdevs: readonly string[];
	durationMs: number;
	signal: AbortSignal;
	/** Runs beside, as long as it lasts. */
	beside: (() => Promise<unknown>) | null;
}

/** What was recorded. */
export interface RecordedTrace extends ParsedTrace {
	/** Of the clock of `events`. */
	nsPerTick: number;
	/** Whether vfctl_fwd told of its frames. */
	hook: boolean;
	durationMs: number;
}

/** Events, and whether an interface's name chooses those that are kept. */
const events: ReadonlyArray<{path: string; named: boolean}> = [
	...['net_dev_queue', 'net_dev_start_xmit', 'net_dev_xmit', 'netif_rx', 'netif_receive_skb', 'napi_gro_receive_entry'].map(name => ({path: `net/${name}`, named: true})),
	{path: 'skb/skb_copy_datagram_iovec', named: false},
];
const hookEvent = 'vfctl_fwd/vfctl_fwd_egress';
// All processors together; as text it is four times that.
const bufferKib = 16 * 1024;
const begin = 'trace begins';
const end = 'trace ends';

/** Records for a while, or until the signal. Throws NOT_ROOT, UNSUPPORTED without tracefs, and for names that a filter
 * cannot say. */
export async function recordTrace(host: Host, {netdevs, durationMs, signal, beside}: TraceRequest): Promise<RecordedTrace> {
	const filters = {name: filterFor(netdevs, 'name'), from: filterFor(netdevs, 'from')};
	const root = tracefsRoot(host);
	await removeLeftovers(host, root);
	const instance = await makeInstance(host, root);
	try {
		const ticks = await setUp(host, instance, filters);
		const started = await mark(host, instance, begin);
		await Promise.all([pause(host, durationMs, signal), beside?.()]);
		const ended = await mark(host, instance, end);
		await host.files.writeAttribute(`${instance}/tracing_on`, '0');
		const parsed = parseTrace(host.files.readText(`${instance}/trace`) ?? '');
		return {
			...parsed, durationMs: ended - started, hook: host.files.exists(`${instance}/events/${hookEvent}`),
			nsPerTick: ticks === 'microseconds' ? 1000 : rate(parsed, ended - started),
		};
	} finally {
		await removeInstance(host, instance);
	}
}

/** Interfaces may have `"` in their names, which would end the filter's word. */
function filterFor(netdevs: readonly string[], field: string): string {
	const odd = netdevs.find(name => !/^[\w.@+-]{1,15}$/.test(name));
	if (odd !== undefined) {
		throw new AppError('UNSUPPORTED', `'${odd}' cannot be traced`, {why: 'a filter of tracefs cannot say its name', fix: 'give the interface a name of letters and digits (ip link set NAME name OTHER)'});
	}

	return [...new Set(netdevs)].map(name => `${field} == "${name}"`).join(' || ');
}

async function setUp({files}: Host, instance: string, filters: {name: string; from: string}): Promise<'microseconds' | 'cycles'> {
	const write = async (file: string, value: string) => files.writeAttribute(`${instance}/${file}`, value);
	await write('tracing_on', '0');
	const processors = Math.max(1, files.list(`${instance}/per_cpu`).length);
	await write('buffer_size_kb', String(Math.max(64, Math.floor(bufferKib / processors))));
	// Nanoseconds are printed as microseconds; cycles as they are, where they are the same on all processors.
	const cycles = (files.readText(`${instance}/trace_clock`) ?? '').includes('x86-tsc') && files.readText('/sys/devices/system/clocksource/clocksource0/current_clocksource')?.trim() === 'tsc';
	await write('trace_clock', cycles ? 'x86-tsc' : 'mono');
	for (const {path, named} of events) {
		if (named) {
			await write(`events/${path}/filter`, filters.name);
		}

		await write(`events/${path}/enable`, '1');
	}

	if (files.exists(`${instance}/events/${hookEvent}`)) {
		await write(`events/${hookEvent}/filter`, filters.from);
		await write(`events/${hookEvent}/enable`, '1');
	}

	await write('tracing_on', '1');
	return cycles ? 'cycles' : 'microseconds';
}

/** Marks the trace; gives back the time. */
async function mark({files, clock}: Host, instance: string, text: string): Promise<number> {
	const now = clock.monotonicMs();
	await files.writeAttribute(`${instance}/trace_marker`, text);
	return now;
}

/** Nanoseconds of a cycle, by our own marks. */
function rate({marks, lost}: ParsedTrace, ms: number): number {
	const first = marks.get(begin);
	const last = marks.get(end);
	if (first === undefined || last === undefined || last <= first || ms <= 0) {
		throw new AppError('UNSUPPORTED', 'the trace does not say when it began and ended', {
			why: lost > 0 ? `there were ${lost} more events than its ring holds` : 'our marks are not in it', fix: 'trace for a shorter time (--seconds 1), or with less traffic',
		});
	}

	return ms * 1e6 / (last - first);
}

async function pause({clock}: Host, ms: number, signal: AbortSignal): Promise<void> {
	const deadline = clock.monotonicMs() + ms;
	for (let left = ms; left > 0 && !signal.aborted; left = deadline - clock.monotonicMs()) {
		await clock.sleep(Math.min(left, 200));
	}
}
