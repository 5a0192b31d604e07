// The sources that the semantic patches were tried with: kernel-module/sources.lock.json.
import * as v from 'valibot';
import {AppError} from '../errors.ts';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

const entry = v.strictObject({
	/** Debian's package of the source, and its version. */
	package: text,
	version: text,
	/** Release and version of the kernel that the drivers were compiled for. */
	kernel: text,
	kernelVersion: text,
	compiler: text,
	/** Day on which they were compiled, as YYYY-MM-DD. */
	compiled: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\d$/)),
	/** SHA-256 of every file that a patch changes, as it is before, by DRIVER/FILE. */
	files: v.record(v.pipe(v.string(), v.regex(/^(?:igb|ixgbe)\/[\w.-]+$/)), v.pipe(v.string(), v.regex(/^[\da-f]{64}$/))),
});

const schema = v.strictObject({version: v.literal(1), sources: v.array(entry)});

export type TriedSource = v.InferOutput<typeof entry>;

/** Reads the lock file. Throws NO_KERNEL_SOURCE when it is damaged. */
export function parseSourceLock(json: string, path: string): TriedSource[] {
	const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), json);
	if (!result.success) {
		const [issue] = result.issues;
		throw new AppError('NO_KERNEL_SOURCE', `${path} is damaged`, {why: `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, fix: 'install vfctl again'});
	}

	return result.output.sources;
}

/** The text of a lock file, one entry a kernel series of a package, by name. */
export function sourceLockText(sources: readonly TriedSource[]): string {
	const sorted = sources.toSorted((a, b) => a.package.localeCompare(b.package, 'en', {numeric: true}));
	return `${JSON.stringify({version: 1, sources: sorted}, undefined, '\t')}\n`;
}

/** The entry whose files are all those of the build, or undefined: a newer package with the same drivers
 * counts as tried. */
export function triedSource(sources: readonly TriedSource[], files: Readonly<Record<string, string>>): TriedSource | undefined {
	const wanted = Object.entries(files);
	return wanted.length === 0 ? undefined : sources.find(source => wanted.every(([name, digest]) => source.files[name] === digest));
}

/** Why nobody can say that the patches fit this source, for people. */
export function untriedNote(sources: readonly TriedSource[], files: Readonly<Record<string, string>>): string {
	const tried = sources.map(source => `${source.package} ${source.version}`).join(', ') || 'none';
	return `the patches fit this source, but vfctl was not tried with it (${Object.keys(files).join(', ')}); it was with: ${tried}`;
}
