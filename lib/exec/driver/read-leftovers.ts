// What vfctl's drivers left behind: in the directories of kernels that are gone, and in vfctl's own.
import type {FileReader} from '../../host/host.ts';
import {isKernelRelease} from '../../model/kernel-version.ts';
import {hasModules, type InstalledModules} from '../../plan/module-actions.ts';
import {readAttribute} from '../../sysfs/attributes.ts';
import {isKernelGone} from '../../sysfs/module-files.ts';
import {driversDirectory, journalDirectory, moduleStoreDirectory} from '../state-paths.ts';
import {readInstalled} from './installed-modules.ts';

export interface DriverLeftovers {
	/** Kernels that were removed, with the modules of vfctl that kept their directory alive. */
	installed: ReadonlyArray<{kernel: string; modules: InstalledModules}>;
	/** Kernels that were removed and have a build. */
	builds: readonly string[];
	/** Files of the store that no kernel has and no operation of the journal names. */
	stored: readonly string[];
}

export function readLeftovers(files: FileReader): DriverLeftovers {
	const running = readAttribute(files, '/proc/sys/kernel/osrelease');
	// A kernel that still runs keeps what it may be asked to load.
	const isGone = (kernel: string) => kernel !== running && isKernelGone(files, kernel);
	const kernels = files.list('/lib/modules').filter(name => isKernelRelease(name));
	const modules = kernels.map(kernel => ({kernel, modules: readInstalled(files, kernel), gone: isGone(kernel)})).filter(one => hasModules(one.modules));
	const present = new Set(modules.flatMap(one => Object.values(one.modules)));
	const stored = files.list(moduleStoreDirectory).filter(name => /^[\da-f]{64}\.ko$/.test(name) && !present.has(name.slice(0, 64)));
	const named = stored.length === 0 ? new Set<string>() : namedInJournal(files);
	return {
		installed: modules.filter(({gone}) => gone).map(({kernel, modules: found}) => ({kernel, modules: found})),
		builds: files.list(driversDirectory).filter(name => isKernelRelease(name) && isGone(name)),
		stored: stored.filter(name => !named.has(name.slice(0, 64))).map(name => `${moduleStoreDirectory}/${name}`),
	};
}

/** Every digest in it: an undo may ask for any of them. */
function namedInJournal(files: FileReader): Set<string> {
	return new Set(files.list(journalDirectory).flatMap(name => files.readText(`${journalDirectory}/${name}`)?.match(/\b[\da-f]{64}\b/g) ?? []));
}
