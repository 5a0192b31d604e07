// The control files of the Debian package: deb-control(5), deb-md5sums(5), deb-changelog(5).
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {debianArchitecture} from './architecture.ts';
import {installedKib, textFile, type PackageFile, type PackageFiles} from './files.ts';

export interface Release {
	/** Debian's version. */
	readonly version: string;
	/** Node's name of the architecture. */
	readonly architecture: string;
	/** `Name <address>` */
	readonly maintainer: string;
	/** Seconds since 1970: every time in the package. */
	readonly time: number;
}

/** What goes into DEBIAN/. */
export function controlFiles(files: PackageFiles, release: Release): PackageFiles {
	const script = (name: string): [string, PackageFile] => [name, textFile(readFileSync(`scripts/package/debian/${name}`, 'utf8'), 0o755)];
	return new Map([['control', textFile(controlText(files, release))], ['md5sums', textFile(sums(files))], script('prerm'), script('postrm')]);
}

function controlText(files: PackageFiles, {version, architecture, maintainer}: Release): string {
	return `${[
		'Package: vfctl', `Version: ${version}`, `Architecture: ${debianArchitecture(architecture)}`, `Maintainer: ${maintainer}`, `Installed-Size: ${installedKib(files)}`,
		// koffi's library asks for glibc 2.25 and libstdc++ of GCC 4.5; every Debian with this Node.js has newer ones.
		'Depends: nodejs (>= 20.19), iproute2, kmod, pciutils, libc6, libgcc-s1, libstdc++6',
		'Recommends: libvirt0, udev',
		// dkms and what follows it: vfctl driver build.
		'Suggests: ethtool, libvirt-clients, libvirt-daemon-system, dkms, coccinelle, gcc, make, xz-utils',
		'Section: admin', 'Priority: optional', 'Multi-Arch: foreign',
		'Description: SR-IOV virtual functions for KVM guests, containers and DPDK programs',
		' vfctl gives virtual functions of network cards to guests of libvirt, to network',
		' namespaces, containers and DPDK programs, and takes them back. What it is about',
		' to do is checked and shown first, kept in a journal, verified afterwards, and',
		' put back as it was when a step fails.',
	].join('\n')}\n`;
}

function sums(files: PackageFiles): string {
	return [...files].flatMap(([path, file]) => 'link' in file ? [] : [`${createHash('md5').update(file.content).digest('hex')}  ${path}\n`]).sort((a, b) => a.slice(34) < b.slice(34) ? -1 : 1).join('');
}

/** The changelog that a native package has. */
export function changelogText({version, maintainer, time}: Release): string {
	const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
	return `vfctl (${version}) unstable; urgency=medium\n\n  * Version ${version} of vfctl. What changed is in its repository.\n\n -- ${maintainer}  ${date}\n`;
}
