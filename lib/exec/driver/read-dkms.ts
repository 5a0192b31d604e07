// What DKMS knows of vfctl.
import type {FileReader} from '../../host/host.ts';
import {dkmsFiles, dkmsPath, type DkmsFacts} from '../../plan/dkms.ts';

const tree = '/var/lib/dkms/vfctl';

/** DKMS keeps `PACKAGE/VERSION/source` for what was added (man dkms). */
export function isInDkms(files: FileReader, version: string): boolean {
	return files.readLink(`${tree}/${version}/source`) !== undefined;
}

export function readDkms(files: FileReader, version: string): DkmsFacts {
	return {
		present: ['/usr/sbin/dkms', '/usr/bin/dkms'].some(path => files.exists(path)),
		version,
		texts: Object.fromEntries(dkmsFiles.map(file => [file, files.readText(dkmsPath(version, file)) ?? null])) as DkmsFacts['texts'],
		added: files.list(tree).filter(one => isInDkms(files, one)),
	};
}
