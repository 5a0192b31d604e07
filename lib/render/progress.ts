// Tells how a plan goes: moving lines on a terminal, plain ones elsewhere.
import type {Reporter} from '../exec/reporter.ts';
import type {Action} from '../plan/action.ts';
import type {Plan} from '../plan/plan.ts';
import type {Output} from './output.ts';
import {actionText} from './plan-text.ts';

/** A reporter for this output. listr2 is loaded only where its moving lines are wanted. */
export async function progressReporter(out: Output): Promise<Reporter> {
	return out.fancy ? fancyReporter(out) : plainReporter(out);
}

/** One line a step on standard error. */
function plainReporter(out: Output): Reporter {
	let total = 0;
	return {
		...undoLines(out),
		planStart(plan) {
			total = plan.actions.length;
			out.note(plan.title);
		},
		stepStart(step, action) {
			out.note(`[${step}/${total}] ${actionText(action)}`);
		},
		stepDone() {},
		stepFailed(step, action) {
			out.note(`[${step}/${total}] failed: ${actionText(action)}`);
		},
	};
}

interface Step {
	promise: Promise<void>;
	end: (error?: Error) => void;
}

/** listr2 shows the steps; it does not run them. Each of its tasks waits for the executor, which
 * alone decides what is done and undone (listr2's own rollback undoes too little: it leaves
 * finished siblings as they are). */
async function fancyReporter(out: Output): Promise<Reporter> {
	const {Listr} = await import('listr2');
	let steps: Step[] = [];
	let shown: Promise<unknown> = Promise.resolve();
	return {
		...undoLines(out, async () => shown),
		planStart(plan: Plan) {
			steps = plan.actions.map(() => deferredStep());
			const list = new Listr(plan.actions.map((action, index) => ({
				title: actionText(action),
				task: async () => steps[index]?.promise,
			})), {concurrent: false, exitOnError: true, registerSignalListeners: false});
			out.note(plan.title);
			// The error is told by the executor; here it only ends the moving line.
			shown = list.run().catch(() => {});
		},
		stepStart() {},
		stepDone(step) {
			steps[step - 1]?.end();
		},
		stepFailed(step, _action, error) {
			steps[step - 1]?.end(error instanceof Error ? error : new Error(String(error)));
		},
	};
}

function deferredStep(): Step {
	const {promise, resolve, reject} = withResolvers();
	// A step that fails before its line is shown must not become an unhandled rejection.
	promise.catch(() => {});
	return {
		promise,
		end(error) {
			if (error) {
				reject(error);
			} else {
				resolve();
			}
		},
	};
}

// Promise.withResolvers came with Node 22.
function withResolvers(): {promise: Promise<void>; resolve: () => void; reject: (error: Error) => void} {
	let resolve!: () => void;
	let reject!: (error: Error) => void;
	const promise = new Promise<void>((onResolve, onReject) => {
		resolve = onResolve;
		reject = onReject;
	});
	return {promise, resolve, reject};
}

function undoLines(out: Output, before: () => Promise<unknown> = async () => {}): Pick<Reporter, 'undoStart' | 'undoDone' | 'undoFailed' | 'note'> {
	const say = (text: string) => {
		void before().then(() => {
			out.note(text);
		});
	};

	return {
		undoStart(_step, action: Action) {
			say(`putting back: ${actionText(action)}`);
		},
		undoDone(_step, action, note) {
			if (note !== null) {
				say(`nothing to put back (${actionText(action)}): ${note}`);
			}
		},
		undoFailed(_step, action, error) {
			say(`could not put back: ${actionText(action)}: ${error instanceof Error ? error.message : String(error)}`);
		},
		note(text) {
			say(`note: ${text}`);
		},
	};
}
