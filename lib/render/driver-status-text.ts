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
		...advice(status),
	].join('\n\n');
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
