// Lines that belong together: one thing makes the kernel, the driver and the shell speak.
import type {Explained} from './explained.ts';

export interface JoinRule {
	/** Ids of entries that say less. */
	readonly part: readonly string[];
	/** Ids of entries that say why. */
	readonly whole: readonly string[];
	/** Fields that must not differ where both tell them. */
	readonly same: readonly string[];
	readonly withinSeconds: number;
}

/** Every rule; test/explain.test.ts holds each id to the catalogue. */
export const joinRules: readonly JoinRule[] = [];

export interface Seen {
	readonly explained: Explained;
	/** Clocks of the line; null where it has none. */
	readonly bootSeconds: number | null;
	readonly ms: number | null;
	/** Order among all lines that were explained. */
	readonly place: number;
	/** Things that this line was counted for as a part. */
	readonly joined: Set<Explained>;
}

// What is kept to be joined, and how far apart lines without a common clock may be.
const mostRecent = 64;
const nearPlaces = 4;

/** Joins lines as they come, with those just before them. */
export class Joiner {
	private readonly recent: Seen[] = [];
	private readonly rules: readonly JoinRule[];

	constructor(rules: readonly JoinRule[] = joinRules) {
		this.rules = rules;
	}

	/** Looks what the line belongs to, and what belongs to it. */
	add(now: Seen): void {
		for (const before of this.recent) {
			for (const rule of this.rules) {
				joinTwo(rule, before, now);
				joinTwo(rule, now, before);
			}
		}

		this.recent.push(now);
		if (this.recent.length > mostRecent) {
			this.recent.shift();
		}
	}
}

function joinTwo(rule: JoinRule, part: Seen, whole: Seen): void {
	const {explained} = part;
	if (!rule.part.includes(explained.entry.id) || !rule.whole.includes(whole.explained.entry.id) || part.joined.has(whole.explained) || !isNear(rule, part, whole)) {
		return;
	}

	const differ = rule.same.some(name => {
		const [a, b] = [explained.fields[name], whole.explained.fields[name]];
		return a !== undefined && b !== undefined && a !== b;
	});
	if (!differ) {
		part.joined.add(whole.explained);
		explained.partOf.set(whole.explained, (explained.partOf.get(whole.explained) ?? 0) + 1);
	}
}

function isNear({withinSeconds}: JoinRule, a: Seen, b: Seen): boolean {
	if (a.bootSeconds !== null && b.bootSeconds !== null) {
		return Math.abs(a.bootSeconds - b.bootSeconds) <= withinSeconds;
	}

	return a.ms !== null && b.ms !== null ? Math.abs(a.ms - b.ms) <= withinSeconds * 1000 : Math.abs(a.place - b.place) <= nearPlaces;
}
