// What every action must be able to do.
import type {Host} from '../../host/host.ts';
import type {Libvirt} from '../../libvirt/libvirt.ts';

/** How reality compares with an action. */
export type Observation = 'from' | 'to' | {other: string};

/** What handlers work with. */
export interface ActionContext {
	readonly host: Host;
	/** The one connection of this run. */
	libvirt(): Promise<Libvirt>;
	note(text: string): void;
	/** Stops waiting; undefined while putting back, which is not to be stopped. */
	readonly signal: AbortSignal | undefined;
	/** Undoing a step that was begun and never marked done: it may still be running elsewhere. */
	readonly uncertain: boolean;
	/** Keeps something for the undo of this step, on disk before the step goes on. */
	remember(name: string, value: string): Promise<void>;
	recall(name: string): string | undefined;
}

export interface ActionHandler<A> {
	/** Reads the real state; changes nothing. */
	observe(context: ActionContext, action: A): Promise<Observation>;
	/** Makes `to` true from whatever it finds and verifies it; throws STEP_FAILED otherwise. */
	apply(context: ActionContext, action: A): Promise<void>;
}

/** `from` wins: an action that changes nothing may still be done. */
export function compare(isFrom: boolean, isTo: boolean, other: string): Observation {
	return isFrom ? 'from' : isTo ? 'to' : {other};
}
