// Versions of a kernel: as its headers and its source tell them.

export interface KernelVersion {
	major: number;
	minor: number;
	patch: number;
}

/** A release as `uname -r` prints it, fit to be part of a path: UTS_RELEASE has at most 64
 * characters (include/linux/uts.h), and Debian's and Fedora's have no others than these. */
export function isKernelRelease(text: string): boolean {
	return /^\d[\w.+~-]{0,63}$/.test(text) && !text.includes('..');
}

/** `6.1.192`. */
export function kernelVersionText({major, minor, patch}: KernelVersion): string {
	return `${major}.${minor}.${patch}`;
}

/** Version in include/generated/uapi/linux/version.h. The three LINUX_VERSION_ names came with 5.15
 * (88a686728b37); before, LINUX_VERSION_CODE alone, whose last byte stops at 255. */
export function versionOfHeader(text: string): KernelVersion | undefined {
	const number = (name: string) => {
		const digits = new RegExp(`^#define\\s+${name}\\s+(\\d{1,9})\\s*$`, 'm').exec(text)?.[1];
		return digits === undefined ? undefined : Number(digits);
	};
	const [major, minor, patch, code] = [number('LINUX_VERSION_MAJOR'), number('LINUX_VERSION_PATCHLEVEL'), number('LINUX_VERSION_SUBLEVEL'), number('LINUX_VERSION_CODE')];
	if (major !== undefined && minor !== undefined && patch !== undefined) {
		return {major, minor, patch};
	}

	return code === undefined ? undefined : {major: code >> 16, minor: (code >> 8) & 0xFF, patch: code & 0xFF};
}

/** Version at the head of a kernel's Makefile. */
export function versionOfMakefile(text: string): KernelVersion | undefined {
	const number = (name: string) => {
		const digits = new RegExp(`^${name}\\s*=\\s*(\\d{1,9})\\s*$`, 'm').exec(text)?.[1];
		return digits === undefined ? undefined : Number(digits);
	};
	const [major, minor, patch] = [number('VERSION'), number('PATCHLEVEL'), number('SUBLEVEL')];
	return major === undefined || minor === undefined || patch === undefined ? undefined : {major, minor, patch};
}

/** UTS_RELEASE of include/generated/utsrelease.h. */
export function releaseOfHeader(text: string): string | undefined {
	return /^#define\s+UTS_RELEASE\s+"([^"\n]*)"/m.exec(text)?.[1];
}

/** Value of a string option in a .config, such as CONFIG_CC_VERSION_TEXT. */
export function configString(config: string, name: string): string | undefined {
	return new RegExp(`^${name}="(.*)"$`, 'm').exec(config)?.[1];
}
