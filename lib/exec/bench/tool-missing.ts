// Programs that measure, and the packages that have them.
import {AppError} from '../../errors.ts';

/** Debian's package, and Fedora's where it has another name. */
const packages: Readonly<Record<string, readonly [string, string?]>> = {
	ab: ['apache2-utils', 'httpd-tools'],
	lighttpd: ['lighttpd'],
	iperf3: ['iperf3'],
	ping: ['iputils-ping', 'iputils'],
	timeout: ['coreutils'],
	ip: ['iproute2', 'iproute'],
};

/** TOOL_MISSING, with the package to install where the program is to run. */
export function toolMissing(program: string, place: string): AppError {
	const [debian, fedora = debian] = packages[program] ?? [];
	return new AppError('TOOL_MISSING', `${place} has no program '${program}'`, {
		why: 'this measurement needs it there',
		fix: debian === undefined ? `install it in ${place}` : `in ${place}: apt install ${debian} (Fedora, RHEL: dnf install ${fedora})`,
		details: {program, package: debian, place},
	});
}
