import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {LabError} from './errors.ts';

// The root of the repository: compiled files run from dist/lab, and tsc copies no scripts there.
export const repositoryDirectory = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

// The scripts that run inside the emulated host and its guests.
export const insideDirectory = path.join(repositoryDirectory, 'lab/inside');

// The script that QEMU runs under on this machine.
export const guardScript = path.join(repositoryDirectory, 'lab/guard.sh');

// Where trees, images and snapshots are kept between runs.
export function cacheDirectory(): string {
	return process.env['VFCTL_LAB_CACHE'] ?? path.join(os.homedir(), '.cache/vfctl-lab');
}

// Where running labs keep sockets, logs and saved states; on disk, since a saved state is several hundred MiB.
export function stateBaseDirectory(): string {
	return process.env['VFCTL_LAB_STATE'] ?? '/var/tmp/vfctl-lab';
}

// The state directory of one lab; refuses names that could leave the base or overflow a socket path.
export function stateDirectory(name: string): string {
	if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) {
		throw new LabError(`'${name}' is not a lab name`, {
			why: 'a name is 1 to 32 lower-case letters, digits and dashes, and starts with a letter or digit',
			fix: 'choose another --name',
		});
	}

	return path.join(stateBaseDirectory(), name);
}
