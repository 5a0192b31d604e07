// The builds that are kept, one a kernel.
import {toAppError} from '../../errors.ts';
import type {FileReader} from '../../host/host.ts';
import {parseDriverBuild, type DriverBuild} from '../../model/driver-build.ts';
import {isKernelRelease} from '../../model/kernel-version.ts';
import {driversDirectory} from '../state-paths.ts';

export interface KeptBuild {
	kernel: string;
	directory: string;
	/** Null when build.json cannot be used; `problem` says why. */
	build: DriverBuild | null;
	problem: string | null;
}

/** Directory of the build for a kernel. */
export function buildDirectory(kernel: string): string {
	return `${driversDirectory}/${kernel}`;
}

/** All builds, by kernel. */
export function readBuilds(files: FileReader): KeptBuild[] {
	return files.list(driversDirectory).filter(name => isKernelRelease(name)).map(kernel => readBuild(files, kernel));
}

/** The build for one kernel. */
export function readBuild(files: FileReader, kernel: string): KeptBuild {
	const directory = buildDirectory(kernel);
	const text = files.readText(`${directory}/build.json`);
	if (text === undefined) {
		return {kernel, directory, build: null, problem: `${directory}/build.json is not there`};
	}

	try {
		const build = parseDriverBuild(text, `${directory}/build.json`);
		const missing = build.modules.find(({name}) => !files.exists(`${directory}/${name}.ko`));
		return missing === undefined ? {kernel, directory, build, problem: null} : {kernel, directory, build: null, problem: `${directory}/${missing.name}.ko is not there`};
	} catch (error) {
		const {message, why} = toAppError(error);
		return {kernel, directory, build: null, problem: why === undefined ? message : `${message}: ${why}`};
	}
}
