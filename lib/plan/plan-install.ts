// Plans which PF drivers a kernel finds at its next boot.
import {AppError} from '../errors.ts';
import {builtModules, pfDrivers} from '../model/driver-build.ts';
import type {ModuleSecurity} from '../model/driver-status.ts';
import {hasModules, noModules, sameModules, type InitramfsTool, type InstalledModules} from './module-actions.ts';
import type {Plan} from './plan.ts';

export interface InstallFacts {
	kernel: string;
	installed: InstalledModules;
	initramfs: InitramfsTool | null;
	security: ModuleSecurity;
}

/** Installs the modules, which are `signer`'s or nobody's; empty when they are there. Throws
 * KERNEL_LOCKDOWN when the kernel would refuse them. */
export function planInstall(facts: InstallFacts, to: InstalledModules, signer: string | null): Plan {
	const {kernel, security: {onlySigned, secureBoot}} = facts;
	if (signer === null) {
		requireUnsigned(facts);
	}

	const names = pfDrivers.filter(name => to[name] !== null).join(' and ');
	return {
		...planOf(facts, to, `install ${names} of vfctl for ${kernel}`),
		warnings: [
			...signer === null ? ['the modules are not signed: loading them taints the kernel'] : [],
			...signer !== null && (onlySigned || secureBoot === true) ? [`the kernel must know the certificate of '${signer}': mokutil --import CERTIFICATE.der, and confirm it at the next boot`] : [],
		],
	};
}

/** Takes them away, so that the distribution's drivers are found again; empty when there are none. */
export function planUninstall(facts: InstallFacts): Plan {
	return planOf(facts, noModules, `take vfctl's PF drivers for ${facts.kernel} away`);
}

/** Takes them out of the directories of kernels that were removed. */
export function planPrune(installed: ReadonlyArray<{kernel: string; modules: InstalledModules}>): Plan {
	return {
		version: 1,
		subject: {command: 'driver'},
		title: installed.length === 0 ? 'no kernel that was removed has modules of vfctl left' : `take vfctl's PF drivers for ${installed.map(({kernel}) => kernel).join(', ')} away, which ${installed.length === 1 ? 'was' : 'were'} removed`,
		actions: installed.map(({kernel, modules}) => ({kind: 'install-modules', kernel, from: modules, to: noModules, initramfs: null, gone: true})),
		warnings: [],
		risks: [],
	};
}

function planOf({kernel, installed, initramfs}: InstallFacts, to: InstalledModules, title: string): Plan {
	return {
		version: 1,
		subject: {command: 'driver'},
		title,
		actions: sameModules(installed, to) ? [] : [{kind: 'install-modules', kernel, from: installed, to, initramfs}],
		warnings: [],
		risks: [],
	};
}

function requireUnsigned({security: {lockdown, onlySigned}}: InstallFacts): void {
	if (onlySigned) {
		throw new AppError('KERNEL_LOCKDOWN', 'the kernel of this host takes only signed modules', {
			why: lockdown === null || lockdown === 'none' ? 'it enforces signatures (module.sig_enforce)' : `it is locked down (${lockdown}), as Secure Boot asks for`,
			fix: 'vfctl driver install --sign-key KEY --sign-cert CERTIFICATE, with a key that the firmware or MOK list of this host knows (docs/driver.md)',
		});
	}
}

/** What the modules become: names of those that change, for people. */
export function changedModules(from: InstalledModules, to: InstalledModules): string {
	const names = builtModules.filter(name => from[name] !== to[name]).join(', ');
	return !hasModules(to) ? `remove ${names}` : `${hasModules(from) ? 'replace' : 'install'} ${names}`;
}
