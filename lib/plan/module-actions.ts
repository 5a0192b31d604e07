// What can be done to the kernel modules on a host's disk.
import {builtModules, type BuiltModule} from '../model/driver-build.ts';

/** SHA-256 of each module in the kernel's updates/vfctl; null where there is none. */
export type InstalledModules = Readonly<Record<BuiltModule, string | null>>;

/** What makes the initramfs of a kernel. */
export type InitramfsTool = 'update-initramfs' | 'dracut';

/** Puts the modules that vfctl built beside those of the kernel, or takes them away; then depmod, and
 * the initramfs anew. All of them or none: a driver and the module that it calls belong together. */
export interface InstallModulesAction {
	kind: 'install-modules';
	kernel: string;
	from: InstalledModules;
	to: InstalledModules;
	/** Null where the initramfs of the kernel holds none of the drivers. */
	initramfs: InitramfsTool | null;
	/** The kernel itself was removed: there is no index to make, and its directory goes when it is empty. */
	gone?: boolean | undefined;
}

export const noModules: InstalledModules = {vfctl_pf: null, igb: null, ixgbe: null, vfctl_fwd: null};

export function sameModules(a: InstalledModules, b: InstalledModules): boolean {
	return builtModules.every(name => a[name] === b[name]);
}

export function hasModules(modules: InstalledModules): boolean {
	return builtModules.some(name => modules[name] !== null);
}

/** The command that makes the initramfs of a kernel anew. */
export function initramfsCommand(tool: InitramfsTool, kernel: string): [string, ...string[]] {
	return tool === 'dracut' ? ['dracut', '--force', '--kver', kernel] : ['update-initramfs', '-u', '-k', kernel];
}

/** Adds a version of vfctl to DKMS, or removes it with all that DKMS built of it. */
export interface RegisterDkmsAction {
	kind: 'register-dkms';
	version: string;
	from: 'absent' | 'added';
	to: 'absent' | 'added';
}

/** The command that does it. */
export function dkmsCommand({version, to}: RegisterDkmsAction): [string, ...string[]] {
	return to === 'added' ? ['dkms', 'add', '-m', 'vfctl', '-v', version] : ['dkms', 'remove', '-m', 'vfctl', '-v', version, '--all'];
}
