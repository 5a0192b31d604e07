// One TCP stream, by iperf3: https://software.es.net/iperf/invoking.html
import * as v from 'valibot';
import {AppError} from '../../errors.ts';
import {withServer} from './server.ts';
import {figure, serverLifeSeconds, testTimeoutMs, unreadable, type Measured, type TestContext} from './test-context.ts';

const rate = v.object({bits_per_second: v.number()});
// iperf_json_finish in iperf_api.c; `error` alone when it failed.
const output = v.object({
	error: v.optional(v.string()),
	start: v.optional(v.object({version: v.optional(v.string())})),
	end: v.optional(v.object({
		sum_sent: v.optional(v.object({...rate.entries, retransmits: v.optional(v.number())})),
		sum_received: v.optional(rate),
	})),
});

/** Sends for `seconds` from `from` to `to`. */
export async function measureStream({from, to, address, seconds, clock, signal}: TestContext): Promise<Measured> {
	return withServer({
		place: to, clock, signal, lifeSeconds: serverLifeSeconds(seconds),
		argv: port => ['iperf3', '--server', '--one-off', '--bind', address, '--port', String(port)],
	}, async port => {
		const {stdout, stderr, code} = await from.run(['iperf3', '--client', address, '--port', String(port), '--time', String(seconds), '--interval', '0', '--json'], {timeoutMs: testTimeoutMs(seconds), quietMs: seconds * 1000, signal});
		return parseIperf3(stdout, stderr.trim() || `exit status ${code}`);
	});
}

/** What iperf3 measured; `otherwise` is what is known when it printed nothing. Throws BENCH_FAILED. */
export function parseIperf3(text: string, otherwise = ''): Measured {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw unreadable('iperf3', otherwise || `it printed '${text.slice(0, 100)}'`);
	}

	const parsed = v.safeParse(output, json);
	if (!parsed.success) {
		throw unreadable('iperf3', `${v.getDotPath(parsed.issues[0]) ?? 'it'}: ${parsed.issues[0].message}`);
	}

	const {error, start, end} = parsed.output;
	if (error !== undefined) {
		throw new AppError('BENCH_FAILED', 'iperf3 could not measure', {why: error.slice(0, 300)});
	}

	if (end?.sum_received === undefined) {
		throw unreadable('iperf3', 'it has no end.sum_received');
	}

	const retransmits = end.sum_sent?.retransmits;
	const version = /^iperf (\S{1,40})/.exec(start?.version ?? '')?.[1];
	return {
		figures: {
			mbitPerSecond: figure('iperf3', 'the rate', end.sum_received.bits_per_second) / 1e6,
			...retransmits === undefined ? {} : {retransmits: figure('iperf3', 'retransmits', retransmits)},
		},
		tools: version === undefined ? {} : {iperf3: version},
	};
}
