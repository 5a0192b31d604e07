// Registers the PF drivers with DKMS, so that a new kernel gets them when its headers are installed.
import {AppError} from '../errors.ts';
import {builtModules} from '../model/driver-build.ts';
import type {Action} from './action.ts';
import type {Program} from './persist/texts.ts';

export interface DkmsFacts {
	/** The program dkms is there. */
	present: boolean;
	/** Version of vfctl, which is that of the package in DKMS. */
	version: string;
	/** What /usr/src/vfctl-VERSION/dkms.conf says now; null when it is not there. */
	text: string | null;
	/** Versions of vfctl that DKMS knows. */
	added: readonly string[];
}

/** The file that DKMS reads. */
export function dkmsPath(version: string): string {
	return `/usr/src/vfctl-${version}/dkms.conf`;
}

/** What it says: bash that DKMS sources (man dkms, dkms.conf). Throws UNSUPPORTED for programs whose
 * path bash would not take as it is. */
export function dkmsText({node, vfctl}: Program, version: string): string {
	for (const path of [node, vfctl]) {
		if (!/^[\w./@+~-]+$/.test(path)) {
			throw new AppError('UNSUPPORTED', 'DKMS cannot start vfctl from where it is', {why: `its path has characters that a shell reads as its own: ${JSON.stringify(path)}`, fix: 'install it elsewhere'});
		}
	}

	return [
		'# Written by vfctl driver install --dkms; vfctl driver uninstall --dkms takes it away.',
		'PACKAGE_NAME="vfctl"',
		`PACKAGE_VERSION="${version}"`,
		'AUTOINSTALL="yes"',
		`MAKE[0]="${node} ${vfctl} driver build --kernel \${kernelver} && cp /var/lib/vfctl/drivers/\${kernelver}/*.ko ."`,
		'CLEAN="rm -f *.ko"',
		...builtModules.flatMap((name, index) => [`BUILT_MODULE_NAME[${index}]="${name}"`, `DEST_MODULE_LOCATION[${index}]="/updates/dkms"`]),
		'',
	].join('\n');
}

/** What registers this version, and takes others away; empty when it is so. Throws TOOL_MISSING. */
export function dkmsActions(facts: DkmsFacts, program: Program): Action[] {
	const {present, version, text, added} = facts;
	if (!present) {
		throw new AppError('TOOL_MISSING', 'the program \'dkms\' is not installed', {why: '--dkms registers the drivers with it', fix: 'apt install dkms (Fedora, RHEL: dnf install dkms)'});
	}

	const wanted = dkmsText(program, version);
	const again = added.includes(version) && text !== wanted;
	return [
		...added.filter(one => one !== version || again).map((one): Action => ({kind: 'register-dkms', version: one, from: 'added', to: 'absent'})),
		...text === wanted ? [] : [{kind: 'write-file' as const, path: dkmsPath(version), from: text, to: wanted, then: null}],
		...added.includes(version) && !again ? [] : [{kind: 'register-dkms' as const, version, from: 'absent' as const, to: 'added' as const}],
	];
}

/** What makes DKMS forget every version, and with it the modules that it built. */
export function dkmsRemoval({added, text, version}: DkmsFacts): Action[] {
	return [
		...added.map((one): Action => ({kind: 'register-dkms', version: one, from: 'added', to: 'absent'})),
		...text === null ? [] : [{kind: 'write-file' as const, path: dkmsPath(version), from: text, to: null, then: null}],
	];
}
