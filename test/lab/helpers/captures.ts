// What several interfaces sent and received, frame by frame, between two marks.
import type {Lab} from '../../../lab/lab.ts';
import {markerType} from './hostile-frames.ts';

/** One frame as it was seen. */
export interface Seen {
	direction: 'in' | 'out';
	/** The tag that the kernel keeps beside the frame, in hex; `-` for none. */
	tag: string;
	/** In hex, without the zeros at its end: a card pads short frames. */
	frame: string;
	bytes: number;
}

/** An interface that is listened to. */
export interface Listener {
	name: string;
	/** Absent: the host's own. */
	namespace?: string;
	netdev: string;
}

/** Shell words that run a command in a listener's namespace. */
export const inside = ({namespace}: {namespace?: string}) => namespace === undefined ? '' : `ip netns exec ${namespace} `;

/** Captures of some interfaces, which run until the lab ends. */
export class Captures {
	readonly #lab: Lab;
	#listeners: readonly Listener[];
	#mark = 0;

	private constructor(lab: Lab, listeners: readonly Listener[]) {
		this.#lab = lab;
		this.#listeners = listeners;
	}

	/** Starts them; frames.py must be in /root. */
	static async start(lab: Lab, listeners: readonly Listener[]): Promise<Captures> {
		for (const listener of listeners) {
			await lab.exec(`(${inside(listener)}setsid python3 /root/frames.py capture ${listener.netdev} >/run/seen-${listener.name} 2>&1 </dev/null &)`);
		}

		return new Captures(lab, listeners);
	}

	/** Listens no more to one whose interface goes. */
	forget(name: string): void {
		this.#listeners = this.#listeners.filter(listener => listener.name !== name);
	}

	/** Sends a mark to all, from where everybody hears a broadcast, until all have seen it. What was sent before it
	 * by the same interface has arrived by then, or never will. */
	async mark(from: Listener): Promise<void> {
		this.#mark++;
		const text = this.#marker();
		const all = this.#listeners.map(({name}) => `grep -q ${text} /run/seen-${name}`).join(' && ');
		await this.#lab.exec(`echo mark plain ffffffffffff020000000001${text} >/run/mark`);
		await this.#lab.waitFor(`${inside(from)}python3 /root/frames.py send ${from.netdev} /run/mark && ${all}`, {everyMs: 300});
	}

	/** What each has seen since the mark before the last one, of frames that say who they are. */
	async seen(): Promise<Map<string, Seen[]>> {
		const found = new Map<string, Seen[]>();
		for (const {name} of this.#listeners) {
			const {stdout} = await this.#lab.exec(`cat /run/seen-${name}`);
			found.set(name, stdout.slice(this.#mark < 2 ? 0 : stdout.lastIndexOf(this.#marker(-1)), stdout.indexOf(this.#marker())).split('\n').slice(1).flatMap(parse));
		}

		return found;
	}

	#marker(more = 0): string {
		return markerType + Buffer.from(`mark-${1000 + this.#mark + more}`).toString('hex');
	}
}

const cookie = Buffer.from('vfctl:').toString('hex');

// Frames of stacks that know nothing of the test come and go as they like.
function parse(line: string): Seen[] {
	const [direction, tag, frame] = line.split(' ');
	if ((direction !== 'in' && direction !== 'out') || tag === undefined || frame === undefined || !(frame.includes(cookie) || frame.includes('88b6'))) {
		return [];
	}

	return [{direction, tag, frame: frame.replace(/(00)+$/, ''), bytes: frame.length / 2}];
}

/** The name that a frame says, for messages. */
export function spoken(frame: string): string {
	return /vfctl:([\w-]+);/.exec(Buffer.from(frame, 'hex').toString('latin1'))?.[1] ?? frame;
}
