// `vfctl driver status` as text.
import {pfDrivers} from '../model/driver-build.ts';
import {taintReasons, type BuildState, type DriverState, type DriverStatus} from '../model/driver-status.ts';
import {table} from './table.ts';

/** Drivers, builds, and what the kernel asks of modules; then what to type next. */
export function driverStatusText(status: DriverStatus): string {
	const {kernel, running, drivers, builds, security} = status;
	return [
		`kernel ${kernel}${running ? '' : ' (it does not run now)'}`,
		table(['MODULE', 'LOADED', 'TAINT', 'NEXT', 'FILE'], drivers.map(driver => row(driver))),
		builds.length === 0 ? 'nothing is built' : table(['BUILT FOR', 'VERSION', 'DRIVERS', 'INSTALLED', 'STATE'], builds.map(build => buildRow(build))),
		securityText(security),
		...leftoversText(status.leftovers, 'left over: '),
		...advice(status),
	].join('\n\n');
}

/** What `vfctl driver prune` took of vfctl's own, or would take. */
export function prunedText({builds, stored}: Pick<DriverStatus['leftovers'], 'builds' | 'stored'>, dryRun: boolean): string {
	return leftoversText({installed: [], builds, stored}, dryRun ? 'would be removed: ' : 'removed: ').join('\n');
}

function leftoversText({installed, builds, stored}: DriverStatus['leftovers'], head: string): string[] {
	const parts = [
		...installed.length === 0 ? [] : [`modules for ${installed.join(', ')}, which ${installed.length === 1 ? 'was' : 'were'} removed (vfctl driver prune)`],
		...builds.length === 0 ? [] : [`the build for ${builds.join(', ')}`],
		...stored.length === 0 ? [] : [`${stored.length} ${stored.length === 1 ? 'module' : 'modules'} in the store that no operation names`],
	];
	return parts.length === 0 ? [] : [`${head}${parts.join('; ')}`];
}

function row({name, loaded, file}: DriverState): string[] {
	return [
		name, loaded === null ? '' : `${loaded.origin}${loaded.origin === 'vfctl' && !loaded.current ? ' (older)' : ''}`, loaded?.taint ?? '',
		file === null ? '' : `${file.origin}${file.origin === 'vfctl' && !file.current ? ' (older)' : ''}${file.origin === 'vfctl' && file.signer !== null ? ', signed' : ''}`, file?.path ?? '',
	];
}

function buildRow({kernel, kernelVersion, drivers, installed, stale}: BuildState): string[] {
	return [kernel, kernelVersion ?? '', drivers.join(','), installed, stale.length === 0 ? 'good' : `stale: ${stale.join('; ')}`];
}

function securityText({lockdown, secureBoot, onlySigned, tainted}: DriverStatus['security']): string {
	const reasons = tainted === null ? [] : taintReasons(tainted);
	return [
		`Secure Boot ${secureBoot === null ? 'none (no UEFI)' : secureBoot ? 'on' : 'off'}, lockdown ${lockdown ?? 'not known'}: the kernel takes ${onlySigned ? 'only signed modules' : 'unsigned modules too'}`,
		...reasons.length === 0 ? [] : [`the kernel is tainted: ${reasons.join(', ')}`],
	].join('\n');
}

/** One line on what is missing, if anything is. */
function advice({kernel, running, builds, drivers}: DriverStatus): string[] {
	const build = builds.find(one => one.kernel === kernel);
	const option = running ? '' : ` --kernel ${kernel}`;
	if (build === undefined || build.stale.length > 0) {
		// Only those who began with this want to hear of it.
		return builds.length === 0 ? [] : [`next: vfctl driver build${option}`];
	}

	if (build.installed !== 'yes') {
		return [`next: vfctl driver install${option}`];
	}

	const waiting = drivers.filter(({name, loaded}) => pfDrivers.some(driver => driver === name) && loaded !== null && !loaded.current && build.drivers.some(driver => driver === name));
	return waiting.length === 0 ? [] : [`${waiting.map(({name}) => name).join(', ')}: the new driver comes with the next boot`];
}
