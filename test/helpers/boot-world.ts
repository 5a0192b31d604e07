// Hosts of several distributions, as far as their next boot is concerned.
import type {HostRecord, RecordEntry} from '../../lib/record/record.ts';
import {hostBuilder} from '../../lib/sim/builder.ts';

const intel = 'processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n';
const amd = {'/proc/cpuinfo': intel.replace('GenuineIntel', 'AuthenticAMD'), '/sys/firmware/acpi/tables/DMAR': null, '/sys/firmware/acpi/tables/IVRS': ''};

// The line of Debian's grub-mkconfig (2.06 and 2.12) that others do not have.
const debianMkconfig = '#! /bin/sh\nset -e\nif test -f ${sysconfdir}/default/grub ; then\n  . ${sysconfdir}/default/grub\nfi\nfor x in ${sysconfdir}/default/grub.d/*.cfg ; do\n  if [ -e "${x}" ]; then\n    . "${x}"\n  fi\ndone\n';
const upstreamMkconfig = '#! /bin/sh\nset -e\nif test -f ${sysconfdir}/default/grub ; then\n  . ${sysconfdir}/default/grub\nfi\n';

export const debianDefaults = `# If you change this file, run 'update-grub' afterwards to update
# /boot/grub/grub.cfg.
GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR=\`lsb_release -i -s 2> /dev/null || echo Debian\`
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX=""
`;

export const fedoraDefaults = `GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR="$(sed 's, release .*$,,g' /etc/system-release)"
GRUB_DEFAULT=saved
GRUB_CMDLINE_LINUX="rd.lvm.lv=rhel/root rhgb quiet"
GRUB_ENABLE_BLSCFG=true
`;

const debianFiles = {
	'/proc/cpuinfo': intel,
	'/proc/cmdline': 'BOOT_IMAGE=/boot/vmlinuz-6.1.0-32-amd64 root=/dev/vda1 ro quiet\n',
	'/usr/sbin/grub-mkconfig': debianMkconfig,
	'/usr/sbin/update-grub': '#!/bin/sh\nexec grub-mkconfig -o /boot/grub/grub.cfg "$@"\n',
	'/etc/default/grub': debianDefaults,
	'/run/udev/control': '',
	'/run/systemd/system/x': '',
	'/usr/bin/systemctl': '',
	'/usr/sbin/libvirtd': '',
};

const entry = (title: string, options: string) => `title      ${title}\nversion    6.12.1\nlinux      /vmlinuz-6.12.1\ninitrd     /initramfs-6.12.1.img\noptions    ${options}\n`;

const fedoraFiles = {
	...debianFiles,
	'/proc/cmdline': 'BOOT_IMAGE=(hd0,gpt2)/vmlinuz-5.14.0 root=/dev/mapper/rhel-root ro rhgb quiet\n',
	'/usr/sbin/grub-mkconfig': null,
	'/usr/sbin/update-grub': null,
	'/usr/sbin/grub2-mkconfig': upstreamMkconfig,
	'/usr/sbin/grubby': '',
	'/usr/sbin/NetworkManager': '',
	'/etc/default/grub': fedoraDefaults,
	'/boot/loader/entries/0123-5.14.0.conf': entry('RHEL 5.14', 'root=/dev/mapper/rhel-root ro rhgb quiet'),
	'/boot/loader/entries/0123-0-rescue.conf': entry('RHEL rescue', 'root=/dev/mapper/rhel-root ro'),
};

const archFiles = {
	'/proc/cpuinfo': intel,
	'/proc/cmdline': 'initrd=\\initramfs-linux.img root=PARTUUID=11-22 rw\n',
	'/boot/loader/loader.conf': 'default arch.conf\ntimeout 3\n',
	'/boot/loader/entries/arch.conf': entry('Arch Linux', 'root=PARTUUID=11-22 rw'),
	'/boot/loader/entries/arch-fallback+3-1.conf': entry('Arch Linux (fallback)', 'root=PARTUUID=11-22 rw\noptions    quiet'),
	'/boot/loader/entries/memtest.conf': 'title Memtest\nefi /memtest86+/memtest.efi\n',
	'/run/systemd/netif/state': 'OPER_STATE=routable\n',
	'/run/udev/control': '',
	'/run/systemd/system/x': '',
	'/usr/bin/systemctl': '',
	'/usr/bin/virtqemud': '',
};

const files: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
	'debian-12': debianFiles,
	// netplan on networkd; the cloud image's drop-in throws away what /etc/default/grub says.
	'ubuntu-24.04': {
		...debianFiles,
		'/etc/default/grub.d/50-cloudimg-settings.cfg': 'GRUB_CMDLINE_LINUX_DEFAULT="console=tty1 console=ttyS0"\n',
		'/run/systemd/netif/state': 'OPER_STATE=routable\n',
	},
	'debian-amd': {...debianFiles, ...amd},
	'rhel-9': fedoraFiles,
	// GRUB without boot entries and without a directory for drop-ins.
	'grub-without-directory': {
		...debianFiles, '/usr/sbin/grub-mkconfig': upstreamMkconfig, '/usr/sbin/update-grub': null,
		'/etc/default/grub': `${debianDefaults.replace('"quiet"', '\'quiet splash\'  # as installed')}`,
	},
	suse: {...debianFiles, '/usr/sbin/grub-mkconfig': null, '/usr/sbin/update-grub': null, '/usr/sbin/grub2-mkconfig': upstreamMkconfig},
	arch: archFiles,
	'proxmox-zfs': {
		...debianFiles,
		'/etc/kernel/proxmox-boot-uuids': 'ABCD-1234\n',
		'/etc/kernel/cmdline': 'root=ZFS=rpool/ROOT/pve-1 boot=zfs\n',
		'/proc/cmdline': 'initrd=\\EFI\\proxmox\\6.8\\initrd.img root=ZFS=rpool/ROOT/pve-1 boot=zfs\n',
	},
	'proxmox-grub': {...debianFiles, '/etc/kernel/proxmox-boot-uuids': 'ABCD-1234,grub\n'},
	ostree: {...fedoraFiles, '/run/ostree-booted': ''},
	'no-loader': {'/proc/cpuinfo': intel, '/proc/cmdline': 'console=ttyS0\n', '/usr/bin/systemctl': '', '/run/systemd/system/x': ''},
	'no-systemd': {...amd, '/proc/cmdline': 'iommu=pt\n'},
};

/** Names of all of them. */
export const bootHostNames = Object.keys(files);

/** A host by name, with other files when they are named; null removes one. */
export function bootHost(name: string, more: Readonly<Record<string, string | null>> = {}): HostRecord {
	const record = hostBuilder(name).pf({card: '82599', bdf: '0000:03:00.0', name: 'pf0', vfs: 4}).guest({name: 'vm0'}).record();
	const entries = new Map<string, RecordEntry>(record.entries);
	for (const [path, text] of Object.entries({...files[name], ...more})) {
		if (text === null) {
			entries.delete(path);
		} else {
			entries.set(path, {kind: 'text', text});
		}
	}

	if (name === 'proxmox-zfs') {
		entries.set('/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f', {kind: 'bytes', bytes: Buffer.concat([Buffer.from([6, 0, 0, 0]), Buffer.from('systemd-boot 252\0', 'utf16le')])});
	}

	return {...record, entries};
}
