// What decides how a host comes up again (exec/read-boot.ts reads it): boot loader, managers of
// units and networks, and the files of `vfctl persist`.
import {backupDirectory, grubDefaults, kernelCommandLine, ownPaths, unitNames} from '../plan/persist/paths.ts';
import type {Collector} from './collector.ts';

const programs = ['systemctl', 'NetworkManager', 'libvirtd', 'virtqemud', 'grubby', 'update-grub'];
const programDirectories = ['/usr/sbin', '/usr/bin'];
const bootDirectories = ['/efi', '/boot', '/boot/efi'];
// Of GRUB's script only this counts: whether it reads the directory.
const readsDropIns = /default\/grub\.d/;

/** Texts and names that are there. */
export function collectBoot(into: Collector): void {
	const {files} = into;
	for (const directory of programDirectories) {
		for (const name of programs) {
			into.name(`${directory}/${name}`, 'unreadable');
		}

		for (const name of ['grub-mkconfig', 'grub2-mkconfig']) {
			into.text(`${directory}/${name}`, text => text.split('\n').filter(line => readsDropIns.test(line)).map(line => `${line}\n`).join(''));
		}
	}

	for (const path of [grubDefaults, kernelCommandLine, '/usr/lib/kernel/cmdline', ...ownPaths]) {
		into.text(path);
	}

	into.texts(`${grubDefaults}.d`, files.list(`${grubDefaults}.d`).filter(name => name.endsWith('.cfg')));
	into.texts(backupDirectory, files.list(backupDirectory));
	for (const directory of bootDirectories) {
		into.name(`${directory}/loader/loader.conf`, 'unreadable');
		into.texts(`${directory}/loader/entries`, files.list(`${directory}/loader/entries`).filter(name => name.endsWith('.conf')));
	}

	into.bytes('/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f', 256);
	for (const path of ['/run/ostree-booted', '/run/udev/control', '/run/systemd/netif/state', '/etc/kernel/proxmox-boot-uuids']) {
		into.name(path, 'unreadable');
	}

	into.name('/run/systemd/system', 'directory');
	for (const directory of ['/etc', '/run']) {
		into.link(`${directory}/systemd/system/multi-user.target.wants/systemd-networkd.service`);
	}
}

/** Questions to programs, of those that are there. */
export function bootCommands(has: (program: string) => boolean): Array<readonly [string, ...string[]]> {
	return [
		...has('systemctl') ? [['systemctl', '--version'] as const, ...unitNames.map(name => ['systemctl', 'is-enabled', name] as const)] : [],
		...has('grubby') ? [['grubby', '--info=ALL'] as const] : [],
	];
}

/** Whether a program is in the system's directories. */
export function programFinder({files}: Pick<Collector, 'files'>): (program: string) => boolean {
	return name => programDirectories.some(directory => files.exists(`${directory}/${name}`));
}
