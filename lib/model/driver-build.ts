// What `vfctl driver build` leaves behind for one kernel: build.json beside the modules.
import * as v from 'valibot';
import {AppError} from '../errors.ts';

/** PF drivers that can be rebuilt. */
export const pfDrivers = ['igb', 'ixgbe'] as const;

export type PfDriver = (typeof pfDrivers)[number];

/** The module that the rebuilt drivers call. */
export const hubModule = 'vfctl_pf';

/** The module that passes frames on between the VFs of one card; with any PF driver. */
export const forwardModule = 'vfctl_fwd';

/** Every module of a build, in the order of loading. */
export const builtModules = [hubModule, ...pfDrivers, forwardModule] as const;

export type BuiltModule = (typeof builtModules)[number];

const text = v.pipe(v.string(), v.maxLength(4096));
const sha256 = v.pipe(v.string(), v.regex(/^[\da-f]{64}$/));

const schema = v.strictObject({
	version: v.literal(1),
	/** Release as `uname -r` tells it. */
	kernel: text,
	/** Version of the sources, X.Y.Z. */
	kernelVersion: text,
	/** Which vfctl built it, and the digest of its kernel-module directory. */
	vfctl: text,
	sources: sha256,
	/** Where the driver sources came from. */
	source: v.strictObject({path: text, kind: v.picklist(['tree', 'tarball'])}),
	/** Revisions of Debian's linux, such as 6.1.192-2, null where they are not known; missing in builds of
	 * an older vfctl, as the next two are. */
	revisions: v.optional(v.strictObject({headers: v.nullable(text), source: v.nullable(text)})),
	/** SHA-256 of the files that patches are for, before them, by DRIVER/FILE. */
	touched: v.optional(v.record(text, sha256)),
	/** The package in vfctl's list of tried sources that has the same files; null: none. */
	tried: v.optional(v.nullable(text)),
	/** First line of the compiler's --version. */
	compiler: text,
	builtAtMs: v.number(),
	steps: v.array(v.strictObject({name: text, ms: v.number()})),
	modules: v.array(v.strictObject({
		name: v.picklist(builtModules),
		sha256,
		/** Empty when the module has none. */
		srcversion: text,
		vermagic: text,
		depends: v.array(text),
	})),
	patches: v.array(v.strictObject({
		driver: v.picklist(pfDrivers),
		name: text,
		file: text,
		/** Hooks that were found in the patched file. */
		hooks: v.array(text),
		/** What the file had already, so that the patch was not needed; null when it was applied. */
		skippedFor: v.nullable(text),
	})),
	warnings: v.array(text),
});

export type DriverBuild = v.InferOutput<typeof schema>;

/** A build from the text of build.json; throws DRIVER_NOT_BUILT when it is damaged. */
export function parseDriverBuild(json: string, path: string): DriverBuild {
	const result = v.safeParse(schema, parse(json));
	if (!result.success) {
		const [issue] = result.issues;
		throw new AppError('DRIVER_NOT_BUILT', `${path} is damaged, or of another version of vfctl`, {why: `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, fix: 'vfctl driver build'});
	}

	return result.output;
}

function parse(json: string): unknown {
	try {
		return JSON.parse(json);
	} catch {
		return undefined;
	}
}
