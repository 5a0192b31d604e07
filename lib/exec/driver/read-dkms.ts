// What DKMS knows of vfctl.
import {AppError} from '../../errors.ts';
import type {FileReader} from '../../host/host.ts';
import {dkmsFiles, dkmsPath, type DkmsFacts, type DkmsFile} from '../../plan/dkms.ts';

const tree = '/var/lib/dkms/vfctl';

/** DKMS keeps `PACKAGE/VERSION/source` for what was added (man dkms). */
export function isInDkms(files: FileReader, version: string): boolean {
	return files.readLink(`${tree}/${version}/source`) !== undefined;
}

/** vfctl's own two files, in its kernel-module directory. Throws NO_KERNEL_SOURCE when they are not there. */
export function readDkmsTemplates(files: FileReader, kernelModule: string): Record<DkmsFile, string> {
	return Object.fromEntries(dkmsFiles.map(file => {
		const text = files.readText(`${kernelModule}/${file}`);
		if (text === undefined) {
			throw new AppError('NO_KERNEL_SOURCE', 'the files for DKMS are not there', {why: `${kernelModule}/${file} is missing`, fix: 'install vfctl again'});
		}

		return [file, text];
	})) as Record<DkmsFile, string>;
}

export function readDkms(files: FileReader, version: string): DkmsFacts {
	return {
		present: ['/usr/sbin/dkms', '/usr/bin/dkms'].some(path => files.exists(path)),
		version,
		texts: Object.fromEntries(dkmsFiles.map(file => [file, files.readText(dkmsPath(version, file)) ?? null])) as DkmsFacts['texts'],
		added: files.list(tree).filter(one => isInDkms(files, one)),
	};
}
