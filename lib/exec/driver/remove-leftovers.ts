// Takes away what is vfctl's own and of no use any more. What lies among the modules of a kernel is not:
// an operation takes that away.
import {driversDirectory} from '../state-paths.ts';
import {mustRun, type BuildRun} from './build-tools.ts';
import type {DriverLeftovers} from './read-leftovers.ts';

// A build of both drivers takes minutes.
const waitMs = 600_000;

/** Removes builds for kernels that are gone, and modules that nobody can ask for. Call it under the lock. */
export async function removeLeftovers(run: BuildRun, {builds, stored}: DriverLeftovers): Promise<void> {
	if (stored.length > 0) {
		await mustRun(run, ['rm', '--force', ...stored], 'modules in the store cannot be removed');
	}

	if (builds.length > 0) {
		const release = await run.host.files.lock(`${driversDirectory}/.lock`, {timeoutMs: waitMs, holder: 'vfctl driver prune', signal: run.signal});
		try {
			await mustRun(run, ['rm', '--recursive', '--force', ...builds.map(kernel => `${driversDirectory}/${kernel}`)], 'builds for kernels that are gone cannot be removed');
		} finally {
			await release();
		}
	}
}
