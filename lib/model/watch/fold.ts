// Keeps a burst readable: what says the same is told once and then counted. Pure, and bounded
// whatever comes: the clock is passed in, and `flush` is called now and then.
import type {WatchEvent, WatchSource} from './watch-event.ts';

export interface FoldedEvent extends WatchEvent {
	/** How many more of these came and were not told one by one; 0 is the event itself. */
	readonly more: number;
}

export interface FoldOptions {
	readonly now: () => number;
	readonly tell: (event: FoldedEvent) => void;
	/** Different things that are told in a second; the rest of it is counted. */
	readonly mostPerSecond?: number;
}

interface Known {
	event: WatchEvent;
	more: number;
	spanMs: number;
	untilMs: number;
}

const secondMs = 1000;
/** What goes on and on is told ever more seldom: after 1, 10 and then each 60 seconds. */
const longestSpanMs = 60_000;
const mostKnown = 1000;

export class Folder {
	private readonly known = new Map<string, Known>();
	private readonly passed = new Map<WatchSource, number>();
	private readonly options: FoldOptions;
	private toldThisSecond = 0;
	private secondEndsMs = 0;

	constructor(options: FoldOptions) {
		this.options = options;
	}

	/** Tells the event now, or counts it. */
	add(event: WatchEvent): void {
		const now = this.options.now();
		if (now >= this.secondEndsMs) {
			this.secondEndsMs = now + secondMs;
			this.toldThisSecond = 0;
		}

		const key = `${event.source} ${event.key ?? event.text}`;
		const known = this.known.get(key);
		if (known) {
			known.more++;
			known.event = event;
		} else if (this.toldThisSecond < (this.options.mostPerSecond ?? 40) && this.known.size < mostKnown) {
			this.toldThisSecond++;
			this.known.set(key, {event, more: 0, spanMs: secondMs, untilMs: now + secondMs});
			this.options.tell({...event, more: 0});
		} else {
			this.passed.set(event.source, (this.passed.get(event.source) ?? 0) + 1);
		}
	}

	/** Tells what was counted and is due; `everything` at the end. */
	flush(everything = false): void {
		const now = this.options.now();
		for (const [key, one] of this.known) {
			if (now < one.untilMs && !everything) {
				continue;
			}

			if (one.more === 0) {
				this.known.delete(key);
				continue;
			}

			this.options.tell({...one.event, more: one.more});
			one.more = 0;
			one.spanMs = Math.min(one.spanMs * 10, longestSpanMs);
			one.untilMs = now + one.spanMs;
		}

		for (const [source, more] of this.passed) {
			this.options.tell({source, severity: 'warning', about: [], text: 'too many different things at once', more});
		}

		this.passed.clear();
	}
}
