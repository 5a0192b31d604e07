// Registers the PF drivers with DKMS, so that a new kernel gets them when its headers are installed.
import {AppError} from '../errors.ts';
import type {Action} from './action.ts';
import {programWords, type Program} from './persist/texts.ts';

export interface DkmsFacts {
	/** The program dkms is there. */
	present: boolean;
	/** Version of vfctl, which is that of the package in DKMS. */
	version: string;
	/** What the files in /usr/src/vfctl-VERSION say now; null where there is none. */
	texts: Readonly<Record<DkmsFile, string | null>>;
	/** Versions of vfctl that DKMS knows. */
	added: readonly string[];
}

/** DKMS takes a directory with one file alone for one without source (prepare_build in dkms). */
export const dkmsFiles = ['dkms.conf', 'build.sh'] as const;

export type DkmsFile = (typeof dkmsFiles)[number];

/** The file that DKMS reads, and the one that it runs. */
export function dkmsPath(version: string, file: DkmsFile): string {
	return `/usr/src/vfctl-${version}/${file}`;
}

const head = '# Written by vfctl driver install --dkms; vfctl driver uninstall --dkms takes it away.';

/** What they say, made of vfctl's own kernel-module/dkms.conf and build.sh, which a package installs as they
 * are: the version is filled in, and where this vfctl is. DKMS sources the first with bash (man dkms).
 * Throws UNSUPPORTED for programs whose path a shell would not take as it is. */
export function dkmsTexts(templates: Readonly<Record<DkmsFile, string>>, program: Program, version: string): Record<DkmsFile, string> {
	const words = programWords(program);
	for (const path of words) {
		if (!/^[\w./@+~-]+$/.test(path)) {
			throw new AppError('UNSUPPORTED', 'DKMS cannot start vfctl from where it is', {why: `its path has characters that a shell reads as its own: ${JSON.stringify(path)}`, fix: 'install it elsewhere'});
		}
	}

	return {
		'dkms.conf': `${head}\n${templates['dkms.conf'].replaceAll('#MODULE_VERSION#', () => version)}`,
		'build.sh': templates['build.sh'].replace(/^#!.*\n/, line => `${line}${head}\n`).replace(/^vfctl /m, () => `${words.join(' ')} `),
	};
}

/** What registers this version, and takes others away; empty when it is so. Throws TOOL_MISSING. */
export function dkmsActions(facts: DkmsFacts, templates: Readonly<Record<DkmsFile, string>>, program: Program): Action[] {
	const {present, version, texts, added} = facts;
	if (!present) {
		throw new AppError('TOOL_MISSING', 'the program \'dkms\' is not installed', {why: '--dkms registers the drivers with it', fix: 'apt install dkms (Fedora, RHEL: dnf install dkms)'});
	}

	const wanted = dkmsTexts(templates, program, version);
	const changed = dkmsFiles.filter(file => texts[file] !== wanted[file]);
	const again = added.includes(version) && changed.length > 0;
	return [
		...added.filter(one => one !== version || again).map((one): Action => ({kind: 'register-dkms', version: one, from: 'added', to: 'absent'})),
		...changed.map((file): Action => ({kind: 'write-file', path: dkmsPath(version, file), from: texts[file], to: wanted[file], then: null})),
		...added.includes(version) && !again ? [] : [{kind: 'register-dkms' as const, version, from: 'absent' as const, to: 'added' as const}],
	];
}

/** What makes DKMS forget every version, and with it the modules that it built. */
export function dkmsRemoval({added, texts, version}: DkmsFacts): Action[] {
	return [
		...added.map((one): Action => ({kind: 'register-dkms', version: one, from: 'added', to: 'absent'})),
		...dkmsFiles.filter(file => texts[file] !== null).map((file): Action => ({kind: 'write-file', path: dkmsPath(version, file), from: texts[file], to: null, then: null})),
	];
}
