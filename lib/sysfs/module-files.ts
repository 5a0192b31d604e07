// Where the modules of a kernel are.
import type {FileReader} from '../host/host.ts';

/** Where vfctl puts its modules; depmod prefers `updates` to all else (man depmod.d). */
export function installDirectory(kernel: string): string {
	return `/lib/modules/${kernel}/updates/vfctl`;
}

/** The kernel was removed, whatever is left of its directory: it has no modules of its own and no headers. */
export function isKernelGone(files: FileReader, kernel: string): boolean {
	const directory = `/lib/modules/${kernel}`;
	return files.list(`${directory}/kernel`).length === 0 && !files.exists(`${directory}/build`);
}

/** The file that modprobe takes for a module: modules.dep has one a name. Undefined when there is none. */
export function moduleFile(files: Pick<FileReader, 'readText'>, kernel: string, module: string): string | undefined {
	const directory = `/lib/modules/${kernel}`;
	const path = files.readText(`${directory}/modules.dep`)?.split('\n').map(line => line.split(':')[0]!)
		.find(one => (/([^/]+)\.ko(?:\.\w+)?$/.exec(one)?.[1] ?? '').replaceAll('-', '_') === module);
	return path === undefined ? undefined : path.startsWith('/') ? path : `${directory}/${path}`;
}

/** The distribution's own file of an Intel driver, which may be compressed. */
export function stockFile(files: FileReader, kernel: string, driver: string): string | undefined {
	const directory = `/lib/modules/${kernel}/kernel/drivers/net/ethernet/intel/${driver}`;
	const name = files.list(directory).find(entry => entry === `${driver}.ko` || entry.startsWith(`${driver}.ko.`));
	return name === undefined ? undefined : `${directory}/${name}`;
}
