// Errors of vfctl's own state directory.
import {AppError} from '../errors.ts';
import {errnoOf} from './step-error.ts';

/** What to throw where a file below `directory` cannot be written. A full, broken or read-only disk is the
 * admin's to mend, and no fault of vfctl: STEP_FAILED. Anything but a failed file access stays what it is. */
export function stateUnwritable(error: unknown, what: string, directory: string): unknown {
	const errno = errnoOf(error);
	return errno === undefined ? error : new AppError('STEP_FAILED', what, {
		why: (error as Error).message,
		fix: `df ${directory}: make room there, or see why it cannot be written, and try again`,
		details: {errno},
		cause: error,
	});
}
