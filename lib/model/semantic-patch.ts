// What the head of a semantic patch says about itself, and whether it did its work.
import {AppError} from '../errors.ts';

export interface SemanticPatch {
	/** File name of the patch. */
	name: string;
	/** The file of the driver that it patches. */
	file: string;
	/** Functions that the patched file must call afterwards. */
	hooks: readonly string[];
	/** The patch is not needed where the file has this identifier. */
	unless: string | null;
}

const identifier = /^[A-Za-z_]\w*$/;

/** Reads the comment lines at the top of a patch; throws DRIVER_BUILD_FAILED when they do not tell
 * what they must. */
export function parseSemanticPatch(name: string, text: string): SemanticPatch {
	const head = /^(?:[ \t]*\/\/.*\n|[ \t]*\n)*/.exec(text)?.[0] ?? '';
	const value = (key: string) => new RegExp(`^[ \\t]*//[ \\t]*${key}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(head)?.[1];
	const file = value('file');
	const hooks = value('must call')?.split(/[\s,]+/).filter(word => word !== '') ?? [];
	const unless = value('unless') ?? null;
	if (file === undefined || !/^\w[\w-]*\.[ch]$/.test(file)) {
		throw damaged(name, 'it does not name one source file in a line `// file: NAME.c`');
	}

	if (hooks.length === 0 || !hooks.every(hook => identifier.test(hook))) {
		throw damaged(name, 'it does not name the functions that the file must call in a line `// must call: NAME ...`');
	}

	if (unless !== null && !identifier.test(unless)) {
		throw damaged(name, `'${unless}' in its line \`// unless:\` is no identifier`);
	}

	return {name, file, hooks, unless};
}

function damaged(name: string, why: string): AppError {
	return new AppError('DRIVER_BUILD_FAILED', `the semantic patch ${name} is damaged`, {why, fix: 'install vfctl again'});
}

/** The source has the identifier outside of comments. */
export function hasIdentifier(source: string, name: string): boolean {
	return new RegExp(`\\b${name}\\b`).test(withoutComments(source));
}

/** Those of the hooks that the source does not call. */
export function missingCalls(source: string, hooks: readonly string[]): string[] {
	const code = withoutComments(source);
	return hooks.filter(hook => !new RegExp(`\\b${hook}\\s*\\(`).test(code));
}

/** C without its comments; strings stay, so that `//` in one is no comment. */
function withoutComments(source: string): string {
	return source.replaceAll(/"(?:\\.|[^"\\\n])*"|\/\*[^]*?\*\/|\/\/[^\n]*/g, part => part.startsWith('"') ? part : ' ');
}
