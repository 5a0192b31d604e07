// Requests and answers over TCP, by ApacheBench (ab) against lighttpd: over one standing connection
// (rr), or each over a new one (crr). One at a time; the answer has headers and no body.
// https://httpd.apache.org/docs/2.4/programs/ab.html
import {AppError} from '../../errors.ts';
import {withServer} from './server.ts';
import {figure, serverLifeSeconds, testTimeoutMs, unreadable, type Measured, type TestContext} from './test-context.ts';

// ab keeps 40 bytes for each and ends at the count or the time, whichever is first: more than one
// connection can do.
const mostPerSecond = 200_000;
const mostTransactions = 5_000_000;

// ab writes its percentiles to a file only. Behind cat that can be its standard output, which may be a
// socket here, and a socket cannot be opened by name. Not every /dev has stdout.
const withPercentiles = ['sh', '-c', '"$@" 2>&1 | cat', 'sh', 'ab', '-q', '-e', '/proc/self/fd/1'] as const;

/** Asks for `seconds`. */
export async function measureTransactions({from, to, address, seconds, clock, signal}: TestContext, {keepAlive}: {keepAlive: boolean}): Promise<Measured> {
	return withServer({
		place: to, clock, signal, lifeSeconds: serverLifeSeconds(seconds),
		argv: () => ['lighttpd', '-D', '-f', '-'],
		input: port => lighttpdConfiguration(address, port),
	}, async port => {
		// -n after -t, which sets it to 50000.
		const words = [...keepAlive ? ['-k'] : [], '-c', '1', '-t', String(seconds), '-n', String(Math.min(mostTransactions, seconds * mostPerSecond)), `http://${inUrl(address)}:${port}/ostype`];
		const {stdout, stderr} = await from.run([...withPercentiles, ...words], {timeoutMs: testTimeoutMs(seconds), quietMs: seconds * 1000, signal});
		return parseAb(`${stdout}\n${stderr}`);
	});
}

/** A file that is there everywhere and, to lighttpd, has no bytes: nothing of the guest is given away. */
export function lighttpdConfiguration(address: string, port: number): string {
	return [
		'server.modules = ()',
		'server.document-root = "/proc/sys/kernel"',
		`server.port = ${port}`,
		`server.bind = "${inUrl(address)}"`,
		// After so many lighttpd closes the connection, and ab opens another one.
		'server.max-keep-alive-requests = 65535',
		'',
	].join('\n');
}

function inUrl(address: string): string {
	return address.includes(':') ? `[${address}]` : address;
}

/** What ab measured; throws BENCH_FAILED, also when any of its requests failed. */
export function parseAb(text: string): Measured {
	const number = (pattern: RegExp) => {
		const [, digits] = pattern.exec(text) ?? [];
		return digits === undefined ? undefined : figure('ab', pattern.source, Number(digits));
	};

	const perSecond = number(/^Requests per second:\s+(\d+(?:\.\d+)?) /m);
	const samples = number(/^Complete requests:\s+(\d+)$/m);
	const failed = number(/^Failed requests:\s+(\d+)$/m);
	if (perSecond === undefined || samples === undefined || failed === undefined) {
		if (/sh: [^\n]*\bab: [^\n]*not found/.test(text)) {
			throw new AppError('TOOL_MISSING', 'there is no program \'ab\'', {details: {program: 'ab'}});
		}

		throw unreadable('ab', /\bapr_\w+: .*|^ab: .*/m.exec(text)?.[0] ?? `it printed '${text.trim().slice(-200)}'`);
	}

	const refused = number(/^Non-2xx responses:\s+(\d+)$/m) ?? 0;
	if (failed > 0 || refused > 0 || samples === 0) {
		throw new AppError('BENCH_FAILED', 'ab could not measure', {why: `of ${samples} requests ${failed} failed and ${refused} were answered with an error`});
	}

	// `50,0.029`: half of the requests were served within so many milliseconds.
	const at = (percent: number) => number(new RegExp(String.raw`^${percent},(\d+\.\d+)$`, 'm'));
	const [min, max] = [at(0), at(100)];
	// Sorted times have the value of so many percent at that place (output_results in ab.c), which of
	// few requests lies behind the last one: what is printed then is empty memory.
	const toMicroseconds = (percent: number) => {
		const value = at(percent);
		return value === undefined || Math.floor(0.5 + samples * percent / 100) >= samples ? null : value * 1000;
	};

	const microseconds = {p50Microseconds: toMicroseconds(50), p99Microseconds: toMicroseconds(99), ...min === undefined ? {} : {minMicroseconds: min * 1000}, ...max === undefined ? {} : {maxMicroseconds: max * 1000}};
	const [, ab] = /ApacheBench, Version (\S{1,40})/.exec(text) ?? [];
	const [, lighttpd] = /^Server Software:\s+lighttpd\/(\S{1,40})$/m.exec(text) ?? [];
	return {
		figures: {transactionsPerSecond: perSecond, samples, ...microseconds},
		tools: {...ab === undefined ? {} : {ab}, ...lighttpd === undefined ? {} : {lighttpd}},
	};
}
