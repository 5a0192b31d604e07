// A trace as text.
import type {Way} from '../model/trace.ts';
import {table} from './table.ts';
import type {TraceView} from './trace-view.ts';

const ways: Readonly<Record<Way, string>> = {passed: 'passed on by vfctl_fwd', card: 'by the card', software: 'by a switch in the kernel'};

/** The stages of each direction and way, then what went to the card and why, and what the reader must know. */
export function traceText({ends, durationMs, resolutionNs, lost, flows, toCard}: TraceView): string {
	const [first, second] = ends;
	return [
		...flows.length === 0 ? [`no frame between ${first?.name} and ${second?.name} in ${(durationMs / 1000).toFixed(1)} s`] : [],
		...flows.map(({from, to, way, stages}) => `${from} to ${to}, ${ways[way]}:\n${table(
			['STAGE', 'COUNT', 'MEDIAN-NS', 'P99-NS', 'SHARE', 'MEANWHILE'],
			stages.map(({stage, count, medianNs, p99Ns, share, text}) => [stage, String(count), String(medianNs), String(p99Ns), `${Math.round(share * 100)}%`, text]),
		)}`),
		...toCard.length === 0 ? [] : [table(['PORT', 'TO-CARD', 'REASON', 'BECAUSE'], toCard.map(({from, frames, reason, text}) => [from, String(frames), reason, text]))],
		...resolutionNs >= 1000 ? ['the clock of this host\'s trace counts microseconds'] : [],
		...lost > 0 ? [`${lost} events had no room: trace for a shorter time (--seconds)`] : [],
		...first?.netdev === second?.netdev ? [`both are called ${first?.netdev} in their namespaces: the two directions cannot be told apart`] : [],
	].join('\n');
}
