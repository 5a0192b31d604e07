// Kernel modules that the running kernel has and that are not loaded.
import type {FileReader} from '../host/host.ts';

/** Those of the names that modules.dep of the running kernel lists and /sys/module does not show.
 * Anything else than a list of names gives none. */
export function loadableModules(files: FileReader, names: unknown): string[] {
	if (!Array.isArray(names)) {
		return [];
	}

	const release = files.readText('/proc/sys/kernel/osrelease')?.trim();
	const list = release === undefined ? undefined : files.readText(`/lib/modules/${release}/modules.dep`);
	const known = new Set(list?.split('\n').map(line => moduleName(/([^/:]+)\.ko(?:\.\w+)?:/.exec(line)?.[1] ?? '')));
	return names.filter((name): name is string => typeof name === 'string' && known.has(moduleName(name)) && !files.exists(`/sys/module/${moduleName(name)}`));
}

function moduleName(name: string): string {
	return name.replaceAll('-', '_');
}
