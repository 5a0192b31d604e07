// The shell lines of putting modules in place.
import {builtModules} from '../model/driver-build.ts';
import {quote} from '../model/shell-word.ts';
import {hasModules, initramfsCommand, type InstallModulesAction} from './module-actions.ts';

/** Where modules wait that an operation installs or has replaced, by their SHA-256 (exec/state-paths.ts). */
export const moduleStore = '/var/lib/vfctl/modules';

/** Shell lines equivalent to the action. */
export function installEquivalent({kernel, to, initramfs, gone = false}: InstallModulesAction): string[] {
	const directory = quote(`/lib/modules/${kernel}/updates/vfctl`);
	return [
		`rm -rf ${directory}`,
		...hasModules(to) ? [`mkdir -p ${directory}`] : [],
		...builtModules.flatMap(name => to[name] === null ? [] : [`cp ${moduleStore}/${to[name]}.ko ${directory}/${name}.ko`]),
		...gone ? [] : [`depmod ${quote(kernel)}`],
		// Nothing else of such a kernel is there any more.
		...gone && !hasModules(to) ? [`rmdir -p --ignore-fail-on-non-empty ${quote(`/lib/modules/${kernel}/updates`)}`] : [],
		...initramfs === null ? [] : [initramfsCommand(initramfs, kernel).map(word => quote(word)).join(' ')],
	];
}
