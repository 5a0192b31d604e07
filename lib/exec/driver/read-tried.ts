// Whether a source is one that vfctl was tried with.
import type {FileReader} from '../../host/host.ts';
import type {PfDriver} from '../../model/driver-build.ts';
import {parseSemanticPatch} from '../../model/semantic-patch.ts';
import {parseSourceLock, type TriedSource} from '../../model/source-lock.ts';
import {fileDigest} from '../file-digest.ts';

/** The sources in vfctl's lock file; none when there is no such file. */
export function readSourceLock(files: FileReader, kernelModule: string): TriedSource[] {
	const path = `${kernelModule}/sources.lock.json`;
	const text = files.readText(path);
	return text === undefined ? [] : parseSourceLock(text, path);
}

/** SHA-256 of every file of the drivers that a patch is for, by DRIVER/FILE, in a directory with their
 * unpacked sources. */
export function digestsToPatch(files: FileReader, {kernelModule, work, drivers}: {kernelModule: string; work: string; drivers: readonly PfDriver[]}): Record<string, string> {
	const names = drivers.flatMap(driver => {
		const patches = `${kernelModule}/cocci/${driver}`;
		return files.list(patches).filter(name => name.endsWith('.cocci')).map(name => `${driver}/${parseSemanticPatch(name, files.readText(`${patches}/${name}`) ?? '').file}`);
	});
	return Object.fromEntries([...new Set(names)].toSorted().flatMap(name => {
		const digest = fileDigest(files, `${work}/${name}`);
		return digest === null ? [] : [[name, digest]];
	}));
}
