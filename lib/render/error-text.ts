// An error as people and programs read it.
import type {AppError} from '../errors.ts';

/** What happened, why, what to type next, and the code. */
export function errorText(error: AppError, debug: boolean): string {
	return [
		`error: ${error.message}`,
		...(error.why === undefined ? [] : [`  why: ${error.why}`]),
		...(error.fix === undefined ? [] : [`  fix: ${error.fix}`]),
		`  code: ${error.code}`,
		// The stack of a known error says nothing to an admin; that of a bug goes into the report.
		...(debug || error.code === 'BUG' ? [stackOf(error)] : []),
	].join('\n');
}

/** The same for --json. */
export function errorJson(error: AppError): Record<string, unknown> {
	return {error: {code: error.code, message: error.message, why: error.why ?? null, fix: error.fix ?? null, exitStatus: error.exitStatus, details: error.details}};
}

function stackOf(error: AppError): string {
	const cause = error.cause instanceof Error ? error.cause : error;
	return (cause.stack ?? '').split('\n').map(line => `  ${line}`).join('\n');
}
