// `vfctl driver build` as text.
import type {DriverBuild} from '../model/driver-build.ts';
import {table} from './table.ts';

/** What was built, from what, and how long it took. */
export function driverBuildText({kernel, source, kernelVersion, modules, patches, steps}: DriverBuild, directory: string): string {
	const skipped = patches.filter(({skippedFor}) => skippedFor !== null);
	return [
		`built for ${kernel} from ${source.path} (${kernelVersion}), in ${directory}`,
		table(['MODULE', 'SRCVERSION', 'PATCHES', 'SHA256'], modules.map(({name, srcversion, sha256}) => {
			const own = patches.filter(({driver}) => driver === name);
			return [`${name}.ko`, srcversion, own.length === 0 ? '' : `${own.filter(({skippedFor}) => skippedFor === null).length} of ${own.length}`, sha256.slice(0, 16)];
		})),
		...skipped.map(({driver, name, skippedFor}) => `${driver}: ${name} was not needed, this source has ${skippedFor}`),
		steps.map(({name, ms}) => `${name} ${(ms / 1000).toFixed(1)} s`).join(', '),
	].join('\n\n');
}
