// vfctl driver build
import {resolve} from 'node:path';
import {AppError} from '../../errors.ts';
import {buildDrivers} from '../../exec/driver/build-drivers.ts';
import {driversDirectory} from '../../exec/state-paths.ts';
import {requireSafeDirectory} from '../../host/safe-directory.ts';
import {pfDrivers, type PfDriver} from '../../model/driver-build.ts';
import {driverBuildText} from '../../render/driver-build-text.ts';
import type {CommandContext} from '../context.ts';
import {kernelArgument} from '../kernel-argument.ts';
import {ownKernelModule} from '../own-kernel-module.ts';
import {version} from '../version.ts';

export interface BuildArguments {
	kernel?: string | undefined;
	source?: string | undefined;
	driver?: readonly PfDriver[] | undefined;
}

/** Builds the drivers; changes nothing but vfctl's own directory. */
export async function runBuild({host, out, signal}: CommandContext, {kernel: named, source, driver}: BuildArguments): Promise<void> {
	const kernel = kernelArgument(host, named);
	if (host.name !== 'live') {
		throw new AppError('UNSUPPORTED', 'a recorded host cannot build a driver', {why: 'a record has no compiler', fix: 'leave --host out'});
	}

	if (host.caller.uid !== 0) {
		throw new AppError('NOT_ROOT', 'building a driver needs root', {why: `it is kept in ${driversDirectory}, and vfctl runs as user ${host.caller.uid}`, fix: 'sudo vfctl driver build'});
	}

	const path = source === undefined || source === 'package' ? undefined : resolve(source);
	if (path !== undefined && host.files.exists(path)) {
		// Its Makefiles are run by root, and its code by the kernel.
		requireSafeDirectory(path, '/');
	}

	const build = await buildDrivers({host, signal}, {
		kernel,
		drivers: pfDrivers.filter(name => driver === undefined || driver.includes(name)),
		source: path,
		kernelModule: ownKernelModule(), vfctl: version, into: driversDirectory,
	}, text => {
		out.note(text);
	});
	for (const warning of build.warnings) {
		out.note(`note: ${warning}`);
	}

	const directory = `${driversDirectory}/${kernel}`;
	out.result(driverBuildText(build, directory), {host: host.name, directory, build});
}
