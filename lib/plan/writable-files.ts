// The files that a plan may write and the commands that may follow: a plan is read back from the
// journal, and nothing in it is taken on trust.

// `vfctl` is in the name of every file that is ours alone; the others are edited, with a backup.
const ownFiles = [
	/^\/etc\/udev\/rules\.d\/70-vfctl[\w.:-]*\.rules$/,
	/^\/etc\/modules-load\.d\/vfctl\.conf$/,
	/^\/etc\/systemd\/network\/\d\d-vfctl[\w-]*\.(?:network|link)$/,
	/^\/etc\/systemd\/system\/vfctl[\w@-]*\.service$/,
	/^\/etc\/default\/grub\.d\/\d\d-vfctl\.cfg$/,
	/^\/etc\/vfctl\/host\.yaml$/,
	/^\/etc\/tmpfiles\.d\/vfctl[\w-]*\.conf$/,
	/^\/usr\/src\/vfctl-[\w.+~-]+\/(?:dkms\.conf|build\.sh)$/,
	/^\/var\/lib\/vfctl\/backup\/[\w.-]+$/,
];

const editedFiles = [/^\/etc\/default\/grub$/, /^\/etc\/kernel\/cmdline$/, /^\/(?:boot|efi|boot\/efi)\/loader\/entries\/[\w.+-]+\.conf$/];

const followUps: readonly string[] = [
	'udevadm control --reload',
	'update-grub',
	'grub-mkconfig -o /boot/grub/grub.cfg',
	'grub2-mkconfig -o /boot/grub2/grub.cfg',
	'proxmox-boot-tool refresh',
	'systemctl daemon-reload',
	'networkctl reload',
];

/** A plan may write this file. */
export function isWritablePath(path: string): boolean {
	return !path.includes('..') && [...ownFiles, ...editedFiles].some(pattern => pattern.test(path));
}

/** A copy of a file that was edited: nobody but root needs to read it. */
export function isBackupPath(path: string): boolean {
	return path.startsWith('/var/lib/vfctl/backup/');
}

/** A plan may run this command after a file was written. */
export function isFollowUp(words: readonly string[]): boolean {
	return followUps.includes(words.join(' '));
}
