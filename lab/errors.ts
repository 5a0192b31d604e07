// An error a person can act on: what happened, why, and what to type next.
export class LabError extends Error {
	readonly why: string | undefined;
	readonly fix: string | undefined;

	constructor(what: string, {why, fix, cause}: {why?: string | undefined; fix?: string | undefined; cause?: unknown} = {}) {
		super(what, cause === undefined ? undefined : {cause});
		this.name = 'LabError';
		this.why = why;
		this.fix = fix;
	}
}

// The text of any error as the command line prints it; a stack only for errors we did not foresee.
export function errorText(error: unknown): string {
	if (!(error instanceof LabError)) {
		return error instanceof Error ? `error: ${error.stack ?? error.message}` : `error: ${String(error)}`;
	}

	return [
		`error: ${error.message}`,
		...(error.why === undefined ? [] : [`  why: ${indent(error.why)}`]),
		...(error.fix === undefined ? [] : [`  fix: ${indent(error.fix)}`]),
	].join('\n');
}

function indent(text: string): string {
	return text.trimEnd().replaceAll('\n', '\n       ');
}
