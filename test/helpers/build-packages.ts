// The packages, built as `npm run package` does.
import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync} from 'node:fs';
import {join, resolve} from 'node:path';

export interface BuildOptions {
	/** The number of the build. */
	build?: string;
	umask?: string;
	env?: Readonly<Record<string, string>>;
	/** The package of Node.js, too. */
	withNode?: boolean;
}

/** Builds them into a new directory; gives back the paths of the files. */
export function buildPackages(directory: string, {build, umask = '022', env = {}, withNode = false}: BuildOptions = {}): {deb: string; tarball: string; node: string | undefined} {
	mkdirSync(directory);
	const words = [process.execPath, resolve('dist/scripts/package.js'), '--output', directory, ...(build === undefined ? [] : ['--build', build]), ...(withNode ? ['--with-node'] : [])];
	execFileSync('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...words], {env: {...process.env, SOURCE_DATE_EPOCH: '1750000000', ...env}, stdio: ['ignore', 'ignore', 'pipe']});
	const files = readdirSync(directory);
	const find = (pattern: RegExp) => files.filter(file => pattern.test(file)).map(file => join(directory, file))[0];
	return {deb: find(/^vfctl_.*\.deb$/)!, tarball: find(/\.tgz$/)!, node: find(/^vfctl-node_.*\.deb$/)};
}
