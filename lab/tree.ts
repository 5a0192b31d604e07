import {readdirSync, readFileSync} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import {bootstrap, bootstrapCommand, type Recipe, suiteSources} from './bootstrap.ts';
import {cacheEntry} from './cache.ts';
import {LabError} from './errors.ts';
import {contentHash} from './hash.ts';
import {kernelSuite, kindFor, type OtherKernel, SUITE} from './kernels.ts';
import {type Report, stage} from './progress.ts';
import {run, runBinary} from './run.ts';

// What the emulated host has installed; its QEMU also runs the emulated host itself.
export const PACKAGES: readonly string[] = [
	'apache2-utils', 'busybox-static', 'dbus', 'dnsmasq-base', 'dpdk', 'driverctl', 'ethtool', 'grub2-common', 'iperf3', 'iproute2', 'iputils-ping', 'kmod',
	'libvirt-clients', 'libvirt-daemon-system', 'librte-mempool-ring25', 'librte-net-e1000-25', 'librte-net-vhost25', 'libxml2-utils', 'lighttpd', 'linux-image-amd64', 'nftables', 'nodejs', 'openssh-server', 'openvswitch-switch',
	'pciutils', 'procps', 'python3-apt', 'qemu-guest-agent', 'qemu-system-x86', 'systemd-sysv', 'udev', 'xz-utils', 'zstd',
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
export type Tree = {directory: string; root: string; disk: string; kernel: OtherKernel | undefined};

// The tree of this recipe, made by mmdebstrap when the cache has none.
export async function ensureTree(kernel: OtherKernel | undefined, report: Report): Promise<Tree> {
	const directory = await cacheEntry({
		kind: kindFor(kernel, 'tree'),
		key: contentHash(bootstrapCommand(recipe(kernel), 'TREE'), readFileSync(import.meta.filename, 'utf8')),
		report,
		build: async entry => buildTree(kernel, entry, report),
	});
	return treeIn(directory, kernel);
}

// The tree in a directory of the cache.
export function treeIn(directory: string, kernel: OtherKernel | undefined): Tree {
	return {directory, root: path.join(directory, 'root'), disk: path.join(directory, 'root.ext4'), kernel};
}

// The kernel release of a tree.
export function kernelRelease(root: string): string {
	const [release] = readdirSync(path.join(root, 'usr/lib/modules'));
	if (release === undefined) {
		throw new LabError('the lab tree has no kernel', {why: `${root}/usr/lib/modules is empty`, fix: 'npm run lab -- up --fresh'});
	}

	return release;
}

function recipe(kernel: OtherKernel | undefined): Recipe {
	const usual = {suite: SUITE, packages: PACKAGES, after: `chroot "$1" sh -ec '${INSTALL_TESTPMD}'`};
	if (kernel === undefined) {
		return usual;
	}

	// Only kernels of the other suite are wanted, the newest of them, though this suite's are newer.
	const other = kernelSuite(kernel);
	const pins = [other, `${other}-updates`, `${other}-security`].map(name => `Package: linux-image-*\\nPin: release n=${name}\\nPin-Priority: 990\\n`);
	return {
		...usual,
		sources: [...suiteSources(SUITE), ...suiteSources(other)],
		before: `mkdir -p "$1/etc/apt/preferences.d" && printf '${pins.join('\\n')}' >"$1/etc/apt/preferences.d/kernel"`,
	};
}

async function buildTree(kernel: OtherKernel | undefined, entry: string, report: Report): Promise<void> {
	const root = path.join(entry, 'root');
	await stage(report, `Debian ${SUITE} with ${PACKAGES.length} packages${kernel === undefined ? '' : ` and the kernel of ${kernelSuite(kernel)}`} (mmdebstrap)`, async () => bootstrap(
		recipe(kernel), root,
		// INITRD=No: the kernel's install script then makes no initramfs; ours takes its place.
		{environment: {INITRD: 'No'}, what: 'mmdebstrap could not make the Debian tree'},
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
	const program = payload.subarray(1, 5).toString('latin1') === '7zXZ' ? ['xz', '--decompress', '--stdout'] : ['zstd', '--decompress', '--stdout'];
	const {stdout} = await runBinary(['chroot', root, ...program], {
		timeoutMs: 60_000,
		input: payload,
		what: 'the kernel of the tree could not be unpacked',
	});
	return stdout;
}
