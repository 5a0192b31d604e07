import {contained} from './contained.ts';
import {run} from './run.ts';
import {TREE_BUILD_MS} from './timeouts.ts';

// What a Debian tree is made of.
export type Recipe = {
	suite: string;
	packages: readonly string[];
	// Lines for sources.list; without them mmdebstrap takes the suite with its updates.
	sources?: readonly string[];
	// Shell commands with the tree as $1, before packages are looked for and after they were installed.
	before?: string;
	after?: string;
};

// A suite of Debian with its updates, for `sources`.
export function suiteSources(suite: string): string[] {
	const mirror = 'deb http://deb.debian.org/debian';
	return [`${mirror} ${suite} main`, `${mirror} ${suite}-updates main`, `${mirror}-security ${suite}-security main`];
}

// The command that makes the tree at `root`; with any fixed root it also tells one recipe from another.
export function bootstrapCommand({suite, packages, sources = [], before, after}: Recipe, root: string): string[] {
	const excluded = ['doc', 'man', 'locale', 'info'].map(name => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
	return [
		'mmdebstrap', '--quiet', '--mode=root', '--variant=apt', `--include=${packages.join(',')}`,
		'--dpkgopt=force-unsafe-io', '--aptopt=APT::Install-Recommends "false"', ...excluded,
		...(before === undefined ? [] : [`--setup-hook=${before}`]),
		...(after === undefined ? [] : [`--customize-hook=${after}`]),
		suite, root, ...sources,
	];
}

// Makes the tree; nothing of it survives this process but the files.
export async function bootstrap(recipe: Recipe, root: string, {what, environment = {}}: {what: string; environment?: Record<string, string>}): Promise<void> {
	await run([...contained, ...bootstrapCommand(recipe, root)], {timeoutMs: TREE_BUILD_MS, environment, what});
}
