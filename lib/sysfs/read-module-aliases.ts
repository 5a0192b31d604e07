// Which kernel modules say that they are for a device: modules.alias of the running kernel, which
// depmod writes, and modules.builtin.modinfo for what is built in.
import type {FileReader} from '../host/host.ts';

interface Alias {
	/** Its line: depmod's order of the modules, which libkmod keeps. */
	order: number;
	pattern: string;
	module: string;
}

/** Modules for a modalias in depmod's order, as libkmod finds them (kmod_module_new_from_lookup):
 * those of modules.alias, and only without any, those that are built in. */
export function moduleFinder(files: FileReader): (modalias: string) => string[] {
	let loadable: Map<string, Alias[]> | undefined;
	let builtIn: Map<string, Alias[]> | undefined;
	const known = new Map<string, string[]>();
	return modalias => {
		loadable ??= byVendor(readLoadable(files));
		const found = known.get(modalias) ?? matching(loadable, modalias);
		if (found.length === 0) {
			builtIn ??= byVendor(readBuiltIn(files));
			found.push(...matching(builtIn, modalias));
		}

		known.set(modalias, found);
		return found;
	};
}

/** Directory of the running kernel's modules, or undefined. */
export function modulesDirectory(files: FileReader): string | undefined {
	const release = files.readText('/proc/sys/kernel/osrelease')?.trim();
	return release === undefined || release === '' ? undefined : `/lib/modules/${release}`;
}

/** Whether a pattern with `*`, `?` and `[...]` fits the whole text (fnmatch). */
export function fitsAlias(pattern: string, modalias: string): boolean {
	const source = pattern.replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`).replaceAll('*', '.*').replaceAll('?', '.').replaceAll('[!', '[^');
	try {
		return new RegExp(`^${source}$`, 's').test(modalias);
	} catch {
		return false;
	}
}

function readLoadable(files: FileReader): Alias[] {
	const text = files.readText(`${modulesDirectory(files)}/modules.alias`) ?? '';
	return [...text.matchAll(/^alias (pci:\S+) (\S+)$/gm)].map(([, pattern, module], order) => ({order, pattern: pattern!, module: module!}));
}

// Records end with a NUL each: `virtio_pci.alias=pci:v00001AF4d*sv*sd*bc*sc*i*`.
function readBuiltIn(files: FileReader): Alias[] {
	const text = files.readText(`${modulesDirectory(files)}/modules.builtin.modinfo`) ?? '';
	return [...text.matchAll(/(?:^|\0|\n)([^\0\n=]+)\.alias=(pci:[^\0\n]+)/g)].map(([, module, pattern], order) => ({order, pattern: pattern!, module: module!}));
}

// Thousands of patterns, nearly all with a vendor at the same place.
const vendorPart = 'pci:v00000000'.length;

function byVendor(aliases: readonly Alias[]): Map<string, Alias[]> {
	const map = new Map<string, Alias[]>();
	for (const alias of aliases) {
		const head = alias.pattern.slice(0, vendorPart);
		const key = /^pci:v[\dA-F]{8}$/.test(head) ? head : '';
		const list = map.get(key);
		if (list) {
			list.push(alias);
		} else {
			map.set(key, [alias]);
		}
	}

	return map;
}

function matching(aliases: ReadonlyMap<string, readonly Alias[]>, modalias: string): string[] {
	const candidates = [...aliases.get(modalias.slice(0, vendorPart)) ?? [], ...aliases.get('') ?? []];
	const fitting = candidates.filter(({pattern}) => fitsAlias(pattern, modalias)).sort((a, b) => a.order - b.order);
	return [...new Set(fitting.map(({module}) => module.replaceAll('-', '_')))];
}
