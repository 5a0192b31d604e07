import {readFileSync, realpathSync} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import {cacheEntry} from './cache.ts';
import {contentHash, directoryContent} from './hash.ts';
import {initramfs, type Member} from './initramfs.ts';
import {kindFor} from './kernels.ts';
import {moduleMembers} from './modules.ts';
import {insideDirectory} from './paths.ts';
import {type Report, stage} from './progress.ts';
import {run} from './run.ts';
import type {Tree} from './tree.ts';

// The first ones are built into newer kernels.
const HOST_MODULES = ['virtio_pci', 'virtio_blk', 'ext4', 'overlay'];
const GUEST_MODULES = ['virtio_pci', 'virtio_console', 'virtio_net', 'net_failover', 'igbvf'];
const USELESS_UNITS = ['getty@tty1.service', 'serial-getty@ttyS0.service', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'e2scrub_reap.service', 'fstrim.timer', 'lighttpd.service', 'logrotate.timer', 'man-db.timer', 'systemd-journal-flush.service', 'systemd-tmpfiles-clean.timer', 'systemd-networkd-wait-online.service'];
// The guest agent, and what `vfctl bench` measures with.
const GUEST_PROGRAMS = ['usr/sbin/qemu-ga', 'usr/bin/ab', 'usr/bin/iperf3', 'usr/sbin/lighttpd'];
// pthread_cancel of glibc loads it by its name when iperf3 ends a thread with it: ldd does not tell.
const LOADED_LATER = '/lib/x86_64-linux-gnu/libgcc_s.so.1';

// Everything small that changes often: initramfs of the host with our scripts in it, initramfs of the guests, ssh key.
export type Images = {directory: string; key: string};

// The images for a tree, rebuilt when a script in lab/inside or the way they are put together changes.
export async function ensureImages(tree: Tree, report: Report): Promise<Images> {
	const ownSource = ['images.js', 'initramfs.js', 'modules.js'].map(name => readFileSync(path.join(import.meta.dirname, name), 'utf8'));
	const directory = await cacheEntry({
		kind: kindFor(tree.kernel, 'images'),
		key: contentHash(path.basename(tree.directory), ownSource, directoryContent(insideDirectory)),
		report,
		build: async entry => stage(report, 'images of the emulated host and its guests', async () => buildImages(entry, tree.root)),
	});
	return {directory, key: path.join(directory, 'key')};
}

async function buildImages(entry: string, root: string): Promise<void> {
	const key = path.join(entry, 'key');
	await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', key], {timeoutMs: 10_000});
	const guest = initramfs(await guestMembers(root));
	await fs.writeFile(path.join(entry, 'host-initrd'), initramfs(await hostMembers(root, guest, await fs.readFile(`${key}.pub`))));
}

// The host's initramfs mounts the disk read-only under a tmpfs, and lays what is below /overlay over it.
async function hostMembers(root: string, guestImage: Buffer, publicKey: Buffer): Promise<Member[]> {
	return [
		...busybox(root, ['sh', 'mount', 'insmod', 'switch_root', 'mkdir', 'cp', 'cat', 'grep', 'poweroff', 'sleep']),
		...(await moduleMembers(root, HOST_MODULES)),
		inside('host-initramfs.sh', 'init'),
		inside('host-init.sh', 'overlay/usr/sbin/lab-init'),
		inside('guest.sh', 'overlay/lab/guest'),
		inside('vfs.sh', 'overlay/lab/vfs'),
		{path: 'overlay/lab/guest-initrd', content: guestImage},
		{path: 'overlay/root/.ssh', mode: 0o700},
		{path: 'overlay/root/.ssh/authorized_keys', mode: 0o600, content: publicKey},
		inside('sshd.conf', 'overlay/etc/ssh/sshd_config.d/lab.conf', 0o644),
		...systemdMembers(),
		...emptyDirectories(['proc', 'sys', 'dev', 'ro', 'rw', 'root']),
	];
}

// What a host with systemd has besides: a unit that tells when it is up, the address of its management interface, and
// links to /dev/null for what takes time and is of no use.
function systemdMembers(): Member[] {
	const etc = 'systemd/etc/systemd';
	return [
		inside('management.network', `${etc}/network/20-management.network`, 0o644),
		inside('lab-ready.service', `${etc}/system/lab-ready.service`, 0o644),
		{path: `${etc}/system/multi-user.target.wants/lab-ready.service`, target: '../lab-ready.service'},
		{path: `${etc}/system/multi-user.target.wants/systemd-networkd.service`, target: '/usr/lib/systemd/system/systemd-networkd.service'},
		...USELESS_UNITS.map(unit => ({path: `${etc}/system/${unit}`, target: '/dev/null'})),
	];
}

async function guestMembers(root: string): Promise<Member[]> {
	const applets = (await run(['chroot', root, 'busybox', '--list'], {timeoutMs: 10_000})).stdout.trim().split('\n');
	return [
		...busybox(root, applets),
		...(await moduleMembers(root, GUEST_MODULES)),
		...(await Promise.all(GUEST_PROGRAMS.map(async program => programMembers(root, program)))).flat(),
		{path: LOADED_LATER, mode: 0o755, content: readFileSync(insideTree(root, LOADED_LATER))},
		inside('guest-init.sh', 'init'),
		inside('guest-shutdown.sh', 'sbin/shutdown'),
		...emptyDirectories(['proc', 'sys', 'dev', 'run', 'tmp', 'etc', 'root', 'var']),
		{path: 'var/run', target: '/run'},
	];
}

// A program of the tree with the libraries it loads.
async function programMembers(root: string, program: string): Promise<Member[]> {
	const {stdout} = await run(['chroot', root, 'ldd', `/${program}`], {timeoutMs: 10_000});
	const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file = '']) => file);
	return [program, ...libraries].map(file => ({path: file, mode: 0o755, content: readFileSync(insideTree(root, file))}));
}

// A file of the tree by the path it has there; /lib and /lib64 are relative links, others may be absolute.
function insideTree(root: string, file: string): string {
	return realpathSync(path.join(root, file));
}

function busybox(root: string, applets: readonly string[]): Member[] {
	return [
		{path: 'bin/busybox', mode: 0o755, content: readFileSync(path.join(root, 'usr/bin/busybox'))},
		...applets.map(applet => ({path: `bin/${applet}`, target: 'busybox'})),
	];
}

function inside(source: string, destination: string, mode = 0o755): Member {
	return {path: destination, mode, content: readFileSync(path.join(insideDirectory, source))};
}

function emptyDirectories(names: readonly string[]): Member[] {
	return names.map(name => ({path: name}));
}
