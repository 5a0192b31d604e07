// A Debian of the release that the package is for, in the lab's cache: what the package depends on,
// and lintian of that release. Made once, by mmdebstrap; tests work on copies.
import {join} from 'node:path';
import {bootstrap, bootstrapCommand, type Recipe} from '../../lab/bootstrap.ts';
import {cacheEntry} from '../../lab/cache.ts';
import {contentHash} from '../../lab/hash.ts';
import {SUITE} from '../../lab/kernels.ts';
import {silent} from '../../lab/progress.ts';

const recipe: Recipe = {
	suite: SUITE,
	packages: ['bash-completion', 'iproute2', 'kmod', 'lintian', 'man-db', 'nodejs', 'pciutils', 'systemd', 'udev', 'zsh'],
	// The recipe keeps manual pages and documentation out of the tree, by options that dpkg in the
	// tree would go on with.
	after: 'rm "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"',
};

/** The root directory of the tree, which nobody may write to. */
export async function packageTree(): Promise<string> {
	const directory = await cacheEntry({
		kind: 'package-tree',
		key: contentHash(bootstrapCommand(recipe, 'TREE')),
		report: silent,
		build: async entry => bootstrap(recipe, join(entry, 'root'), {what: 'mmdebstrap could not make the tree for the package'}),
	});
	return join(directory, 'root');
}
