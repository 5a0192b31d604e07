// What executing, undoing and recovering have in common.
import type {Host} from '../host/host.ts';
import type {Libvirt} from '../libvirt/libvirt.ts';
import type {ActionContext} from './actions/handler.ts';
import type {Fault} from './fault.ts';
import {mark} from './journal.ts';
import type {Reporter} from './reporter.ts';

export interface RunContext {
	readonly host: Host;
	/** The connection of this run, opened when it is first needed. */
	libvirt(): Promise<Libvirt>;
	readonly reporter: Reporter;
	/** For the journal. */
	readonly commandLine: readonly string[];
	/** Stops the run at the next safe point; everything is put back then. */
	readonly signal?: AbortSignal | undefined;
	/** A failure on order, for tests. */
	readonly fault?: Fault | undefined;
}

/** One step of an operation. `facts` is filled as the step remembers things. */
export interface StepContext {
	operation: number;
	step: number;
	facts: Map<string, string>;
	uncertain: boolean;
	/** Putting back is never stopped by the signal. */
	stoppable: boolean;
}

/** What the handler of one step works with. */
export function actionContext({host, libvirt, reporter, signal}: RunContext, {operation, step, facts, uncertain, stoppable}: StepContext): ActionContext {
	return {
		host,
		libvirt,
		note: text => {
			reporter.note(text);
		},
		signal: stoppable ? signal : undefined,
		uncertain,
		async remember(name, value) {
			await mark(host, operation, {event: 'fact', step, name, value});
			facts.set(`${step} ${name}`, value);
		},
		recall: name => facts.get(`${step} ${name}`),
	};
}
