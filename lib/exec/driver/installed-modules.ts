// Which modules of vfctl a kernel has, and the store of those that operations put there.
import type {FileReader} from '../../host/host.ts';
import {builtModules} from '../../model/driver-build.ts';
import type {InstalledModules} from '../../plan/module-actions.ts';
import {installDirectory} from '../../sysfs/module-files.ts';
import {fileDigest} from '../file-digest.ts';
import {moduleStoreDirectory} from '../state-paths.ts';

/** What lies in the kernel's updates/vfctl. */
export function readInstalled(files: FileReader, kernel: string): InstalledModules {
	return Object.fromEntries(builtModules.map(name => [name, fileDigest(files, `${installDirectory(kernel)}/${name}.ko`)])) as unknown as InstalledModules;
}

/** Where the store has the module of that digest. */
export function storedModule(sha256: string): string {
	return `${moduleStoreDirectory}/${sha256}.ko`;
}
