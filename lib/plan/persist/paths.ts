// Files of `vfctl persist`, and what it calls the copies of files that it edits.

export const grubDropIn = '/etc/default/grub.d/50-vfctl.cfg';
export const grubDefaults = '/etc/default/grub';
export const kernelCommandLine = '/etc/kernel/cmdline';
export const modulesFile = '/etc/modules-load.d/vfctl.conf';
export const vfRules = '/etc/udev/rules.d/70-vfctl-vfs.rules';
export const networkdFile = '/etc/systemd/network/05-vfctl-vfs.network';
export const hostFilePath = '/etc/vfctl/host.yaml';
export const backupDirectory = '/var/lib/vfctl/backup';

/** Units in the order in which they are enabled. */
export const unitNames = ['vfctl.service', 'vfctl-guests.service'] as const;
export type UnitName = typeof unitNames[number];

/** Where a unit's file lies. */
export function unitPath(name: UnitName): string {
	return `/etc/systemd/system/${name}`;
}

/** Every file that is ours alone. */
export const ownPaths = [grubDropIn, modulesFile, vfRules, networkdFile, ...unitNames.map(name => unitPath(name)), hostFilePath];

/** What the copy of a file is called, but for the time. Boot counting renames entries
 * (`arch+3.conf`, `arch+2-1.conf`): the counters are left out. */
export function backupStem(source: string): string {
	return source.replace(/\+\d+(?:-\d+)?(?=\.conf$)/, '').replace(/^\//, '').replaceAll(/[^\w.-]/g, '-');
}

/** Path of a copy; `time` like 20261121T063731Z. */
export function backupPath(source: string, time: string): string {
	return `${backupDirectory}/${backupStem(source)}.${time}`;
}

/** Whether a path is that of a copy of the source. */
export function isBackupOf(path: string, source: string): boolean {
	const stem = `${backupDirectory}/${backupStem(source)}.`;
	return path.startsWith(stem) && /^\d{8}T\d{6}Z$/.test(path.slice(stem.length));
}

/** The time in the name of a copy, from an ISO time: 20261121T063731Z. */
export function backupTime(milliseconds: number): string {
	return new Date(milliseconds).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
