// ICMP echoes, by the ping of iputils or of BusyBox.
import {AppError} from '../../errors.ts';
import {percentile} from '../../model/bench.ts';
import {figure, testTimeoutMs, unreadable, type Measured, type TestContext} from './test-context.ts';

const perSecond = 10;

/** Ten echoes a second. */
export async function measurePing({from, address, seconds, signal}: TestContext): Promise<Measured> {
	const result = await from.run(['ping', '-n', '-c', String(seconds * perSecond), '-i', String(1 / perSecond), '-W', '1', address], {timeoutMs: testTimeoutMs(seconds), quietMs: seconds * 1000, signal});
	const version = await from.run(['ping', '-V']);
	return parsePing(result.stdout, `${version.stdout}\n${version.stderr}`, result.stderr.trim());
}

/** What ping measured; throws BENCH_FAILED when no echo was answered. */
export function parsePing(text: string, version: string, otherwise = ''): Measured {
	const times = [...text.matchAll(/^\d+ bytes from [^\n]*\btime[=<](\d+(?:\.\d+)?) ms(?<again> \(DUP!\))?/gm)]
		.filter(({groups}) => groups?.['again'] === undefined)
		.map(([, milliseconds]) => figure('ping', 'a time', Number(milliseconds) * 1000))
		.sort((a, b) => a - b);
	const [, sent] = /^(\d+) packets transmitted, /m.exec(text) ?? [];
	if (sent === undefined) {
		throw unreadable('ping', otherwise || `it printed '${text.trim().slice(-200)}'`);
	}

	const [min, max] = [times[0], times.at(-1)];
	if (min === undefined || max === undefined) {
		throw new AppError('BENCH_FAILED', 'ping got no answer', {why: `${sent} echoes were sent`});
	}

	const [, iputils] = /\biputils[- ](\S{1,40})/.exec(version) ?? [];
	const [, busybox] = /\bBusyBox v(\S{1,40})/.exec(version) ?? [];
	return {
		figures: {p50Microseconds: percentile(times, 0.5)!, p99Microseconds: percentile(times, 0.99)!, minMicroseconds: min, maxMicroseconds: max, samples: times.length, lost: Math.max(0, Number(sent) - times.length)},
		tools: iputils === undefined ? busybox === undefined ? {} : {ping: `BusyBox ${busybox}`} : {ping: `iputils ${iputils}`},
	};
}
