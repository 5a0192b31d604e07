// Start-up of vfctl against a Node that does nothing: CPU, because that is what start-up is.
import {hostBuilder} from '../lib/sim/builder.ts';
import {PlayedHost} from './played-host.ts';
import {runSeries, type Series, type Timed} from './series.ts';
import {pairedRatio, summary} from './statistics.ts';
import type {Row} from './table.ts';

const rounds = 41;
const bare = 'node -e 0';

/** Rows for `--version`, which loads the command line alone, and for `list` on a tiny host, which
 * also loads libvirt and asks `ip` and libvirt; `vfctl` is the bundled program. */
export async function benchStart(vfctl: string, tell: (text: string) => void): Promise<Row[]> {
	tell('start: a host with one PF');
	const host = await PlayedHost.start(hostBuilder('tiny').pf({card: '82599', bdf: '0000:03:00.0', name: 'enp3s0f0', vfs: 2}).record());
	try {
		const node = process.execPath;
		const programs: Timed[] = [
			{name: bare, argv: [node, '-e', '0']},
			{name: '--version', argv: [node, vfctl, '--version']},
			{name: 'history', argv: [node, vfctl, 'history']},
			{name: 'list', argv: [node, vfctl, '--connect', host.uri, 'list']},
		];
		const series = runSeries(programs, rounds, script => {
			host.runScript(script);
		});
		return ['--version', 'history', 'list'].map(name => row(series, name, name === 'list' ? null : 1.4));
	} finally {
		await host.stop();
	}
}

function row(series: Series, name: string, aim: number | null): Row {
	const cpu = (key: string) => series.get(key)!.map(({cpuMs}) => cpuMs);
	const [mine, its] = [cpu(name), cpu(bare)];
	return {
		what: 'start', ours: name, peer: bare, measure: 'cpu',
		oursMs: {median: summary(series.get(name)!).medianCpuMs, min: Math.min(...mine)}, peerMs: {median: summary(series.get(bare)!).medianCpuMs, min: Math.min(...its)},
		ratio: pairedRatio(mine, its), aim, runs: its.length,
	};
}
