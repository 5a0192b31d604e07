// What a card tells about its steering rules: what `ethtool -n` and `ethtool -k` show.
import type {SteerRule} from './steer-rule.ts';

/** A rule in the card's table. */
export interface SteerEntry {
	readonly location: number;
	/** Null for one that vfctl has no words for (type of service, partial masks, IPsec, RSS
	 * contexts): it is shown, and left alone. */
	readonly rule: SteerRule | null;
	/** ethtool's own lines, without the indentation. */
	readonly lines: readonly string[];
}

/** A feature flag of an interface. `fixed` cannot be changed. */
export interface Feature {
	readonly on: boolean;
	readonly fixed: boolean;
}

/** Steering of one interface. */
export interface Steering {
	readonly netdev: string;
	/** ntuple-filters; null when ethtool does not tell. */
	readonly ntuple: Feature | null;
	/** Receive queues that a rule can name. */
	readonly queues: number | null;
	/** Rules in the card's order; null when the driver has no table of them, with why. */
	readonly entries: readonly SteerEntry[] | null;
	readonly problem: string | null;
}

/** The rule at a location, or undefined. */
export function entryAt({entries}: Pick<Steering, 'entries'>, location: number): SteerEntry | undefined {
	return entries?.find(entry => entry.location === location);
}
