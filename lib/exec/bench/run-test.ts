// One run of one test.
import {AppError} from '../../errors.ts';
import type {BenchTest} from '../../model/bench.ts';
import {measurePing} from './ping.ts';
import {measureStream} from './stream.ts';
import type {Measured, TestContext} from './test-context.ts';
import {toolMissing} from './tool-missing.ts';
import {measureTransactions} from './transactions.ts';

/** Runs it. Throws TOOL_MISSING, BENCH_FAILED, INTERRUPTED, or what the guest's agent says. */
export async function runTest(test: BenchTest, context: TestContext): Promise<Measured> {
	switch (test) {
		case 'rr':
		case 'crr': {
			try {
				return await measureTransactions(context, {keepAlive: test === 'rr'});
			} catch (error) {
				// The shell before it says so, wherever it runs.
				throw error instanceof AppError && error.code === 'TOOL_MISSING' && error.details?.['place'] === undefined
					? toolMissing('ab', context.from.kind === 'netns' ? 'this host' : context.from.name)
					: error;
			}
		}

		case 'stream': {
			return measureStream(context);
		}

		case 'ping': {
			return measurePing(context);
		}
	}
}
