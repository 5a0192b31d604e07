// A Debian to install the packages in, in the lab's cache: what they depend on, and what tests run there. Made
// once for a release, by mmdebstrap; tests work on copies.
import {join} from 'node:path';
import {bootstrap, bootstrapCommand, type Recipe} from '../../lab/bootstrap.ts';
import {cacheEntry} from '../../lab/cache.ts';
import {contentHash} from '../../lab/hash.ts';
import {SUITE} from '../../lab/kernels.ts';
import {silent} from '../../lab/progress.ts';

// The release whose Node.js is new enough, with its lintian, and the one before, as a host that Ansible reaches.
const packages = {
	[SUITE]: ['bash-completion', 'iproute2', 'kmod', 'lintian', 'man-db', 'nodejs', 'pciutils', 'systemd', 'udev', 'zsh'],
	bookworm: ['bash-completion', 'ethtool', 'iproute2', 'kmod', 'man-db', 'nodejs', 'openssh-server', 'pciutils', 'python3-apt', 'systemd', 'udev'],
} as const;

/** A release of Debian that there is a tree of. */
export type PackageSuite = keyof typeof packages;

/** The root directory of the tree, which nobody may write to. */
export async function packageTree(suite: PackageSuite = SUITE): Promise<string> {
	const recipe: Recipe = {
		suite,
		packages: packages[suite],
		// The recipe keeps manual pages and documentation out of the tree, by options that dpkg in the
		// tree would go on with.
		after: 'rm "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"',
	};
	const directory = await cacheEntry({
		kind: suite === SUITE ? 'package-tree' : `${suite}-package-tree`,
		key: contentHash(bootstrapCommand(recipe, 'TREE')),
		report: silent,
		build: async entry => bootstrap(recipe, join(entry, 'root'), {what: 'mmdebstrap could not make the tree for the package'}),
	});
	return join(directory, 'root');
}
