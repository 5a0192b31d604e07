// What a promise fails with.
import {AppError} from '../../lib/errors.ts';

/** The AppError that a promise rejects with; throws other errors, and when it does not reject. */
export async function errorOf(promise: Promise<unknown>): Promise<AppError> {
	try {
		await promise;
	} catch (error) {
		if (error instanceof AppError) {
			return error;
		}

		throw error;
	}

	throw new Error('it did not fail');
}
