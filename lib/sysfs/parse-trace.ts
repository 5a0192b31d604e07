// The text of tracefs' `trace` (kernel/trace/trace_output.c, trace_print_context()): the program's name in 16
// characters, its number, the processor, flags, the time, the event.
import type {TraceEvent} from '../model/trace.ts';

/** A trace as text, understood. */
export interface ParsedTrace {
	readonly events: readonly TraceEvent[];
	/** Events that the ring had no room for. */
	readonly lost: number;
	/** Times of our own marks (trace_marker), by their text. */
	readonly marks: ReadonlyMap<string, number>;
}

// Names of programs are anybody's: they take 16 characters, whatever is in them.
const nameWidth = 16;
const context = /^-(?<pid>\d{1,10}) +(?:\([^)]{1,9}\) +)?\[\d{1,5}\] +\S{1,8} +(?<time>\d{1,20}(?:\.\d{1,9})?): (?<event>[a-z]\w{0,63}): (?<text>.{0,2000})$/;

/** The events; what is no event is left out. Ticks of a clock in seconds are microseconds, of
 * another one what it prints. */
export function parseTrace(text: string): ParsedTrace {
	const events: TraceEvent[] = [];
	const marks = new Map<string, number>();
	let lost = 0;
	for (const line of text.split('\n')) {
		if (line.startsWith('#')) {
			const [, kept, written] = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15}) /.exec(line) ?? [];
			lost += kept === undefined ? 0 : Math.max(0, Number(written) - Number(kept));
			continue;
		}

		const {time, event, text: said} = context.exec(line.slice(nameWidth))?.groups ?? {};
		if (time === undefined || event === undefined || said === undefined) {
			continue;
		}

		const at = time.includes('.') ? Math.round(Number(time) * 1e6) : Number(time);
		if (event === 'tracing_mark_write') {
			marks.set(said, at);
		} else {
			events.push({at, name: event, values: valuesOf(said)});
		}
	}

	return {events, lost, marks};
}

function valuesOf(text: string): Map<string, string> {
	return new Map([...text.matchAll(/(?:^| )(\w{1,40})=(\S{0,100})/g)].map(([, key, value]) => [key!, value!]));
}
