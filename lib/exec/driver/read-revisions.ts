// Revisions of Debian's linux that take part in a build, where they are known.
import type {FileReader} from '../../host/host.ts';
import {headersRevision, kernelRevision, packageVersion} from '../../model/debian-revision.ts';
import {readAttribute} from '../../sysfs/attributes.ts';
import type {KernelSource} from './find-source.ts';

/** Of the headers of a kernel. */
export function revisionOfHeaders(files: FileReader, kernel: string): string | undefined {
	return headersRevision(files.readText(`/lib/modules/${kernel}/build/include/generated/package.h`) ?? '');
}

/** Of headers, source and, if it is this kernel, the one that runs. */
export function readRevisions(files: FileReader, kernel: string, {path}: KernelSource): Record<'headers' | 'source' | 'running', string | undefined> {
	const name = /^\/usr\/src\/(linux-source-\d+\.\d+)(?:\.tar\.\w+)?$/.exec(path)?.[1];
	const runs = readAttribute(files, '/proc/sys/kernel/osrelease') === kernel;
	return {
		headers: revisionOfHeaders(files, kernel),
		source: name === undefined ? undefined : packageVersion(files.readText('/var/lib/dpkg/status') ?? '', name),
		running: runs ? kernelRevision(readAttribute(files, '/proc/sys/kernel/version') ?? '') : undefined,
	};
}
