import {setTimeout as delay} from 'node:timers/promises';
import {patience, POLL_MS} from './timeouts.ts';

// Asks until the answer is not undefined; gives undefined back when the time is over.
export async function poll<T>(
	ask: () => Promise<T | undefined> | T | undefined,
	{timeoutMs, everyMs = POLL_MS}: {timeoutMs: number; everyMs?: number},
): Promise<T | undefined> {
	const end = performance.now() + timeoutMs * patience;
	for (;;) {
		const answer = await ask();
		if (answer !== undefined || performance.now() >= end) {
			return answer;
		}

		await delay(everyMs);
	}
}
