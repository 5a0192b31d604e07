// Errors as CNI knows them.
import {AppError, errorCodes, exitStatuses, type ErrorCode} from '../errors.ts';
import {cniVersions, type CniVersion} from '../model/cni.ts';

/** Codes of the specification (section "Error", 1.1.0); those from 100 on are a plugin's own. */
export const cniErrors = {
	incompatibleVersion: 1,
	unsupportedField: 2,
	invalidEnvironment: 4,
	ioFailure: 5,
	undecodable: 6,
	invalidConfig: 7,
	tryAgainLater: 11,
	notAvailable: 50,
} as const;

// Our own codes are 100 and the exit status of vfctl, which never change (docs/exit-codes.md).
const ownCodes = 100;

/** A refusal of what the runtime handed over: BAD_CNI with the code of the specification. */
export function cniRefusal(code: keyof typeof cniErrors, message: string, facts: {why?: string; fix?: string; cause?: unknown} = {}): AppError {
	return new AppError('BAD_CNI', message, {...facts, details: {cniCode: cniErrors[code]}});
}

/** The error with another code of the specification, for those who ask by it. */
export function withCniCode(error: AppError, code: number): AppError {
	return new AppError(error.code, error.message, {
		...(error.why === undefined ? {} : {why: error.why}),
		...(error.fix === undefined ? {} : {fix: error.fix}),
		details: {...error.details, cniCode: code},
		cause: error.cause ?? error,
	});
}

/** The code of the specification for an error: the one it was made with, 7 for values that make no
 * sense, 11 where the same call can work later, and 100 + exit status for the rest. */
export function cniCodeOf({code, details, exitStatus}: AppError): number {
	const given = details['cniCode'];
	if (typeof given === 'number') {
		return given;
	}

	const {exit} = errorCodes[code];
	return exit === 'usage' ? cniErrors.invalidConfig : exit === 'busy' || laterCodes.has(code) ? cniErrors.tryAgainLater : ownCodes + Math.min(exitStatus, exitStatuses.interrupted);
}

// Someone must run `vfctl recover`, or the plan is made anew on the next call.
const laterCodes = new Set<ErrorCode>(['NEEDS_RECOVERY', 'PLAN_STALE']);

/** The error document. `details` has the code of vfctl, why, and what to type next. */
export function cniErrorJson(error: AppError, version: CniVersion | null): Record<string, unknown> {
	const details = [error.code, error.why, error.fix === undefined ? undefined : `fix: ${error.fix}`].filter(part => part !== undefined).join('; ');
	// A document without a version was none that we know: ours is told.
	return {cniVersion: version ?? cniVersions.at(-1), code: cniCodeOf(error), msg: error.message, details};
}
