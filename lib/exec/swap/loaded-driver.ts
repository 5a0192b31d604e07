// Which build of a PF driver is loaded.
import type {FileReader} from '../../host/host.ts';
import {hubModule, type BuiltModule, type PfDriver} from '../../model/driver-build.ts';
import type {DriverFile} from '../../plan/driver-actions.ts';
import {readAttribute} from '../../sysfs/attributes.ts';

/** In /sys/module, and ready. */
export function isModuleLoaded(files: FileReader, module: string): boolean {
	return readAttribute(files, `/sys/module/${module}/initstate`) === 'live';
}

/** The driver calls our module: the kernel itself says so. */
export function callsHub(files: FileReader, module: BuiltModule): boolean {
	return files.exists(`/sys/module/${hubModule}/holders/${module}`);
}

/** Whether what is loaded may be this file: whose it is, the digest of its source, and the build id
 * (Debian's modules have no digest) where both can be read. */
export function isLoadedFrom(files: FileReader, module: PfDriver, {path, srcversion, hub}: DriverFile): boolean {
	if (!isModuleLoaded(files, module) || callsHub(files, module) !== (hub !== null)) {
		return false;
	}

	const loaded = readAttribute(files, `/sys/module/${module}/srcversion`);
	if (srcversion !== null && loaded !== undefined && loaded !== srcversion) {
		return false;
	}

	// The note in the file is what the kernel shows of it (add_notes_attrs in kernel/module/sysfs.c).
	const note = files.readBytes(`/sys/module/${module}/notes/.note.gnu.build-id`);
	const file = note === undefined || path === null || !path.endsWith('.ko') ? undefined : files.readBytes(path);
	return note === undefined || file === undefined || Buffer.from(file.buffer, file.byteOffset, file.byteLength).includes(Buffer.from(note));
}

/** It was built out of the kernel's tree: the taint O stays for as long as it is loaded
 * (check_modinfo in kernel/module/main.c). Undefined when the kernel does not tell. */
export function isOutOfTree(files: FileReader, module: BuiltModule): boolean | undefined {
	return readAttribute(files, `/sys/module/${module}/taint`)?.includes('O');
}
