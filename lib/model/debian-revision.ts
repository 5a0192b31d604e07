// Which revision of Debian's linux something is of: 6.1.192-2 is the second of 6.1.192.

/** Of headers, by their include/generated/package.h (Debian's patch "Include package version along with
 * kernel release in stack traces"); undefined for those of others. */
export function headersRevision(text: string): string | undefined {
	return /^#define\s+LINUX_PACKAGE_ID\s+"\s*Debian (\S+)"/m.exec(text)?.[1];
}

/** Of a kernel that runs, by `uname -v`: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-10-01)`. */
export function kernelRevision(text: string): string | undefined {
	return /\bDebian (\d\S*)/.exec(text)?.[1];
}

/** Version of an installed package in dpkg's status file (man dpkg-query); undefined when it is not
 * installed. */
export function packageVersion(status: string, name: string): string | undefined {
	const start = `\n${status}`.indexOf(`\nPackage: ${name}\n`);
	if (start === -1) {
		return undefined;
	}

	const [paragraph = ''] = status.slice(start).split('\n\n', 1);
	return /^Status: install ok installed$/m.test(paragraph) ? /^Version: (\S+)$/m.exec(paragraph)?.[1] : undefined;
}

/** What does not belong together, for people. Revisions that are not known say nothing. */
export function revisionNotes({source, headers, running}: {source: string | undefined; headers: string | undefined; running: string | undefined}): string[] {
	return [
		...source === undefined || headers === undefined || source === headers ? [] : [`the source is Debian's ${source}, the headers are of ${headers}: what Debian changed in the drivers between them is missing or too much; install both in one version`],
		...running === undefined || headers === undefined || running === headers ? [] : [`the kernel that runs is Debian's ${running}, the headers are of ${headers}: the driver is for the kernel that the next boot starts`],
	];
}
