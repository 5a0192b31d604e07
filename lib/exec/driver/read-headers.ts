// The headers of a kernel: is everything there that building a module needs?
import {AppError} from '../../errors.ts';
import type {FileReader} from '../../host/host.ts';
import {configString, kernelVersionText, releaseOfHeader, versionOfHeader, type KernelVersion} from '../../model/kernel-version.ts';

export interface KernelHeaders {
	kernel: string;
	/** /lib/modules/RELEASE/build. */
	directory: string;
	version: KernelVersion;
	/** What the kernel was built with, as its configuration tells; null when it does not. */
	compilerText: string | null;
	/** The program that builds its modules. */
	compiler: string;
	/** It has netfilter's hook for frames that leave, which vfctl_fwd needs. */
	egressHook: boolean;
}

/** Reads the headers of a kernel. Throws NO_KERNEL_SOURCE when they are missing or not prepared, and
 * KERNEL_MISMATCH when they are those of another kernel. */
export function readHeaders(files: FileReader, kernel: string): KernelHeaders {
	const directory = `/lib/modules/${kernel}/build`;
	const header = files.readText(`${directory}/include/generated/uapi/linux/version.h`) ?? files.readText(`${directory}/include/linux/version.h`);
	if (!files.exists(`${directory}/Makefile`)) {
		throw new AppError('NO_KERNEL_SOURCE', `the headers of ${kernel} are not installed`, {why: `${directory} has no Makefile`, fix: installHeaders(kernel)});
	}

	const version = header === undefined ? undefined : versionOfHeader(header);
	const release = releaseOfHeader(files.readText(`${directory}/include/generated/utsrelease.h`) ?? '');
	if (version === undefined || release === undefined) {
		throw unprepared(kernel, `${directory}/include/generated has no version of the kernel`);
	}

	if (release !== kernel) {
		throw new AppError('KERNEL_MISMATCH', `${directory} has the headers of another kernel`, {why: `they are of ${release}`, fix: installHeaders(kernel)});
	}

	requirePrepared(files, kernel, directory);
	const config = files.readText(`${directory}/.config`) ?? '';
	const compilerText = configString(config, 'CONFIG_CC_VERSION_TEXT') ?? null;
	return {kernel, directory, version, compilerText, compiler: compilerOf(files.readText(`${directory}/.kernelvariables`), compilerText), egressHook: /^CONFIG_NETFILTER_EGRESS=y$/m.test(config)};
}

function requirePrepared(files: FileReader, kernel: string, directory: string): void {
	const needs: ReadonlyArray<readonly [string, string]> = [
		['scripts/mod/modpost', 'modpost joins what was compiled to a module'],
		['scripts/basic/fixdep', 'fixdep is run for every file'],
		['include/config/auto.conf', 'it is the configuration of the kernel'],
		['Module.symvers', 'it tells which functions the kernel has for modules'],
	];
	for (const [name, why] of needs) {
		if (!files.exists(`${directory}/${name}`)) {
			throw unprepared(kernel, `${directory}/${name} is missing: ${why}`);
		}
	}
}

function unprepared(kernel: string, why: string): AppError {
	return new AppError('NO_KERNEL_SOURCE', `the headers of ${kernel} are not prepared for building modules`, {
		why, fix: `apt install --reinstall linux-headers-${kernel} (a tree of your own: make modules_prepare, and a whole make for Module.symvers)`,
	});
}

function installHeaders(kernel: string): string {
	return `apt install linux-headers-${kernel} (Fedora, RHEL: dnf install kernel-devel-${kernel})`;
}

/** Debian's headers name their compiler in .kernelvariables: `CC = ... $(CROSS_COMPILE)gcc-12`; others
 * take `gcc`, or clang when that made the kernel. */
function compilerOf(variables: string | undefined, compilerText: string | null): string {
	const named = /^(?:override )?CC\s*:?=.*?([\w.+-]+)\s*$/m.exec(variables ?? '')?.[1];
	return named ?? (/\bclang\b/.test(compilerText ?? '') ? 'clang' : 'gcc');
}

/** The version of the headers, for people. */
export function headersVersion({version}: KernelHeaders): string {
	return kernelVersionText(version);
}
