// Which modules of vfctl a kernel has, and the store of those that operations put there.
import {createHash} from 'node:crypto';
import type {FileReader} from '../../host/host.ts';
import {builtModules} from '../../model/driver-build.ts';
import type {InstalledModules} from '../../plan/module-actions.ts';
import {installDirectory} from '../../sysfs/module-files.ts';
import {moduleStoreDirectory} from '../state-paths.ts';

/** SHA-256 of a file, or null when it is not there. */
export function fileDigest(files: FileReader, path: string): string | null {
	const bytes = files.readBytes(path);
	return bytes === undefined ? null : createHash('sha256').update(bytes).digest('hex');
}

/** What lies in the kernel's updates/vfctl. */
export function readInstalled(files: FileReader, kernel: string): InstalledModules {
	return Object.fromEntries(builtModules.map(name => [name, fileDigest(files, `${installDirectory(kernel)}/${name}.ko`)])) as unknown as InstalledModules;
}

/** Where the store has the module of that digest. */
export function storedModule(sha256: string): string {
	return `${moduleStoreDirectory}/${sha256}.ko`;
}
