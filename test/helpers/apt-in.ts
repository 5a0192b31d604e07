// apt in a Debian of a test's own, and what it changed there.
import type {ExecutionContext} from 'ava';
import type {PackageRoot, Said} from './package-root.ts';

/** apt-get, without recommendations and questions. */
export function aptIn(root: PackageRoot, ...words: string[]): Said {
	return root.run('apt-get', '--yes', '--no-install-recommends', '-o', 'APT::Sandbox::User=root', ...words);
}

/** What a program said that did not fail. */
export function succeeds(t: ExecutionContext, said: Said): string {
	t.is(said.status, 0, said.stderr + said.stdout);
	return said.stdout;
}

/** The lines that are in one of two lists of files alone. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
	const [old, now] = [new Set(before), new Set(after)];
	return [...before.filter(line => !now.has(line)).map(line => `- ${line}`), ...after.filter(line => !old.has(line)).map(line => `+ ${line}`)];
}
