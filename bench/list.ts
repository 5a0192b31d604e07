// `vfctl list` against the programs that list the same devices, on hosts of three sizes.
import {hostOfFunctions} from '../lib/sim/sample-hosts.ts';
import {PlayedHost} from './played-host.ts';
import {runSeries, type Timed} from './series.ts';
import {pairedRatio, summary} from './statistics.ts';
import type {Row} from './table.ts';

const ours = 'list';
// driverctl starts three processes a device, dpdk-devbind runs lspci ten times: on the largest host
// they take too long to be run as often as the others.
const sizes = [{functions: 52, rounds: 21, slow: 21}, {functions: 560, rounds: 15, slow: 5}, {functions: 4100, rounds: 9, slow: 3}] as const;

/** Rows of all three hosts; `vfctl` is the bundled program. */
export async function benchList(vfctl: string, tell: (text: string) => void): Promise<Row[]> {
	const rows: Row[] = [];
	for (const {functions, rounds, slow} of sizes) {
		tell(`list: a host with ${functions} PCI functions`);
		const host = await PlayedHost.start(hostOfFunctions(functions));
		try {
			const series = runSeries(programs(vfctl, host.uri, slow), rounds, script => {
				host.runScript(script);
			});
			const own = series.get(ours)!;
			for (const [peer, samples] of series) {
				if (peer !== ours) {
					const [mine, its] = [summary(own), summary(samples)];
					rows.push({
						what: `list, ${functions} functions`, ours, peer, measure: 'elapsed',
						oursMs: {median: mine.medianMs, min: mine.minMs}, peerMs: {median: its.medianMs, min: its.minMs},
						ratio: pairedRatio(own.map(({wallMs}) => wallMs), samples.map(({wallMs}) => wallMs)),
						aim: peer.startsWith('virsh') ? 1 : null, runs: its.runs,
					});
				}
			}
		} finally {
			await host.stop();
		}
	}

	return rows;
}

function programs(vfctl: string, uri: string, slow: number): Timed[] {
	return [
		{name: ours, argv: [process.execPath, vfctl, '--connect', uri, 'list']},
		{name: 'virsh nodedev-list --tree', argv: ['virsh', '--connect', uri, 'nodedev-list', '--tree']},
		{name: 'lspci -Dvmmnnk', argv: ['lspci', '-Dvmmnnk']},
		{name: 'dpdk-devbind.py --status', argv: ['dpdk-devbind.py', '--status'], rounds: slow},
		{name: 'driverctl list-devices', argv: ['driverctl', 'list-devices'], rounds: slow},
	];
}
