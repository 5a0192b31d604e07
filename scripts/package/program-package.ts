// The package vfctl: the program, its pages and completion.
import {readFileSync} from 'node:fs';
import {bashCompletion} from './bash-completion.ts';
import {bundledPackages} from './bundled.ts';
import {commandTable} from './command-table.ts';
import {changelogText, type Contents, type Release} from './control.ts';
import {copyrightText} from './copyright.ts';
import {filesBelow, textFile, zipped, type PackageFiles} from './files.ts';
import {manPages} from './man-pages.ts';
import {programFiles} from './program-files.ts';
import {zshCompletion} from './zsh-completion.ts';

const fields = [
	// koffi's library asks for glibc 2.25 and libstdc++ of GCC 4.5; every Debian with this Node.js has newer ones.
	'Depends: nodejs (>= 20.19) | vfctl-node, iproute2, kmod, pciutils, libc6, libgcc-s1, libstdc++6',
	'Recommends: libvirt0, udev',
	// dkms and what follows it: vfctl driver build.
	'Suggests: ethtool, libvirt-clients, libvirt-daemon-system, dkms, coccinelle, gcc, make, xz-utils',
	'Section: admin', 'Priority: optional', 'Multi-Arch: foreign',
	'Description: SR-IOV virtual functions for KVM guests, containers and DPDK programs',
	' vfctl gives virtual functions of network cards to guests of libvirt, to network',
	' namespaces, containers and DPDK programs, and takes them back. What it is about',
	' to do is checked and shown first, kept in a journal, verified afterwards, and',
	' put back as it was when a step fails.',
];

/** What it is made of. */
export function programPackage(release: Release): Contents {
	return {name: 'vfctl', fields, scripts: ['prerm', 'postrm'], files: packageFiles(release), compression: 6};
}

function packageFiles(release: Release): PackageFiles {
	const commands = commandTable();
	const date = new Date(release.time * 1000).toISOString().slice(0, 10);
	return new Map([
		...programFiles(release.architecture),
		...[...manPages(commands, {version: release.version, date})].map(([name, text]) => [`usr/share/man/man1/${name}.gz`, zipped(text)] as const),
		['usr/share/bash-completion/completions/vfctl', textFile(bashCompletion(commands))],
		['usr/share/zsh/vendor-completions/_vfctl', textFile(zshCompletion)],
		...filesBelow('docs', 'usr/share/doc/vfctl/docs'),
		['usr/share/doc/vfctl/README.md', textFile(readFileSync('README.md', 'utf8'))],
		['usr/share/doc/vfctl/changelog.gz', zipped(changelogText('vfctl', release))],
		['usr/share/doc/vfctl/copyright', textFile(copyrightText(bundledPackages(['node_modules/koffi'])))],
		['usr/share/lintian/overrides/vfctl', textFile(readFileSync('scripts/package/debian/lintian-overrides', 'utf8'))],
	]);
}
