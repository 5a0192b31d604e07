import {readdirSync, readFileSync} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import {cacheEntry} from './cache.ts';
import {contained} from './contained.ts';
import {LabError} from './errors.ts';
import {contentHash} from './hash.ts';
import {type Report, stage} from './progress.ts';
import {run, runBinary} from './run.ts';
import {TREE_BUILD_MS} from './timeouts.ts';

export const SUITE = 'trixie';

// What the emulated host has installed; its QEMU also runs the emulated host itself.
export const PACKAGES: readonly string[] = [
	'apache2-utils', 'busybox-static', 'dbus', 'dnsmasq-base', 'dpdk', 'driverctl', 'ethtool', 'grub2-common', 'iperf3', 'iproute2', 'iputils-ping', 'kmod',
	'libvirt-clients', 'libvirt-daemon-system', 'librte-mempool-ring25', 'librte-net-e1000-25', 'librte-net-vhost25', 'libxml2-utils', 'lighttpd', 'linux-image-amd64', 'nftables', 'nodejs', 'openssh-server',
	'pciutils', 'procps', 'qemu-guest-agent', 'qemu-system-x86', 'systemd-sysv', 'udev', 'zstd',
];

// dpdk-testpmd and what it is linked with, without the rest of its package and the 200 MiB of
// headers and static libraries that the package depends on.
const INSTALL_TESTPMD = [
	'cd /tmp', 'apt-get --quiet=2 download dpdk-dev',
	String.raw`apt-get --quiet=2 --yes install $(dpkg-deb --field dpdk-dev_*.deb Depends | tr , "\n" | grep -v libdpdk-dev | sed "s/(.*//")`,
	'dpkg-deb --fsys-tarfile dpdk-dev_*.deb | tar --extract --directory=/ ./usr/bin/dpdk-testpmd',
	'rm dpdk-dev_*.deb',
].join(' && ');

const ROOT_IMAGE_SIZE = '2G'; // Sparse: only what the tree holds takes space.

// A Debian tree, as a directory that QEMU runs in and as the read-only disk of the emulated host.
export type Tree = {directory: string; root: string; disk: string};

// The tree of this recipe, made by mmdebstrap when the cache has none.
export async function ensureTree(report: Report): Promise<Tree> {
	const directory = await cacheEntry({
		kind: 'tree',
		key: contentHash(bootstrapCommand('TREE'), readFileSync(import.meta.filename, 'utf8')),
		report,
		build: async entry => buildTree(entry, report),
	});
	return {directory, root: path.join(directory, 'root'), disk: path.join(directory, 'root.ext4')};
}

// The kernel release of a tree.
export function kernelRelease(root: string): string {
	const [release] = readdirSync(path.join(root, 'usr/lib/modules'));
	if (release === undefined) {
		throw new LabError('the lab tree has no kernel', {why: `${root}/usr/lib/modules is empty`, fix: 'npm run lab -- up --fresh'});
	}

	return release;
}

function bootstrapCommand(root: string): string[] {
	const excluded = ['doc', 'man', 'locale', 'info'].map(name => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
	return [
		'mmdebstrap', '--quiet', '--mode=root', '--variant=apt', `--include=${PACKAGES.join(',')}`,
		'--dpkgopt=force-unsafe-io', '--aptopt=APT::Install-Recommends "false"', ...excluded,
		`--customize-hook=chroot "$1" sh -ec '${INSTALL_TESTPMD}'`,
		SUITE, root,
	];
}

async function buildTree(entry: string, report: Report): Promise<void> {
	const root = path.join(entry, 'root');
	await stage(report, `Debian ${SUITE} with ${PACKAGES.length} packages (mmdebstrap)`, async () => run(
		[...contained, ...bootstrapCommand(root)],
		// INITRD=No: the kernel's install script then makes no initramfs; ours takes its place.
		{timeoutMs: TREE_BUILD_MS, environment: {INITRD: 'No'}, what: 'mmdebstrap could not make the Debian tree'},
	));
	await stage(report, 'disk of the emulated host', async () => {
		await settle(root);
		await run(
			['mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', root, path.join(entry, 'root.ext4'), ROOT_IMAGE_SIZE],
			{timeoutMs: 120_000, what: 'mke2fs could not make the disk of the emulated host'},
		);
	});
}

// Makes the tree the same on every machine, and adds what QEMU's chroot needs.
async function settle(root: string): Promise<void> {
	await fs.writeFile(path.join(root, 'etc/fstab'), '');
	await fs.writeFile(path.join(root, 'etc/hostname'), 'lab\n');
	await fs.writeFile(path.join(root, 'etc/hosts'), '127.0.0.1 localhost lab\n');
	await fs.writeFile(path.join(root, 'etc/resolv.conf'), '');
	await fs.writeFile(path.join(root, 'etc/machine-id'), '0123456789abcdef0123456789abcdef\n');
	await fs.rm(path.join(root, 'etc/libvirt/qemu/networks/autostart/default.xml'), {force: true});
	// What the postinst of a grub package for real disks does.
	await fs.mkdir(path.join(root, 'boot/grub'), {recursive: true});
	await fs.copyFile(path.join(root, 'usr/share/grub/default/grub'), path.join(root, 'etc/default/grub'));
	for (const directory of ['mnt/state', 'mnt/images', 'mnt/point', 'lab']) {
		await fs.mkdir(path.join(root, directory), {recursive: true});
	}

	await fs.writeFile(path.join(root, 'mnt/disk'), '');
	await fs.writeFile(path.join(root, 'lab/vmlinux'), await uncompressedKernel(root));
}

// The ELF kernel inside the bzImage. QEMU starts it directly (PVH), which spares every guest the
// decompression, several seconds of it when the processor is emulated twice.
async function uncompressedKernel(root: string): Promise<Buffer> {
	const image = await fs.readFile(path.join(root, 'boot', `vmlinuz-${kernelRelease(root)}`));
	// Offsets from Documentation/arch/x86/boot.rst.
	const setupSectors = image.readUInt8(0x1_f1);
	const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x2_48);
	const length = image.readUInt32LE(0x2_4c);
	const payload = image.subarray(start, start + length - 4); // The last 4 bytes are the size of the result.
	const {stdout} = await runBinary(['chroot', root, 'zstd', '--decompress', '--stdout'], {
		timeoutMs: 60_000,
		input: payload,
		what: 'the kernel of the tree could not be unpacked',
	});
	return stdout;
}
