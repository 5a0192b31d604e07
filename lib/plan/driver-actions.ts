// Exchanging the loaded driver of PFs.
import type {Bdf} from '../model/bdf.ts';
import type {PfDriver} from '../model/driver-build.ts';

/** One build of a PF driver, as a file. */
export interface DriverFile {
	/** Null: it is loaded, and its file is not there any more; there is no way back to it. */
	path: string | null;
	/** Of the file; null for the distribution's, which its package guards. */
	sha256: string | null;
	/** Null: the module has none, as Debian's. */
	srcversion: string | null;
	/** The module that it calls, its path null like the driver's own; null for the distribution's driver. */
	hub: {path: string | null; sha256: string | null} | null;
	/** Other modules that it needs. */
	needs: readonly string[];
}

/** Unloads the driver of PFs and loads another build of it. Its PFs have no VFs at that moment; their
 * interfaces come back with name, MTU, MAC and state. */
export interface SwapDriverAction {
	kind: 'swap-driver';
	module: PfDriver;
	from: DriverFile;
	to: DriverFile;
	/** Parameters that modprobe would give it (modprobe.d, kernel command line). */
	options: readonly string[];
	/** All functions that are on the driver. */
	devices: readonly Bdf[];
}
