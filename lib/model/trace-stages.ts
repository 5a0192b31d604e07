// From single events to stages. A frame is followed by the address of its sk_buff; through a card, where it becomes
// another one, by its length and its turn.
import {traceStages, type Stage, type StageName, type TraceEvent, type TraceFlow, type TraceSummary, type Way} from './trace.ts';

/** A frame on its way, at its last event. */
interface Frame {
	from: string;
	/** Null until it has arrived. */
	to: string | null;
	way: Way;
	last: string;
	at: number;
	length: number;
}

export interface StageOptions {
	/** The two interfaces; the same name twice where they have it in two namespaces. */
	between: readonly [string, string];
	/** Whether a card is between them, so that no frame keeps its address. */
	card: boolean;
	/** Whether they are ports of a switch in the kernel: what comes in by one leaves by the other. Else frames that one
	 * sends come in by the other. */
	ports: boolean;
	/** Of the clock of the trace. */
	nsPerTick: number;
}

// A card pads shorter frames (IEEE 802.3: 64 bytes with the checksum); the receiver's stack does not see the header.
const shortestFrame = 60;
const header = 14;
// A frame that did not arrive within that time never will; the next one with its length is not it.
const lostAfterNs = 1e9;
// A buffer that nobody copied from (an acknowledgement) is soon used for another frame, of whomever.
const copiedWithinNs = 1e8;

/** The stages of all frames between the two. */
export function stagesOf(events: readonly TraceEvent[], options: StageOptions): TraceSummary {
	const follower = new Follower(options);
	for (const event of [...events].sort((a, b) => a.at - b.at)) {
		follower.follow(event);
	}

	return follower.summary();
}

class Follower {
	readonly #options: StageOptions;
	readonly #bySkb = new Map<string, Frame>();
	/** Frames that the sender's driver has given to the card, oldest first. */
	#inCard: Frame[] = [];
	readonly #times = new Map<string, {from: string; to: string; way: Way; stage: StageName; times: number[]}>();
	readonly #toCard = new Map<string, Map<string, number>>();

	constructor(options: StageOptions) {
		this.#options = options;
	}

	follow({name, at, values}: TraceEvent): void {
		const skb = values.get('skbaddr');
		const length = Number(values.get('len'));
		if (skb === undefined || !Number.isSafeInteger(length)) {
			return;
		}

		const device = values.get('dev') ?? '';
		switch (name) {
			case 'vfctl_fwd_egress': {
				this.#left(skb, {from: values.get('from') ?? '', to: values.get('to') ?? '-', why: values.get('why') ?? '', at, length});
				break;
			}

			case 'net_dev_queue':
			case 'net_dev_start_xmit':
			case 'net_dev_xmit': {
				if (this.#options.between.includes(device)) {
					this.#options.ports ? this.#leaves(name, skb, {device, at, length}) : this.#sends(name, skb, {device, at, length});
				}

				break;
			}

			case 'napi_gro_receive_entry':
			case 'netif_rx':
			case 'netif_receive_skb': {
				if (this.#options.between.includes(device)) {
					this.#options.ports ? this.#enters(name, skb, {device, at, length}) : this.#receives(name, skb, {device, at, length});
				}

				break;
			}

			case 'skb_copy_datagram_iovec': {
				this.#copied(skb, at, length);
				break;
			}

			default:
		}
	}

	#left(skb: string, {from, to, why, at, length}: {from: string; to: string; why: string; at: number; length: number}): void {
		const {between} = this.#options;
		if (!between.includes(from)) {
			return;
		}

		if (to === '-') {
			const reasons = this.#toCard.get(from) ?? new Map<string, number>();
			this.#toCard.set(from, reasons.set(why, (reasons.get(why) ?? 0) + 1));
		} else if (to === this.#other(from)) {
			this.#bySkb.set(skb, {from, to, way: 'passed', last: 'hook', at, length});
		}
	}

	#sends(name: string, skb: string, {device, at, length}: {device: string; at: number; length: number}): void {
		const frame = this.#bySkb.get(skb);
		const follows = frame !== undefined && frame.to === null && frame.from === device && frame.way !== 'passed';
		if (name === 'net_dev_queue' || !follows) {
			// Without a queue of its own an interface has no other event before that of its driver.
			if (name !== 'net_dev_xmit') {
				this.#bySkb.set(skb, {from: device, to: null, way: this.#options.card ? 'card' : 'software', last: name, at, length});
			}

			return;
		}

		if (name === 'net_dev_start_xmit' && frame.last === 'net_dev_queue') {
			this.#count(frame, 'qdisc', at);
		} else if (name === 'net_dev_xmit') {
			this.#count(frame, 'driver', at);
			if (this.#options.card) {
				this.#bySkb.delete(skb);
				this.#inCard.push(frame);
			}
		}

		frame.last = name;
		frame.at = at;
	}

	#receives(name: string, skb: string, {device, at, length}: {device: string; at: number; length: number}): void {
		const frame = this.#bySkb.get(skb);
		if (frame?.to === device) {
			this.#count(frame, stageAfter(frame, name), at);
			frame.last = name;
			frame.at = at;
		} else if (frame !== undefined && frame.way === 'software' && this.#other(frame.from) === device) {
			frame.to = device;
			this.#count(frame, 'switch', at);
			frame.last = name;
			frame.at = at;
		} else {
			this.#arrives(name, skb, {device, at, length});
		}
	}

	/** A port of the switch gets a frame. */
	#enters(name: string, skb: string, {device, at, length}: {device: string; at: number; length: number}): void {
		const frame = this.#bySkb.get(skb);
		if (name === 'netif_receive_skb' && frame !== undefined && frame.to === null && frame.from === device && frame.last !== name) {
			this.#count(frame, frame.last === 'netif_rx' ? 'backlog' : 'gro', at);
		}

		this.#bySkb.set(skb, {from: device, to: null, way: 'software', last: name, at, length});
	}

	/** The other port sends it: the same, if the address was not used anew for one of another length. */
	#leaves(name: string, skb: string, {device, at, length}: {device: string; at: number; length: number}): void {
		const frame = this.#bySkb.get(skb);
		if (frame?.to === device) {
			const stage = name === 'net_dev_xmit' ? 'driver' : frame.last === 'net_dev_queue' ? 'qdisc' : null;
			if (stage !== null) {
				this.#count(frame, stage, at);
			}
		} else if (frame !== undefined && frame.to === null && this.#other(frame.from) === device && frame.length + header === length && (at - frame.at) * this.#options.nsPerTick < lostAfterNs) {
			frame.to = device;
			this.#count(frame, 'switch', at);
		} else {
			this.#bySkb.delete(skb);
			return;
		}

		frame.last = name;
		frame.at = at;
		if (name === 'net_dev_xmit') {
			this.#bySkb.delete(skb);
		}
	}

	/** A new sk_buff of the receiver: the oldest one of that length that is in the card, if any. */
	#arrives(name: string, skb: string, {device, at, length}: {device: string; at: number; length: number}): void {
		this.#inCard = this.#inCard.filter(frame => (at - frame.at) * this.#options.nsPerTick < lostAfterNs);
		const index = this.#inCard.findIndex(frame => this.#other(frame.from) === device && [frame.length, Math.max(frame.length, shortestFrame)].includes(length + header));
		const [frame] = index === -1 ? [] : this.#inCard.splice(index, 1);
		this.#bySkb.delete(skb);
		if (frame !== undefined) {
			frame.to = device;
			this.#count(frame, 'card', at);
			this.#bySkb.set(skb, {...frame, last: name, at});
		}
	}

	#copied(skb: string, at: number, length: number): void {
		const frame = this.#bySkb.get(skb);
		if (frame !== undefined && frame.to !== null && frame.last === 'netif_receive_skb') {
			this.#bySkb.delete(skb);
			if (length <= frame.length && (at - frame.at) * this.#options.nsPerTick < copiedWithinNs) {
				this.#count(frame, 'stack', at);
			}
		}
	}

	#other(name: string): string {
		const [a, b] = this.#options.between;
		return name === a ? b : a;
	}

	#count(frame: Frame, stage: StageName, at: number): void {
		// What waits for its end in `to` belongs to the other interface: there are but two.
		const to = frame.to ?? this.#other(frame.from);
		const key = `${frame.from} ${to} ${frame.way} ${stage}`;
		const found = this.#times.get(key) ?? {from: frame.from, to, way: frame.way, stage, times: []};
		found.times.push((at - frame.at) * this.#options.nsPerTick);
		this.#times.set(key, found);
	}

	summary(): TraceSummary {
		const groups = new Map<string, {flow: Omit<TraceFlow, 'stages'>; stages: Array<{stage: StageName; times: number[]}>}>();
		for (const {from, to, way, stage, times} of this.#times.values()) {
			const key = `${from} ${to} ${way}`;
			const group = groups.get(key) ?? {flow: {from, to, way}, stages: []};
			group.stages.push({stage, times});
			groups.set(key, group);
		}

		return {toCard: this.#toCard, flows: [...groups.values()].map(({flow, stages}) => ({...flow, stages: measured(stages, this.#options.ports ? orderThroughPorts : orderOfStages)}))};
	}
}

function stageAfter({last, way}: Frame, name: string): StageName {
	if (last === 'netif_rx') {
		return 'backlog';
	}

	return last === 'hook' ? 'hand-over' : way === 'card' && name === 'netif_receive_skb' ? 'gro' : 'switch';
}

const orderOfStages = Object.keys(traceStages) as StageName[];
const orderThroughPorts: readonly StageName[] = ['gro', 'backlog', 'switch', 'qdisc', 'driver'];

function measured(stages: ReadonlyArray<{stage: StageName; times: number[]}>, order: readonly StageName[]): Stage[] {
	const sum = (times: readonly number[]) => times.reduce((total, time) => total + time, 0);
	const all = sum(stages.map(({times}) => sum(times)));
	return stages.toSorted((a, b) => order.indexOf(a.stage) - order.indexOf(b.stage)).map(({stage, times}) => {
		const sorted = times.toSorted((a, b) => a - b);
		const rank = (part: number) => Math.round(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)]!);
		return {stage, count: times.length, medianNs: rank(0.5), p99Ns: rank(0.99), share: all === 0 ? 0 : sum(times) / all};
	});
}
