// Where frames between two interfaces spend their time, told by the kernel's trace events.

/** An event of tracefs that is about one frame. */
export interface TraceEvent {
	/** By the clock of the trace, in its ticks. */
	readonly at: number;
	readonly name: string;
	/** What its text says as `key=value`. */
	readonly values: ReadonlyMap<string, string>;
}

/** How a frame got from one interface to the other. `software`: by a switch in the kernel. */
export type Way = 'passed' | 'card' | 'software';

/** Stages, in their order, and what the kernel does meanwhile. */
export const traceStages = {
	qdisc: 'queue of the sender\'s interface, until its driver is called',
	driver: 'the sender\'s driver puts it before the card',
	card: 'the card, its interrupt, and the receiver\'s driver',
	gro: 'the receiver\'s driver and GRO, until the stack gets it',
	'hand-over': 'vfctl_fwd hands it over',
	switch: 'whatever is between the two interfaces in the kernel',
	backlog: 'it waits for a softirq',
	stack: 'the receiver\'s stack and the wake-up of its program, until the data is copied to it',
} as const;

export type StageName = keyof typeof traceStages;

/** One stage of the frames of one way and direction. */
export interface Stage {
	readonly stage: StageName;
	readonly count: number;
	readonly medianNs: number;
	readonly p99Ns: number;
	/** Of the time of all stages, 0 to 1. */
	readonly share: number;
}

/** What went from one of the two interfaces to the other in one way. */
export interface TraceFlow {
	readonly from: string;
	readonly to: string;
	readonly way: Way;
	readonly stages: readonly Stage[];
}

/** What a trace says of two interfaces. */
export interface TraceSummary {
	readonly flows: readonly TraceFlow[];
	/** Frames that vfctl_fwd left to the card, by interface and reason. */
	readonly toCard: ReadonlyMap<string, ReadonlyMap<string, number>>;
}
