// Which PF drivers a host has loaded, would load, and has built.
import type {BuiltModule, PfDriver} from './driver-build.ts';

/** Whose a module is: the distribution's, one that vfctl built, another one (Intel's, DKMS), or not known. */
export type ModuleOrigin = 'stock' | 'vfctl' | 'other' | 'unknown';

export interface DriverState {
	name: BuiltModule;
	/** Null when it is not loaded, or when the status is of a kernel that does not run. */
	loaded: {
		origin: ModuleOrigin;
		/** Of vfctl's: it is the one that is built now. */
		current: boolean;
		srcversion: string | null;
		/** Letters of /sys/module/NAME/taint: O out of tree, E unsigned. */
		taint: string;
	} | null;
	/** What modprobe would take; null when it would find none. */
	file: {path: string; origin: ModuleOrigin; current: boolean; srcversion: string | null; signer: string | null} | null;
}

export interface BuildState {
	kernel: string;
	drivers: readonly PfDriver[];
	kernelVersion: string | null;
	builtAtMs: number | null;
	/** Why it should be built again; empty when it is good. */
	stale: readonly string[];
	/** `differs`: what is installed is not what was built last. */
	installed: 'yes' | 'no' | 'differs';
}

export interface ModuleSecurity {
	/** Null when the kernel has no lockdown. */
	lockdown: 'none' | 'integrity' | 'confidentiality' | null;
	/** Null when the host did not start by UEFI. */
	secureBoot: boolean | null;
	/** The kernel refuses modules without a signature that it knows. */
	onlySigned: boolean;
	/** /proc/sys/kernel/tainted; null when not known. */
	tainted: number | null;
}

export interface DriverStatus {
	kernel: string;
	/** It is the kernel that runs. */
	running: boolean;
	security: ModuleSecurity;
	drivers: readonly DriverState[];
	builds: readonly BuildState[];
	/** What `vfctl driver prune` would take away: kernels that were removed and have modules of vfctl, or a
	 * build, and files of the store. */
	leftovers: {installed: readonly string[]; builds: readonly string[]; stored: readonly string[]};
}

/** What the kernel says with the bits of `tainted` (Documentation/admin-guide/tainted-kernels.rst), of
 * those that modules set. */
export function taintReasons(tainted: number): string[] {
	const bits: ReadonlyArray<readonly [number, string]> = [[0, 'proprietary module'], [1, 'forced module'], [12, 'out-of-tree module'], [13, 'unsigned module']];
	return bits.filter(([bit]) => Math.floor(tainted / 2 ** bit) % 2 === 1).map(([, reason]) => reason);
}
