// What decides how a host comes up again: boot loader, managers of units and networks, and the
// files that `vfctl persist` writes. Pure data, read by exec/read-boot.ts.
import type {Bdf} from './bdf.ts';

/** A file and what is in it. */
export interface TextFile {
	readonly path: string;
	readonly text: string;
}

/** Where the next boot takes its kernel command line from. */
export type BootLoader =
	/** GRUB that is made from /etc/default/grub, with `regenerate` as the command that does it. */
	| {
		readonly kind: 'grub';
		/** /etc/default/grub, or null when it is missing. */
		readonly defaults: string | null;
		/** The other files that it reads, in its order; null when it reads no /etc/default/grub.d. */
		readonly dropIns: readonly TextFile[] | null;
		readonly regenerate: readonly string[];
	}
	/** Boot entries that grubby keeps: the arguments of each. */
	| {readonly kind: 'grubby'; readonly entries: ReadonlyArray<readonly string[]>}
	| {
		readonly kind: 'systemd-boot';
		/** /etc/kernel/cmdline, or null when it is missing. */
		readonly commandLine: string | null;
		/** /usr/lib/kernel/cmdline, which is used in its place, or null. */
		readonly vendorCommandLine: string | null;
		/** Boot entries that name a kernel. */
		readonly entries: readonly TextFile[];
		/** What copies the change to where it is booted from, or null. */
		readonly refresh: readonly string[] | null;
	}
	/** `hint` says what to do by hand. */
	| {readonly kind: 'unknown'; readonly why: string; readonly hint: string};

export interface BootFacts {
	readonly cpuVendor: 'intel' | 'amd' | 'other';
	/** Whose IOMMU the board has. */
	readonly iommuMaker: 'intel' | 'amd' | 'other';
	/** Words of /proc/cmdline. */
	readonly runningArguments: readonly string[];
	readonly loader: BootLoader;
	/** Modules, of those persist names, that are part of the kernel. */
	readonly builtInModules: readonly string[];
	/** Null without systemd. `running`: it is process 1, and not only installed. */
	readonly systemd: {readonly versionNumber: number; readonly running: boolean} | null;
	/** udevd runs. */
	readonly udev: boolean;
	/** NetworkManager is installed. */
	readonly networkManager: boolean;
	/** systemd-networkd: it runs now, or only at the next boot; null when it is not in use. */
	readonly networkd: 'running' | 'enabled' | null;
	/** A libvirt daemon is installed. */
	readonly libvirt: boolean;
	/** State of our units, by name. */
	readonly units: ReadonlyMap<string, 'enabled' | 'disabled'>;
	/** Files that are ours alone and are there, by path. */
	readonly files: ReadonlyMap<string, string>;
	/** What persist set aside before it edited a file, oldest first. */
	readonly backups: readonly TextFile[];
	/** VFs whose interfaces the host itself uses now, sorted. */
	readonly hostVfs: readonly Bdf[];
}
