// What a trace says, in one shape for text and JSON.
import {cardReasonText} from '../model/forward.ts';
import {traceStages, type TraceFlow, type TraceSummary, type Way} from '../model/trace.ts';

/** One of the two interfaces. */
export interface TraceEnd {
	/** As it was asked for: a VF, or an interface. */
	readonly name: string;
	readonly netdev: string;
	readonly namespace: string | null;
}

export interface TraceView {
	host: string;
	ends: readonly TraceEnd[];
	durationMs: number;
	/** What the clock can tell apart. */
	resolutionNs: number;
	/** Events that there was no room for. */
	lost: number;
	/** Whether vfctl_fwd told of its frames; it is on for the card. */
	forwarding: boolean;
	flows: Array<{from: string; to: string; way: Way; stages: Array<{stage: string; text: string; count: number; medianNs: number; p99Ns: number; share: number}>}>;
	/** Frames that vfctl_fwd left to the card. */
	toCard: Array<{from: string; reason: string; text: string; frames: number}>;
}

export interface TraceFacts {
	hostName: string;
	ends: readonly [TraceEnd, TraceEnd];
	durationMs: number;
	nsPerTick: number;
	lost: number;
	forwarding: boolean;
	summary: TraceSummary;
}

/** The view of a trace. */
export function traceView({hostName, ends, durationMs, nsPerTick, lost, forwarding, summary}: TraceFacts): TraceView {
	// Two interfaces of one name, in two namespaces: events do not tell which.
	const name = (netdev: string) => ends[0].netdev === ends[1].netdev ? netdev : ends.find(end => end.netdev === netdev)?.name ?? netdev;
	return {
		host: hostName, ends, durationMs: Math.round(durationMs), resolutionNs: Math.ceil(nsPerTick), lost, forwarding,
		flows: summary.flows.map(flow => flowView(flow, name)),
		toCard: [...summary.toCard].flatMap(([from, reasons]) => [...reasons].map(([reason, frames]) => ({from: name(from), reason, text: cardReasonText(reason), frames}))),
	};
}

function flowView({from, to, way, stages}: TraceFlow, name: (netdev: string) => string): TraceView['flows'][number] {
	return {from: name(from), to: name(to), way, stages: stages.map(({stage, ...numbers}) => ({stage, text: traceStages[stage], ...numbers}))};
}
